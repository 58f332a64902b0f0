//! The host that a game has in its native tests: it remembers what was said.

use crate::testing::Said;
use crate::{Room, Seat};

pub struct Host {
    pub said: Vec<Said>,
    pub now_us: u64,
    chance: u64,
}

pub(crate) fn room(seed: u64) -> Room {
    Room { host: Host { said: Vec::new(), now_us: 0, chance: seed } }
}

impl Host {
    pub fn send(&mut self, seat: Seat, data: &[u8]) {
        self.say(data.len(), Said::Send { seat, data: data.to_vec() });
    }

    pub fn broadcast(&mut self, data: &[u8]) {
        self.say(data.len(), Said::Broadcast(data.to_vec()));
    }

    pub fn effect(&mut self, kind: &str, data: &[u8]) {
        self.say(data.len(), Said::Effect { kind: kind.to_owned(), data: data.to_vec() });
    }

    pub fn end(&mut self, result: &[u8]) {
        self.say(result.len(), Said::End(result.to_vec()));
    }

    pub fn log(&mut self, level: i32, text: &str) {
        self.said.push(Said::Log { level: level as u8, text: text.to_owned() });
    }

    pub fn metric(&mut self, name: &str, value: f64) {
        self.said.push(Said::Metric { name: name.to_owned(), value });
    }

    /// SplitMix64 (Steele, Lea, Flood 2014). The server draws other numbers, just as repeatably.
    pub fn random(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn now(&self) -> u64 {
        self.now_us
    }

    fn say(&mut self, bytes: usize, said: Said) {
        assert!(bytes <= MESSAGE_BYTES, "a message of {bytes} bytes; {MESSAGE_BYTES} are the limit");
        self.said.push(said);
    }
}

const MESSAGE_BYTES: usize = 32 * 1024;
