//! A crash of the whole process in the middle of a tick, wanted by a test: nothing else sets it.

use std::str::FromStr;
use std::sync::OnceLock;

use model::{RoomKey, Tick};

/// `ROOM:TICK`; `*` is any room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashAt {
    room: String,
    tick: Tick,
}

static WANTED: OnceLock<CrashAt> = OnceLock::new();

/// From now on this process crashes with SIGSEGV when this room is about to make this tick. For tests of what is done
/// about crashes: only a developer's server and the commands that play a crash again ask for it.
pub fn crash_at(wanted: CrashAt) {
    // The first one holds.
    let _ = WANTED.set(wanted);
}

/// A load and a comparison where nothing is wanted.
pub fn crash_if_wanted(room: &RoomKey, tick: Tick) {
    if let Some(wanted) = WANTED.get()
        && wanted.tick == tick
        && (wanted.room == "*" || wanted.room == room.room.as_str())
    {
        crashes::on_purpose(crashes::How::Segv);
    }
}

impl FromStr for CrashAt {
    type Err = String;

    fn from_str(text: &str) -> Result<CrashAt, String> {
        let parts = text.rsplit_once(':').and_then(|(room, tick)| Some((room, tick.parse().ok()?)));
        let (room, tick) = parts.ok_or("a crash is wanted as ROOM:TICK")?;
        Ok(CrashAt { room: room.to_owned(), tick })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_and_tick_are_read() {
        assert_eq!("*:7".parse(), Ok(CrashAt { room: "*".into(), tick: 7 }));
        assert_eq!("12-ab:40".parse(), Ok(CrashAt { room: "12-ab".into(), tick: 40 }));
        for bad in ["", "7", "room:", "room:x"] {
            assert!(bad.parse::<CrashAt>().is_err(), "{bad}");
        }
    }
}
