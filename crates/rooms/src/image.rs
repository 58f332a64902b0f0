//! What the journal keeps as a room's image: the room's own, behind what its shard has to know.

use std::sync::Arc;

use room_core::modules::Modules;
use room_core::{Checkpoint, Damaged, Room};

/// The layout: the room's image alone, or with the way back to an earlier version of its game.
const ALONE: u8 = 1;
const WITH_WAY_BACK: u8 = 2;
const HEAD_BYTES: usize = 1 + 8;

/// A room as of a position in its log.
pub(crate) struct RoomImage {
    pub room: Room,
    /// Bytes of its log up to there, as `Hosted::logged` counts them.
    pub logged: usize,
    pub way_back: Option<Checkpoint>,
}

impl RoomImage {
    pub fn encode(image: &[u8], logged: usize, way_back: Option<&Checkpoint>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + image.len());
        bytes.push(if way_back.is_some() { WITH_WAY_BACK } else { ALONE });
        bytes.extend_from_slice(&(logged as u64).to_le_bytes());
        if way_back.is_some() {
            bytes.extend_from_slice(&(image.len() as u64).to_le_bytes());
        }
        bytes.extend_from_slice(image);
        way_back.into_iter().for_each(|way_back| way_back.encode(&mut bytes));
        bytes
    }

    pub fn decode(bytes: &[u8], modules: &Arc<dyn Modules>) -> Result<RoomImage, Damaged> {
        let (format, rest) = bytes.split_first().ok_or_else(|| damaged("the image is empty"))?;
        let (logged, rest) = take_length(rest)?;
        let (image, way_back) = match *format {
            ALONE => (rest, None),
            WITH_WAY_BACK => {
                let (length, rest) = take_length(rest)?;
                let (image, way_back) =
                    rest.split_at_checked(length).ok_or_else(|| damaged("the image is cut short"))?;
                (image, Some(Checkpoint::decode(way_back, modules.clone())?))
            }
            _ => return Err(damaged("the image has a format that this binary does not read")),
        };
        Ok(RoomImage { room: Room::restore(image, modules)?, logged, way_back })
    }
}

fn take_length(bytes: &[u8]) -> Result<(usize, &[u8]), Damaged> {
    let (number, rest) =
        bytes.split_first_chunk().ok_or_else(|| damaged("the image ends within its head"))?;
    let number =
        usize::try_from(u64::from_le_bytes(*number)).map_err(|_| damaged("a number is too large"))?;
    Ok((number, rest))
}

fn damaged(what: &'static str) -> Damaged {
    Damaged { what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_no_image_and_does_not_panic() {
        for length in 0..40 {
            for byte in [0, ALONE, WITH_WAY_BACK, 255] {
                assert!(RoomImage::decode(&vec![byte; length], &room_core::modules::none()).is_err());
            }
        }
    }
}
