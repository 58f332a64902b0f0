//! What the exports of `game!` do. Not for use by hand.
//!
//! Every function returns the ABI's status: 0, or a number that ends the call badly.

use alloc::vec::Vec;
#[cfg(target_arch = "wasm32")]
use core::cell::UnsafeCell;

use crate::{Save, Unreadable};

/// The arguments are not what the ABI says.
pub const MALFORMED: i32 = 1;
/// The room has not begun.
pub const NOT_BEGUN: i32 = 2;
/// A save cannot be read.
pub const UNREADABLE: i32 = 3;

/// A save carries its form's version in front, so that it says by itself what it is.
pub(crate) fn sealed<G: Save>(game: &G) -> Vec<u8> {
    let mut bytes = Vec::from(G::VERSION.to_le_bytes());
    bytes.extend_from_slice(&game.save());
    bytes
}

/// The version of the form, and what was saved.
pub(crate) fn unsealed(bytes: &[u8]) -> Result<(u32, &[u8]), Unreadable> {
    let (version, saved) = bytes.split_first_chunk().ok_or(Unreadable)?;
    Ok((u32::from_le_bytes(*version), saved))
}

/// Where the module's one game stands.
#[cfg(target_arch = "wasm32")]
pub struct Slot<G>(UnsafeCell<Option<G>>);

// SAFETY: a module of ABI 1 has one thread.
#[cfg(target_arch = "wasm32")]
unsafe impl<G> Sync for Slot<G> {}

#[cfg(target_arch = "wasm32")]
pub use of_module::*;

#[cfg(target_arch = "wasm32")]
mod of_module {
    use super::*;
    use crate::room::imports::room;
    use crate::{Config, Game, Leave, Player, Seat, View};

    impl<G> Slot<G> {
        #[expect(clippy::new_without_default, reason = "used in a static")]
        pub const fn new() -> Slot<G> {
            Slot(UnsafeCell::new(None))
        }
    }

    /// The bytes of the call to come.
    static ARGUMENTS: Slot<Vec<u8>> = Slot::new();

    /// Room for `len` bytes of the next call.
    pub fn alloc(len: usize) -> *mut u8 {
        // SAFETY: one thread, and no reference outlives the export that took it.
        let arguments = unsafe { &mut *ARGUMENTS.0.get() }.get_or_insert_default();
        arguments.clear();
        arguments.resize(len, 0);
        arguments.as_mut_ptr()
    }

    fn arguments(len: usize) -> Option<&'static [u8]> {
        // SAFETY: as above; a game cannot call its own exports.
        let arguments = unsafe { &*ARGUMENTS.0.get() };
        if len == 0 { Some(&[]) } else { arguments.as_ref()?.get(..len) }
    }

    fn with<G>(slot: &Slot<G>, call: impl FnOnce(&mut G) -> i32) -> i32 {
        // SAFETY: as above; imports of the ABI never call back.
        unsafe { &mut *slot.0.get() }.as_mut().map_or(NOT_BEGUN, call)
    }

    pub fn init<G: Game>(slot: &Slot<G>, len: usize) -> i32 {
        #[cfg(feature = "std")]
        tell_panics();
        let Some(config) = arguments(len).and_then(Config::read) else { return MALFORMED };
        let game = G::new(&config, &mut room());
        // SAFETY: as above.
        unsafe { *slot.0.get() = Some(game) };
        0
    }

    pub fn join<G: Game>(slot: &Slot<G>, seat: i32, len: usize) -> i32 {
        let Some(player) = arguments(len).and_then(Player::read) else { return MALFORMED };
        with(slot, |game| {
            game.join(&mut room(), seat as Seat, player);
            0
        })
    }

    pub fn leave<G: Game>(slot: &Slot<G>, seat: i32, why: i32) -> i32 {
        let why = match why {
            0 => Leave::Left,
            1 => Leave::Kicked,
            _ => Leave::Gone,
        };
        with(slot, |game| {
            game.leave(&mut room(), seat as Seat, why);
            0
        })
    }

    pub fn input<G: Game>(slot: &Slot<G>, seat: i32, len: usize) -> i32 {
        let Some(data) = arguments(len) else { return MALFORMED };
        with(slot, |game| {
            game.input(&mut room(), seat as Seat, data);
            0
        })
    }

    pub fn tick<G: Game>(slot: &Slot<G>, number: i32) -> i32 {
        with(slot, |game| {
            game.tick(&mut room(), number as u32);
            0
        })
    }

    pub fn view<G: View>(slot: &Slot<G>, seat: i32) -> i32 {
        with(slot, |game| {
            room().reply(&game.view(Seat::try_from(seat).ok()));
            0
        })
    }

    pub fn save<G: Save>(slot: &Slot<G>) -> i32 {
        with(slot, |game| {
            room().reply(&sealed(game));
            0
        })
    }

    pub fn load<G: Save>(slot: &Slot<G>, len: usize) -> i32 {
        let Some(bytes) = arguments(len) else { return MALFORMED };
        with(slot, |game| {
            let loaded = unsealed(bytes).and_then(|(version, saved)| game.load(&mut room(), version, saved));
            if loaded.is_ok() { 0 } else { UNREADABLE }
        })
    }

    /// A panic traps, and the host says where; the message is lost unless it is logged before.
    #[cfg(feature = "std")]
    fn tell_panics() {
        std::panic::set_hook(Box::new(|panic| room().error(&panic.to_string())));
    }
}
