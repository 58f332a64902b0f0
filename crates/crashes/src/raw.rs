//! The file that a crash is written to: by the handler with the kernel's calls alone, read here.
//!
//! Lines of text; what may hold any byte is announced with its length. The beginning is written at the start of the
//! process, so a file without a `crash` line tells of a process that ended without being able to speak.
//!
//! ```text
//! jianzi-crash 1
//! about <key> <value>                              version, profile, build, binary, pid, started, oom_kills
//! crash <signal> <code> <address> <sender> <time>  numbers are decimal
//! thread <id> <name>                               the crashed one; then other threads, each with what follows
//! register <name> <value>
//! frame <address>
//! stack <address> <length>⏎<bytes>⏎
//! message <length>⏎<bytes>⏎                        of a panic
//! room <slot> <tick> <within> <length>⏎<bytes>⏎
//! line <length>⏎<bytes>⏎
//! maps⏎…⏎maps-end                                  /proc/self/maps
//! end
//! ```

use std::collections::BTreeMap;

use crate::modules::Mapping;
use crate::report::SteppedRoom;
use crate::rooms;

pub(crate) const FIRST_LINE: &str = "jianzi-crash 1\n";

/// What the file says, as far as it could be written.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    pub about: BTreeMap<String, String>,
    pub crash: Option<RawCrash>,
    pub message: Option<String>,
    pub threads: Vec<RawThread>,
    pub rooms: Vec<SteppedRoom>,
    pub lines: Vec<String>,
    pub maps: Vec<Mapping>,
    /// The handler came to its end.
    pub whole: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RawCrash {
    /// 0: no signal, a panic that the process outlived.
    pub signal: i32,
    pub code: i32,
    pub address: u64,
    pub sender: i32,
    pub time_ms: u64,
}

#[derive(Debug, Default)]
pub(crate) struct RawThread {
    pub id: u32,
    pub name: String,
    pub registers: BTreeMap<String, u64>,
    /// Addresses that were found in the process itself.
    pub frames: Vec<u64>,
    pub stack: Vec<(u64, Vec<u8>)>,
}

impl Raw {
    /// `None` if it is none of our files. Damage ends the reading; what came before it counts.
    pub fn read(bytes: &[u8]) -> Option<Raw> {
        let rest = bytes.strip_prefix(FIRST_LINE.as_bytes())?;
        let mut raw = Raw::default();
        let mut cursor = Cursor { rest };
        while let Some(line) = cursor.line() {
            if raw.take(&line, &mut cursor).is_none() {
                break;
            }
        }
        Some(raw)
    }

    pub fn about(&self, key: &str) -> &str {
        self.about.get(key).map_or("", String::as_str)
    }

    pub fn about_number(&self, key: &str) -> Option<u64> {
        self.about(key).parse().ok()
    }

    fn take(&mut self, line: &str, cursor: &mut Cursor<'_>) -> Option<()> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = rest.split(' ');
        match word {
            "about" => {
                let (key, value) = rest.split_once(' ')?;
                self.about.insert(key.to_owned(), value.to_owned());
            }
            "crash" => {
                self.crash = Some(RawCrash {
                    signal: number(words.next()?)?,
                    code: number(words.next()?)?,
                    address: number(words.next()?)?,
                    sender: number(words.next()?)?,
                    time_ms: number(words.next()?)?,
                });
            }
            "thread" => {
                let (id, name) = rest.split_once(' ').unwrap_or((rest, ""));
                self.threads.push(RawThread { id: number(id)?, name: name.to_owned(), ..Default::default() });
            }
            "register" => {
                let name = words.next()?.to_owned();
                let value = number(words.next()?)?;
                self.threads.last_mut()?.registers.insert(name, value);
            }
            "frame" => self.threads.last_mut()?.frames.push(number(rest)?),
            "stack" => {
                let address = number(words.next()?)?;
                let bytes = cursor.bytes(number(words.next()?)?)?;
                self.threads.last_mut()?.stack.push((address, bytes.to_vec()));
            }
            "message" => self.message = Some(cursor.text(number(rest)?)?),
            "room" => {
                let (slot, tick) = (number(words.next()?)?, number(words.next()?)?);
                let within = words.next()? == "1";
                let room = cursor.text(number(words.next()?)?)?;
                self.rooms.push(SteppedRoom { place: rooms::place_name(slot), room, tick, within });
            }
            "line" => self.lines.push(cursor.text(number(rest)?)?),
            "maps" => {
                while let Some(line) = cursor.line().filter(|line| line != "maps-end") {
                    self.maps.extend(Mapping::read(&line));
                }
            }
            "end" => self.whole = true,
            _ => return None,
        }
        Some(())
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.trim_end().parse().ok()
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn line(&mut self) -> Option<String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let line = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest = &self.rest[end + 1..];
        Some(line)
    }

    /// This many bytes and the line end behind them.
    fn bytes(&mut self, length: usize) -> Option<&[u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.strip_prefix(b"\n")?;
        Some(bytes)
    }

    fn text(&mut self, length: usize) -> Option<String> {
        self.bytes(length).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "jianzi-crash 1\nabout version 0.1.0\nabout binary /opt/my app/jianzi\n\
        crash 11 1 16 0 1700000000000\nthread 7 rooms-0\nregister rip 4096\nregister rsp 8192\n\
        stack 8192 4 \nab\nc\nmessage 5\na\nb c\nroom 3 44 1 8\ngame/1-a\nline 2\nhi\n\
        maps\n1000-2000 r-xp 00000000 08:01 5  /opt/my app/jianzi\nmaps-end\nthread 8 x\nend\n";

    #[test]
    fn a_file_is_read_and_a_cut_one_as_far_as_it_goes() {
        let raw = Raw::read(FILE.as_bytes()).unwrap();
        assert_eq!((raw.about("version"), raw.about("binary")), ("0.1.0", "/opt/my app/jianzi"));
        assert_eq!(raw.crash.map(|crash| (crash.signal, crash.address)), Some((11, 16)));
        assert_eq!(raw.threads[0].registers["rip"], 4096);
        assert_eq!(raw.threads[0].stack, [(8192, b"ab\nc".to_vec())]);
        assert_eq!(raw.message.as_deref(), Some("a\nb c"));
        assert_eq!(raw.rooms[0].room, "game/1-a");
        assert_eq!((raw.lines.as_slice(), raw.maps.len()), (&["hi".to_owned()][..], 1));
        assert!(raw.whole && raw.threads.len() == 2);

        for length in 0..FILE.len() {
            let cut = Raw::read(&FILE.as_bytes()[..length]);
            assert_eq!(cut.is_some(), length >= FIRST_LINE.len());
            assert!(cut.is_none_or(|raw| !raw.whole));
        }
        for at in 0..FILE.len() {
            let mut damaged = FILE.as_bytes().to_vec();
            damaged[at] = b'9';
            // Any answer will do, but no panic.
            let _ = Raw::read(&damaged);
        }
        assert!(Raw::read(b"something else").is_none());
    }
}
