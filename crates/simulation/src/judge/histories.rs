//! Lockstep: an acknowledged input is in the history, once and in order, and all hold the same history.

use super::remember;
use crate::Odd;
use crate::player::{Player, Ticks};
use crate::world::Tale;

pub fn check(players: &[(&Player, &Ticks)], may_lose: bool, tale: &mut Tale) -> Result<(), Odd> {
    for (player, ticks) in players {
        let seat = player.seat.ok_or("a player without a seat")?;
        let checked = ticks.check(seat, player.inputs.kept(), may_lose);
        checked.map_err(|odd| format!("{}: {odd}", player.name))?;
        let (_, other) = &players[0];
        let both = other.history.len().min(ticks.history.len());
        if other.history[..both] != ticks.history[..both] {
            return Err(format!("{} holds another history than its room mates", player.name));
        }
        ticks.history.iter().for_each(|entry| remember(tale, entry));
    }
    Ok(())
}
