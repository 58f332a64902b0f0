//! The rules of an authoritative Jianzi room, in Rust.
//!
//! A game is a type that implements [`Game`], and one line that makes the module's exports of it:
//!
//! ```
//! use jianzi_game::{Config, Game, Room, Seat};
//!
//! struct Counter(u32);
//!
//! impl Game for Counter {
//!     fn new(_: &Config, _: &mut Room) -> Counter {
//!         Counter(0)
//!     }
//!     fn input(&mut self, _: &mut Room, _: Seat, data: &[u8]) {
//!         self.0 += data.len() as u32;
//!     }
//!     fn tick(&mut self, room: &mut Room, _: u32) {
//!         room.broadcast(&self.0.to_le_bytes());
//!     }
//! }
//!
//! jianzi_game::game!(Counter);
//! ```
//!
//! [`View`] answers who comes later or comes back, [`Save`] carries a live room over to another version of its rules.
//! Both are optional: `game!(Counter: View, Save)`. The same game runs natively under [`testing::TestRoom`].
//!
//! A room can be run again from its log only if its rules are a function of their calls: take chance from
//! [`Room::random`], time from [`Room::now_us`] or the tick's number, and walk no `HashMap` in its own order.

#![cfg_attr(all(target_arch = "wasm32", not(feature = "std")), no_std)]

extern crate alloc;

mod arguments;
mod room;

#[doc(hidden)]
pub mod exports;
#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
mod small;

#[cfg(not(target_arch = "wasm32"))]
mod recorder;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

use alloc::vec::Vec;

pub use arguments::{Config, Player};
pub use room::Room;

/// The version of the ABI that modules of this package speak.
pub const ABI: i32 = 1;

/// A player's place in the room, from 0.
pub type Seat = u16;

/// The rules of a room. One value is one room.
pub trait Game: Sized {
    /// The room begins.
    fn new(config: &Config, room: &mut Room) -> Self;

    /// Somebody has taken a seat. Bots do not: the rules play the last [`Config::bots`] seats themselves.
    fn join(&mut self, room: &mut Room, seat: Seat, player: Player) {
        let _ = (room, seat, player);
    }

    /// A seat is free again.
    fn leave(&mut self, room: &mut Room, seat: Seat, why: Leave) {
        let _ = (room, seat, why);
    }

    /// What a seat's client has sent, at once and in order. Trust none of it.
    fn input(&mut self, room: &mut Room, seat: Seat, data: &[u8]);

    /// Ticks are numbered from 1, without a gap but for those whose call ended badly.
    fn tick(&mut self, room: &mut Room, number: u32);
}

/// The state as somebody may see it who joins late or comes back.
pub trait View: Game {
    /// `None`: as a spectator may see it.
    fn view(&self, seat: Option<Seat>) -> Vec<u8>;
}

/// The state in a form that another version of the rules can read.
pub trait Save: Game {
    /// Rises when what [`save`](Self::save) writes has another form.
    const VERSION: u32;

    fn save(&self) -> Vec<u8>;

    /// Takes up what a version of these rules has saved, older or newer. `self` is fresh from [`Game::new`].
    ///
    /// # Errors
    /// If it cannot be read; then the room stays on the version that it has.
    fn load(&mut self, room: &mut Room, version: u32, saved: &[u8]) -> Result<(), Unreadable>;
}

/// Why a seat is free again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Left,
    Kicked,
    /// Was lost and did not come back in time.
    Gone,
}

/// A save that these rules cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Makes the module's exports: `game!(Type)`, with `: View`, `: Save` or `: View, Save` if it implements them.
#[macro_export]
macro_rules! game {
    ($game:ty $(: $($optional:ident),+ $(,)?)?) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::exports::{self, Slot};

            static SLOT: Slot<$game> = Slot::new();

            #[unsafe(no_mangle)]
            extern "C" fn jz_abi() -> i32 {
                $crate::ABI
            }
            #[unsafe(no_mangle)]
            extern "C" fn jz_alloc(len: usize) -> *mut u8 {
                exports::alloc(len)
            }
            #[unsafe(no_mangle)]
            extern "C" fn jz_init(_at: *const u8, len: usize) -> i32 {
                exports::init(&SLOT, len)
            }
            #[unsafe(no_mangle)]
            extern "C" fn jz_join(seat: i32, _at: *const u8, len: usize) -> i32 {
                exports::join(&SLOT, seat, len)
            }
            #[unsafe(no_mangle)]
            extern "C" fn jz_leave(seat: i32, why: i32) -> i32 {
                exports::leave(&SLOT, seat, why)
            }
            #[unsafe(no_mangle)]
            extern "C" fn jz_input(seat: i32, _at: *const u8, len: usize) -> i32 {
                exports::input(&SLOT, seat, len)
            }
            #[unsafe(no_mangle)]
            extern "C" fn jz_tick(number: i32) -> i32 {
                exports::tick(&SLOT, number)
            }
            $($($crate::game!(@$optional $game);)+)?
        };
        // A type that lacks what the line above promises is told here on every target.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_game<T: $crate::Game>() {}
            is_game::<$game>();
            $($({
                const fn is<T: $crate::$optional>() {}
                is::<$game>();
            })+)?
        };
    };
    (@View $game:ty) => {
        #[unsafe(no_mangle)]
        extern "C" fn jz_view(seat: i32) -> i32 {
            exports::view::<$game>(&SLOT, seat)
        }
    };
    (@Save $game:ty) => {
        #[unsafe(no_mangle)]
        extern "C" fn jz_save() -> i32 {
            exports::save::<$game>(&SLOT)
        }
        #[unsafe(no_mangle)]
        extern "C" fn jz_save_version() -> i32 {
            <$game as $crate::Save>::VERSION as i32
        }
        #[unsafe(no_mangle)]
        extern "C" fn jz_load(_from: i32, _at: *const u8, len: usize) -> i32 {
            exports::load::<$game>(&SLOT, len)
        }
    };
}
