//! A game of an app, and a share of its rooms.

use std::fmt;
use std::str::FromStr;

use model::{AppId, RoomId};
use serde::{Deserialize, Serialize};

/// What versions are filed under: one app never sees another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GameKey {
    pub app: AppId,
    pub game: String,
}

impl GameKey {
    pub fn new(app: impl AsRef<str>, game: impl Into<String>) -> GameKey {
        GameKey { app: AppId::new(app), game: game.into() }
    }
}

impl fmt::Display for GameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.game)
    }
}

/// A share of all rooms, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

impl Share {
    pub const NONE: Share = Share(0);
    pub const ALL: Share = Share(1000);

    /// None beyond 1000.
    pub const fn per_mille(thousandths: u16) -> Option<Share> {
        if thousandths <= 1000 { Some(Share(thousandths)) } else { None }
    }

    /// Whether a room belongs to the share, as its id alone decides. Each version draws other rooms, so that it is not
    /// always the same players who try; a larger share contains the smaller one.
    pub fn includes(self, version: u32, room: &RoomId) -> bool {
        mixed(version, room.as_str()) % 1000 < u64::from(self.0)
    }
}

impl TryFrom<u16> for Share {
    type Error = BadShare;

    fn try_from(thousandths: u16) -> Result<Share, BadShare> {
        Share::per_mille(thousandths).ok_or(BadShare)
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> u16 {
        share.0
    }
}

/// A text or number that is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a share is written as a percentage from 0% to 100%, with at most one decimal, as 10% or 2.5%")]
pub struct BadShare;

impl FromStr for Share {
    type Err = BadShare;

    fn from_str(text: &str) -> Result<Share, BadShare> {
        let text = text.strip_suffix('%').ok_or(BadShare)?;
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, at_most| {
            (1..=at_most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || !digits(tenth, 1) {
            return Err(BadShare);
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| BadShare);
        Share::per_mille(number(whole)? * 10 + number(tenth)?).ok_or(BadShare)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}%", self.0 / 10),
            tenth => write!(f, "{}.{tenth}%", self.0 / 10),
        }
    }
}

/// FNV-1a, 64 bit, with SplitMix64's finish: FNV alone leaves the low digits of like names alike.
fn mixed(version: u32, text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ u64::from(version).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash =
        text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_written_and_read_as_percentages() {
        for (text, thousandths) in [("0%", 0), ("10%", 100), ("2.5%", 25), ("100%", 1000), ("0.1%", 1)] {
            let share: Share = text.parse().unwrap();
            assert_eq!(u16::from(share), thousandths);
            assert_eq!(share.to_string(), text);
        }
        for bad in ["", "%", "10", "101%", "100.1%", "-1%", "+1%", "1.25%", "1.%", ".5%", "9999999%", "1e1%"]
        {
            assert_eq!(bad.parse::<Share>(), Err(BadShare), "{bad}");
        }
    }

    #[test]
    fn a_share_draws_about_its_part_and_a_larger_one_contains_it() {
        let rooms: Vec<RoomId> =
            (0..20_000).map(|number| RoomId::from_name(&format!("room{number}"))).collect();
        let (small, large) = (Share(100), Share(300));
        let drawn = |share: Share, version| rooms.iter().filter(|room| share.includes(version, room)).count();
        for version in [1, 2, 77] {
            assert!((1_700..2_300).contains(&drawn(small, version)), "{}", drawn(small, version));
            assert!(rooms.iter().all(|room| !small.includes(version, room) || large.includes(version, room)));
        }
        assert_eq!((drawn(Share::NONE, 1), drawn(Share::ALL, 1)), (0, rooms.len()));
        let both = rooms.iter().filter(|room| small.includes(1, room) && small.includes(2, room)).count();
        assert!((100..320).contains(&both), "{both}: the versions draw the same rooms");
    }
}
