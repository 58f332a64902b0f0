//! What the host keeps beside a guest's memory, and hands to the functions that the guest imports.

use game_abi::{Chance, limits as abi};
use room_core::modules::{Call, CallTime, Said};
use wasmtime::{Error, Memory, ResourceLimiter};

use crate::config::Limits;

pub(crate) struct State {
    pub memory: Option<Memory>,
    pub chance: Chance,
    pub limits: Limits,
    pub now_us: u64,
    pub doing: Doing,
    pub said: Vec<Said>,
    pub counted: Counted,
    /// During this call the guest asked for more memory than it may have.
    pub wanted_more_memory: bool,
}

/// What the guest is being asked, and so what it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Start section, `_initialize`, and questions about the module: no import may be called.
    Starting,
    /// Changes the room: everything but `reply`.
    Playing,
    /// `jz_view`: `reply` only, and what leaves no trace (log, random, now, metric).
    Viewing,
    /// `jz_save`: the same.
    Saving,
}

/// Of the call under way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub items: usize,
    pub bytes: usize,
    pub log_lines: usize,
    pub metrics: usize,
    pub replied: bool,
}

impl State {
    pub fn new(limits: Limits) -> State {
        State {
            memory: None,
            chance: Chance::seeded(0),
            limits,
            now_us: 0,
            doing: Doing::Starting,
            said: Vec::new(),
            counted: Counted::default(),
            wanted_more_memory: false,
        }
    }

    pub fn begin(&mut self, call: &Call<'_>, at: CallTime) {
        self.doing = match call {
            Call::View { .. } => Doing::Viewing,
            Call::Save => Doing::Saving,
            _ => Doing::Playing,
        };
        if let Call::Init { seed, .. } = call {
            self.chance = Chance::seeded(*seed);
        }
        self.now_us = at.now_us;
        self.counted = Counted::default();
        self.wanted_more_memory = false;
    }

    /// May one more message of so many bytes be said? Counts it.
    pub fn count_message(&mut self, bytes: usize) -> bool {
        self.counted.items += 1;
        self.counted.bytes = self.counted.bytes.saturating_add(bytes);
        let limits = &self.limits;
        bytes <= limits.message_bytes
            && self.counted.bytes <= limits.said_bytes
            && self.counted.items <= limits.said_items
    }

    pub fn count_log_line(&mut self) -> bool {
        self.counted.log_lines += 1;
        self.counted.log_lines <= abi::LOG_LINES
    }

    pub fn count_metric(&mut self) -> bool {
        self.counted.metrics += 1;
        self.counted.metrics <= abi::METRICS
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _max: Option<usize>,
    ) -> Result<bool, Error> {
        let allowed = desired <= self.limits.memory_pages as usize * 64 * 1024;
        self.wanted_more_memory |= !allowed;
        Ok(allowed)
    }

    /// By the module's own maximum the guest hears −1, which is a function of the module. Where the machine has no memory
    /// to give, the call ends, and that is recorded.
    fn memory_grow_failed(&mut self, error: Error) -> Result<(), Error> {
        self.wanted_more_memory = true;
        if error.is::<std::io::Error>() { Err(error) } else { Ok(()) }
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _max: Option<usize>) -> Result<bool, Error> {
        Ok(desired <= self.limits.table_elements as usize)
    }
}
