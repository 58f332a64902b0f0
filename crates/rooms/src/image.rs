//! What the journal keeps as a room's image: the room's own, behind what its shard has to know.

use std::sync::Arc;

use room_core::modules::Modules;
use room_core::{Damaged, Room};

/// The layout of the head. A binary reads its own number and the one before.
const FORMAT: u8 = 1;
const HEAD_BYTES: usize = 1 + 8;

/// A room as of a position in its log.
pub(crate) struct RoomImage {
    pub room: Room,
    /// Bytes of its log up to there, as `Hosted::logged` counts them.
    pub logged: usize,
}

impl RoomImage {
    pub fn encode(image: &[u8], logged: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + image.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&(logged as u64).to_le_bytes());
        bytes.extend_from_slice(image);
        bytes
    }

    pub fn decode(bytes: &[u8], modules: &Arc<dyn Modules>) -> Result<RoomImage, Damaged> {
        let damaged = |what: &'static str| Damaged { what: what.into() };
        let (head, image) =
            bytes.split_at_checked(HEAD_BYTES).ok_or_else(|| damaged("the image ends within its head"))?;
        let (format, logged) = head.split_at(1);
        if format != [FORMAT] {
            return Err(damaged("the image has a format that this binary does not read"));
        }
        let logged = logged.try_into().map(u64::from_le_bytes).unwrap_or(0);
        let logged = usize::try_from(logged).map_err(|_| damaged("a number is too large"))?;
        Ok(RoomImage { room: Room::restore(image, modules)?, logged })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_no_image_and_does_not_panic() {
        for length in 0..40 {
            for byte in [0, FORMAT, 2, 255] {
                assert!(RoomImage::decode(&vec![byte; length], &room_core::modules::none()).is_err());
            }
        }
    }
}
