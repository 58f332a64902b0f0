//! What rules can do to the world: speak, draw a number, end the match.

use crate::Seat;

#[cfg(not(target_arch = "wasm32"))]
use crate::recorder as host;
#[cfg(target_arch = "wasm32")]
use imports as host;

/// The room, as its rules see it. There is nothing else: no clock, no files, no network.
///
/// One message has 32 KiB at most, all that is said during one call 64 KiB; what is above ends the call badly.
pub struct Room {
    pub(crate) host: host::Host,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Debug = 0,
    Info = 1,
    Warn = 2,
    Error = 3,
}

impl Room {
    /// To everybody in the room. What is broadcast between two ticks travels with the second one's frame.
    pub fn broadcast(&mut self, data: &[u8]) {
        self.host.broadcast(data);
    }

    /// To one seat, if somebody sits there and listens; nothing is kept for later.
    pub fn send(&mut self, seat: Seat, data: &[u8]) {
        self.host.send(seat, data);
    }

    /// Something that shall happen outside of the room, exactly once: a score, a reward, a mail.
    pub fn effect(&mut self, kind: &str, data: &[u8]) {
        self.host.effect(kind, data);
    }

    /// The match is over. The result is trusted: no client has a say in it.
    pub fn end(&mut self, result: &[u8]) {
        self.host.end(result);
    }

    /// The next number of the room's own generator; a replay draws the same.
    pub fn random(&mut self) -> u64 {
        self.host.random()
    }

    /// From 0 to below `bound`; 0 if `bound` is 0.
    pub fn random_below(&mut self, bound: u32) -> u32 {
        (((self.random() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// Room time in microseconds: tick × period. It stands still while the room does.
    pub fn now_us(&self) -> u64 {
        self.host.now()
    }

    /// A number for the operators' graphs.
    pub fn metric(&mut self, name: &str, value: f64) {
        self.host.metric(name, value);
    }

    pub fn debug(&mut self, text: &str) {
        self.host.log(Level::Debug as i32, text);
    }

    /// A line in the server's log, of 1 KiB at most.
    pub fn info(&mut self, text: &str) {
        self.host.log(Level::Info as i32, text);
    }

    pub fn warn(&mut self, text: &str) {
        self.host.log(Level::Warn as i32, text);
    }

    pub fn error(&mut self, text: &str) {
        self.host.log(Level::Error as i32, text);
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn reply(&mut self, data: &[u8]) {
        self.host.reply(data);
    }
}

/// The real host: functions that the module imports.
#[cfg(target_arch = "wasm32")]
pub(crate) mod imports {
    use crate::{Room, Seat};

    #[link(wasm_import_module = "jianzi")]
    unsafe extern "C" {
        safe fn send(seat: i32, at: *const u8, len: usize);
        safe fn broadcast(at: *const u8, len: usize);
        safe fn reply(at: *const u8, len: usize);
        safe fn effect(kind_at: *const u8, kind_len: usize, at: *const u8, len: usize);
        safe fn end(at: *const u8, len: usize);
        safe fn log(level: i32, at: *const u8, len: usize);
        safe fn random() -> i64;
        safe fn now() -> i64;
        safe fn metric(name_at: *const u8, name_len: usize, value: f64);
    }

    pub struct Host;

    pub(crate) const fn room() -> Room {
        Room { host: Host }
    }

    impl Host {
        pub fn send(&mut self, seat: Seat, data: &[u8]) {
            send(seat.into(), data.as_ptr(), data.len());
        }
        pub fn broadcast(&mut self, data: &[u8]) {
            broadcast(data.as_ptr(), data.len());
        }
        pub fn reply(&mut self, data: &[u8]) {
            reply(data.as_ptr(), data.len());
        }
        pub fn effect(&mut self, kind: &str, data: &[u8]) {
            effect(kind.as_ptr(), kind.len(), data.as_ptr(), data.len());
        }
        pub fn end(&mut self, result: &[u8]) {
            end(result.as_ptr(), result.len());
        }
        pub fn log(&mut self, level: i32, text: &str) {
            log(level, text.as_ptr(), text.len());
        }
        pub fn random(&mut self) -> u64 {
            random() as u64
        }
        pub fn now(&self) -> u64 {
            now() as u64
        }
        pub fn metric(&mut self, name: &str, value: f64) {
            metric(name.as_ptr(), name.len(), value);
        }
    }
}
