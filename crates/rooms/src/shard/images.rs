//! When a room's image is taken: as soon as rebuilding the room would take longer than it may.

use std::time::Duration;

use bytes::Bytes;

use crate::image::RoomImage;
use crate::rebuild_cost::RebuildCost;

use super::hosted::Hosted;

/// To be written once the record before it is durable.
pub(super) struct Image {
    pub bytes: Bytes,
    /// The log before it is not needed any more.
    pub trims: bool,
}

impl Hosted {
    /// Of a room that has ended and holds effects: all that it takes to know them after a crash.
    pub(super) fn image_of_the_end(&mut self) -> Option<Bytes> {
        if self.held_effects().is_empty() || self.room.is_poisoned() {
            return None;
        }
        let image = RoomImage::encode(&self.room.image(), 0, None).into();
        Some(RoomImage::holding(image, self.held_effects()))
    }

    /// The room as of the record that was just made of its draft. The clerk writes it once that record is durable, so
    /// that no image ever holds what the log does not.
    pub(super) fn take_image_if_due(&mut self, budget: Duration, most_log: usize) -> Option<Image> {
        let swapped = self.game.as_ref().is_some_and(|game| game.image_due);
        // Nobody asks an authoritative room for old ticks; a long one keeps no replay either.
        let trims = self.game.is_some() && self.logged > most_log / 2;
        let mut cost = self.cost;
        if let Some(game) = &self.game {
            cost.add(game.tail_cost(&self.room));
        }
        if !(swapped || trims || cost.exceeds(budget)) || self.room.is_ended() {
            return None;
        }
        self.cost = RebuildCost::default();
        let image = match &mut self.game {
            Some(game) => game.take_checkpoint(&mut self.room),
            None => self.room.image().into(),
        };
        if trims {
            self.logged = 0;
        }
        let way_back = self.game.as_ref().and_then(|game| game.way_back.as_ref());
        Some(Image { bytes: RoomImage::encode(&image, self.logged, way_back).into(), trims })
    }
}
