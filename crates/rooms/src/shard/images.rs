//! When a room's image is taken: as soon as rebuilding the room would take longer than it may.

use std::time::Duration;

use bytes::Bytes;

use crate::image::RoomImage;
use crate::rebuild_cost::RebuildCost;

use super::hosted::Hosted;

impl Hosted {
    /// The room as of the record that was just made of its draft. The clerk writes it once that record is durable, so
    /// that no image ever holds what the log does not.
    pub(super) fn take_image_if_due(&mut self, budget: Duration) -> Option<Bytes> {
        if !self.cost.exceeds(budget) || self.room.is_ended() {
            return None;
        }
        self.cost = RebuildCost::default();
        Some(RoomImage::encode(&mut self.room, self.logged).into())
    }
}
