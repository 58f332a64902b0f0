//! What the game is told of its room and of its players, in the words of `game-abi`, which alone knows the bytes.

use game_abi::{Init, Join, LeaveWhy};

use crate::event::LeftWhy;
use crate::spec::{AuthoritativeSpec, RoomSpec};

pub(super) fn init(spec: &RoomSpec, authoritative: &AuthoritativeSpec) -> Vec<u8> {
    let init = Init {
        seed: authoritative.seed,
        tick_hz: authoritative.tick_hz,
        seats: spec.seats.into(),
        bots: spec.bots.into(),
        settings: spec.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
    };
    let mut bytes = Vec::new();
    init.encode(&mut bytes);
    bytes
}

pub(super) fn join(player: &str, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    Join { player, name }.encode(&mut bytes);
    bytes
}

pub(super) fn why_left(why: LeftWhy) -> u32 {
    let why = match why {
        LeftWhy::Left => LeaveWhy::Left,
        LeftWhy::Kicked => LeaveWhy::Kicked,
        LeftWhy::Gone => LeaveWhy::Gone,
    };
    why as u32
}
