//! What the journal keeps as a room's image: the room's own, between what its shard has to know.

use std::sync::Arc;

use bytes::Bytes;
use room_core::modules::Modules;
use room_core::{Checkpoint, Damaged, Founding, Room};

use crate::games::GameEffect;

/// The layout: the room's image alone, or with the way back to an earlier version of its game.
const ALONE: u8 = 1;
const WITH_WAY_BACK: u8 = 2;
/// Either of them, and behind it the effects that wait for a verdict on their version.
const HOLDING: u8 = 3;
const HEAD_BYTES: usize = 1 + 8;

/// A room as of a position in its log.
pub(crate) struct RoomImage {
    pub room: Room,
    /// Bytes of its log up to there, as `Hosted::logged` counts them.
    pub logged: usize,
    pub way_back: Option<Checkpoint>,
    /// Effects that the room holds, in order.
    pub held: Vec<GameEffect>,
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

    /// The same image, of a room that holds these effects by now.
    pub fn holding(image: Bytes, held: &[GameEffect]) -> Bytes {
        if held.is_empty() {
            return image;
        }
        let mut bytes = Vec::with_capacity(HEAD_BYTES + image.len());
        bytes.push(HOLDING);
        bytes.extend_from_slice(&(image.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&image);
        held.iter().for_each(|effect| put_effect(&mut bytes, effect));
        bytes.into()
    }

    pub fn decode(bytes: &[u8], modules: &Arc<dyn Modules>) -> Result<RoomImage, Damaged> {
        let Some((&HOLDING, rest)) = bytes.split_first() else {
            return RoomImage::decode_holding_nothing(bytes, modules);
        };
        let (image, mut rest) = take_part(rest)?;
        let mut image = RoomImage::decode_holding_nothing(image, modules)?;
        while !rest.is_empty() {
            let (effect, behind) = take_effect(rest)?;
            image.held.push(effect);
            rest = behind;
        }
        Ok(image)
    }

    /// Of the room that the image is of, also where the room itself cannot be restored.
    pub fn founding(bytes: &[u8]) -> Result<Founding, Damaged> {
        let image = match bytes.split_first() {
            Some((&HOLDING, rest)) => take_part(rest)?.0,
            _ => bytes,
        };
        Founding::of_image(Parts::of(image)?.room)
    }

    fn decode_holding_nothing(bytes: &[u8], modules: &Arc<dyn Modules>) -> Result<RoomImage, Damaged> {
        let Parts { logged, room, way_back } = Parts::of(bytes)?;
        let way_back = way_back.map(|way_back| Checkpoint::decode(way_back, modules.clone())).transpose()?;
        Ok(RoomImage { room: Room::restore(room, modules)?, logged, way_back, held: Vec::new() })
    }
}

/// What of it is read on elsewhere.
struct Parts<'a> {
    logged: usize,
    room: &'a [u8],
    way_back: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Parts<'a>, Damaged> {
        let (format, rest) = bytes.split_first().ok_or_else(|| damaged("the image is empty"))?;
        let (logged, rest) = take_length(rest)?;
        let (room, way_back) = match *format {
            ALONE => (rest, None),
            WITH_WAY_BACK => take_part(rest).map(|(room, way_back)| (room, Some(way_back)))?,
            _ => return Err(damaged("the image has a format that this binary does not read")),
        };
        Ok(Parts { logged, room, way_back })
    }
}

fn put_effect(bytes: &mut Vec<u8>, effect: &GameEffect) {
    let GameEffect { version, tick, ordinal, kind, data } = effect;
    for number in [version, tick, ordinal] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    for part in [kind.as_bytes(), data] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
}

fn take_effect(bytes: &[u8]) -> Result<(GameEffect, &[u8]), Damaged> {
    let (version, rest) = take_number(bytes)?;
    let (tick, rest) = take_number(rest)?;
    let (ordinal, rest) = take_number(rest)?;
    let (kind, rest) = take_part(rest)?;
    let (data, rest) = take_part(rest)?;
    let kind = String::from_utf8(kind.to_vec()).map_err(|_| damaged("an effect's kind is no text"))?;
    Ok((GameEffect { version, tick, ordinal, kind, data: Bytes::copy_from_slice(data) }, rest))
}

fn take_number(bytes: &[u8]) -> Result<(u32, &[u8]), Damaged> {
    let (number, rest) =
        bytes.split_first_chunk().ok_or_else(|| damaged("the image ends within an effect"))?;
    Ok((u32::from_le_bytes(*number), rest))
}

/// What stands behind its length.
fn take_part(bytes: &[u8]) -> Result<(&[u8], &[u8]), Damaged> {
    let (length, rest) = take_length(bytes)?;
    rest.split_at_checked(length).ok_or_else(|| damaged("the image is cut short"))
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
            for byte in [0, ALONE, WITH_WAY_BACK, HOLDING, 255] {
                assert!(RoomImage::decode(&vec![byte; length], &room_core::modules::none()).is_err());
                assert!(RoomImage::founding(&vec![byte; length]).is_err());
            }
        }
    }

    #[test]
    fn what_is_held_comes_back_and_its_absence_costs_nothing() {
        let effect = |ordinal: u32, data: &'static [u8]| GameEffect {
            version: 2,
            tick: 70_000,
            ordinal,
            kind: "score".into(),
            data: Bytes::from_static(data),
        };
        let held = [effect(0, b""), effect(1, b"+1"), effect(300, &[0xff; 200])];
        for effect in held {
            let mut bytes = Vec::new();
            put_effect(&mut bytes, &effect);
            (0..bytes.len()).for_each(|cut| assert!(take_effect(&bytes[..cut]).is_err(), "cut at {cut}"));
            bytes.extend_from_slice(b"behind");
            assert_eq!(take_effect(&bytes).unwrap(), (effect, &b"behind"[..]));
        }
        let image = Bytes::from_static(b"any");
        assert_eq!(RoomImage::holding(image.clone(), &[]), image);
    }
}
