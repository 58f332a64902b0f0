//! The port to game modules: what a room asks of the engine that runs its authoritative rules, and what it gets back.
//!
//! An engine implements [`Modules`] and [`Guest`]. A room calls its guest for each event at the event's place in the log,
//! so that a guest's state is a function of the log, the module and the outcomes that the log records.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use model::{Seat, Tick};

use crate::codec::Damaged;

/// SHA-256 of a module's bytes. Displayed as hex; `{:.12}` cuts it, as log lines do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleHash(pub [u8; 32]);

/// What an authoritative room runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogicRef {
    pub game: String,
    pub version: u32,
    pub hash: ModuleHash,
}

/// The modules that can be run here.
pub trait Modules: Send + Sync {
    /// A fresh instance that has not been called yet.
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule>;
}

/// One room's instance of a module. Deterministic: the same calls lead to the same state, and say the same.
pub trait Guest: Send {
    /// Adds what the guest said to `said`. After `Err` the instance may only be restored.
    fn call(&mut self, call: Call<'_>, at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd>;

    fn can(&self, what: Optional) -> bool;

    /// Everything that later calls depend on: memory, globals, chance. Fits this module alone.
    fn image(&mut self, out: &mut Vec<u8>);

    /// Goes back to an image of the same module, also after a call that ended badly.
    fn restore(&mut self, image: &[u8]) -> Result<(), Damaged>;

    /// The fuel of the last call.
    fn spent(&self) -> u64;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTime {
    /// The last tick that is over; during `Call::Tick` the one that is being made.
    pub tick: Tick,
    /// Room time: tick × period, in microseconds.
    pub now_us: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call<'a> {
    /// `config`: the bytes of `game_abi::Init`.
    Init {
        config: &'a [u8],
        seed: u64,
    },
    /// `who`: the bytes of `game_abi::Join`.
    Join {
        seat: Seat,
        who: &'a [u8],
    },
    /// `why`: the number of a `game_abi::LeaveWhy`.
    Leave {
        seat: Seat,
        why: u32,
    },
    Input {
        seat: Seat,
        data: &'a [u8],
    },
    Tick {
        number: Tick,
    },
    /// `None`: as a spectator may see it. Answers by [`Said::Reply`].
    View {
        seat: Option<Seat>,
    },
    /// Answers by [`Said::Reply`].
    Save,
    /// `from`: the version of the logic that saved.
    Load {
        from: u32,
        bytes: &'a [u8],
    },
}

/// Where no module can be run: for rooms of other kinds.
pub fn none() -> Arc<dyn Modules> {
    struct NoModules;
    impl Modules for NoModules {
        fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
            Err(NoModule { module: *module, why: "no modules are run here".to_owned() })
        }
    }
    Arc::new(NoModules)
}

/// What a guest may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Optional {
    View,
    Save,
    Load,
}

/// What a guest said during a call, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Broadcast(Bytes),
    Send {
        seat: Seat,
        data: Bytes,
    },
    Reply(Bytes),
    Effect {
        kind: String,
        data: Bytes,
    },
    /// The match is over, with this result.
    End {
        result: Bytes,
    },
    /// `level`: 0 debug, 1 info, 2 warn, 3 error.
    Log {
        level: u8,
        text: String,
    },
    Metric {
        name: String,
        value: f64,
    },
}

/// Why a call ended badly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallEnd {
    #[error("the call was out of fuel")]
    OutOfFuel,
    #[error("the call wanted more memory than a room may have")]
    OutOfMemory,
    #[error("trap: {0}")]
    Trap(String),
    #[error("the stack overflowed")]
    StackOverflow,
    /// By the clock, as the last resort.
    #[error("the call took too long and was interrupted")]
    Interrupted,
    #[error("the call returned status {0}")]
    Status(i32),
    #[error("the call said more than one call may say")]
    SaidTooMuch,
}

/// A module that cannot be run here, now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("module {module:.12} cannot be run: {why}")]
pub struct NoModule {
    pub module: ModuleHash,
    pub why: String,
}

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a module's hash has 64 hexadecimal digits")]
pub struct BadModuleHash;

/// Of a trap's message in the journal, in bytes.
const TEXT_BYTES: usize = 256;

impl CallEnd {
    /// As journaled; numbers are never used again.
    pub const fn number(&self) -> u8 {
        match self {
            CallEnd::OutOfFuel => 1,
            CallEnd::OutOfMemory => 2,
            CallEnd::Trap(_) => 3,
            CallEnd::StackOverflow => 4,
            CallEnd::Interrupted => 5,
            CallEnd::Status(_) => 6,
            CallEnd::SaidTooMuch => 7,
        }
    }

    /// What the number leaves open, as journaled: a trap's message, cut to 256 bytes, or a status.
    pub fn text(&self) -> String {
        match self {
            CallEnd::Trap(message) => message[..message.floor_char_boundary(TEXT_BYTES)].to_owned(),
            CallEnd::Status(status) => status.to_string(),
            _ => String::new(),
        }
    }

    /// From what was journaled.
    pub fn from_parts(number: u8, text: &str) -> Option<CallEnd> {
        Some(match number {
            1 => CallEnd::OutOfFuel,
            2 => CallEnd::OutOfMemory,
            3 => CallEnd::Trap(text.to_owned()),
            4 => CallEnd::StackOverflow,
            5 => CallEnd::Interrupted,
            6 => CallEnd::Status(text.parse().ok()?),
            7 => CallEnd::SaidTooMuch,
            _ => return None,
        })
    }
}

impl fmt::Display for ModuleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(64);
        for index in 0..digits.min(64) {
            let byte = self.0[index / 2];
            let nibble = if index % 2 == 0 { byte >> 4 } else { byte & 15 };
            write!(f, "{nibble:x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ModuleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:.12}")
    }
}

impl FromStr for ModuleHash {
    type Err = BadModuleHash;

    fn from_str(text: &str) -> Result<ModuleHash, BadModuleHash> {
        let digit = |digit: u8| (digit as char).to_digit(16).map(|digit| digit as u8).ok_or(BadModuleHash);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(BadModuleHash);
        }
        let mut hash = [0; 32];
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(ModuleHash(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_written_as_hex_and_read_back() {
        let hash = ModuleHash(std::array::from_fn(|index| index as u8 * 7));
        let text = hash.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse::<ModuleHash>().unwrap(), hash);
        assert_eq!(format!("{hash:.12}"), text[..12]);
        for bad in ["", &text[1..], &text.replace('a', "g"), &format!("{text}0")] {
            assert_eq!(bad.parse::<ModuleHash>(), Err(BadModuleHash), "{bad}");
        }
    }

    #[test]
    fn call_ends_survive_the_journal() {
        let ends = [
            CallEnd::OutOfFuel,
            CallEnd::OutOfMemory,
            CallEnd::Trap("wasm `unreachable` instruction".to_owned()),
            CallEnd::StackOverflow,
            CallEnd::Interrupted,
            CallEnd::Status(-7),
            CallEnd::SaidTooMuch,
        ];
        for end in ends {
            assert_eq!(CallEnd::from_parts(end.number(), &end.text()), Some(end));
        }
        assert_eq!(CallEnd::Trap("毽".repeat(200)).text().len(), 255);
        assert_eq!(CallEnd::from_parts(6, "well"), None);
        assert_eq!(CallEnd::from_parts(99, ""), None);
    }
}
