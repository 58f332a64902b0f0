//! The arguments that ABI 1 gives to `jz_init` and `jz_join`; `docs/game-abi.md` specifies them.

use crate::spec::{AuthoritativeSpec, RoomSpec};

/// Seed, rate, seats and bots, then the room's properties as it was founded with.
pub(super) fn init(spec: &RoomSpec, authoritative: &AuthoritativeSpec) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    put_u32(&mut out, authoritative.seed);
    put_u32(&mut out, authoritative.tick_hz);
    put_u32(&mut out, spec.seats.into());
    put_u32(&mut out, spec.bots.into());
    put_u32(&mut out, spec.properties.len() as u32);
    for (key, value) in &spec.properties {
        put_text(&mut out, key);
        put_text(&mut out, value);
    }
    out
}

pub(super) fn join(player: &str, name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + player.len() + name.len());
    put_text(&mut out, player);
    put_text(&mut out, name);
    out
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_u32(out, text.len() as u32);
    out.extend_from_slice(text.as_bytes());
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_le_bytes());
}
