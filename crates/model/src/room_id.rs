//! A room's id, `<partition>-<random>`, chosen by whoever asks for the room.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{AppId, Partition};

/// How many partitions there are; equal in a whole cluster.
pub const PARTITIONS: u32 = 256;

/// `<partition>-<random>`, for example `17-k3v9x2m4p7`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId {
    text: Arc<str>,
    partition: Partition,
}

impl RoomId {
    /// Puts a random part under the partition that the random part itself decides, so that equal names meet.
    pub fn from_name(name: &str) -> RoomId {
        let partition = (fnv1a(name) % PARTITIONS) as Partition;
        RoomId { text: format!("{partition}-{name}").into(), partition }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn partition(&self) -> Partition {
        self.partition
    }
}

/// A text that is not a room id.
#[derive(Debug, thiserror::Error)]
#[error(
    "a room id is <partition>-<random>, the partition below 256, the random part 6–40 letters, digits or _: {0:?}"
)]
pub struct BadRoomId(String);

impl FromStr for RoomId {
    type Err = BadRoomId;

    fn from_str(text: &str) -> Result<RoomId, BadRoomId> {
        let bad = || BadRoomId(text.chars().take(64).collect());
        let (partition, name) = text.split_once('-').ok_or_else(bad)?;
        let well_formed = (6..=40).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let canonical = partition == "0" || !partition.starts_with(['0', '+']);
        match partition.parse::<u32>() {
            Ok(number) if number < PARTITIONS && well_formed && canonical => {
                Ok(RoomId { text: text.into(), partition: number as Partition })
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A room of an app: what rooms are filed under everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomKey {
    pub app: AppId,
    pub room: RoomId,
}

/// FNV-1a, 32 bit.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_nonsense_is_refused() {
        let id = RoomId::from_name("k3v9x2m4p7");
        assert_eq!(id.as_str().parse::<RoomId>().unwrap(), id);
        for bad in
            ["", "-", "1", "1-", "256-abcdef", "01-abcdef", "+1-abcdef", "1-abc", "1-abc def", "1-é€abcd"]
        {
            assert!(bad.parse::<RoomId>().is_err(), "{bad}");
        }
        assert!(format!("3-{}", "x".repeat(41)).parse::<RoomId>().is_err());
    }
}
