//! The bytes that the host hands to `jz_init` and `jz_join`, and the numbers with a meaning.

use alloc::vec::Vec;

/// What `jz_view` is called with for those who have no seat.
pub const SPECTATOR: i32 = -1;

/// For `jz_init`: five `u32` (seed, tick_hz, seats, bots, number of settings), then key and value of each setting, both
/// behind their length as `u32`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init<'a> {
    pub seed: u32,
    pub tick_hz: u32,
    pub seats: u32,
    /// The last so many seats are played by the logic itself.
    pub bots: u32,
    /// The room's properties at its founding.
    pub settings: Vec<(&'a str, &'a str)>,
}

/// For `jz_join`: player id and name, both behind their length as `u32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join<'a> {
    pub player: &'a str,
    pub name: &'a str,
}

/// Why a seat became free, for `jz_leave`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveWhy {
    Left = 0,
    Kicked = 1,
    /// Lost and not back in time.
    Gone = 2,
}

/// For `log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Debug = 0,
    Info = 1,
    Warn = 2,
    Error = 3,
}

/// Bytes that no host wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadArguments;

impl<'a> Init<'a> {
    pub fn encode(&self, out: &mut Vec<u8>) {
        for number in [self.seed, self.tick_hz, self.seats, self.bots, self.settings.len() as u32] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for (key, value) in &self.settings {
            put_text(out, key);
            put_text(out, value);
        }
    }

    pub fn decode(mut bytes: &'a [u8]) -> Result<Init<'a>, BadArguments> {
        let input = &mut bytes;
        let [seed, tick_hz, seats, bots] =
            [take_u32(input)?, take_u32(input)?, take_u32(input)?, take_u32(input)?];
        let count = take_u32(input)?;
        // No capacity from `count`: it is not to be trusted before the texts are there.
        let mut settings = Vec::new();
        for _ in 0..count {
            settings.push((take_text(input)?, take_text(input)?));
        }
        end(input)?;
        Ok(Init { seed, tick_hz, seats, bots, settings })
    }
}

impl<'a> Join<'a> {
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_text(out, self.player);
        put_text(out, self.name);
    }

    pub fn decode(mut bytes: &'a [u8]) -> Result<Join<'a>, BadArguments> {
        let input = &mut bytes;
        let join = Join { player: take_text(input)?, name: take_text(input)? };
        end(input)?;
        Ok(join)
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn take_u32(input: &mut &[u8]) -> Result<u32, BadArguments> {
    let (number, rest) = input.split_first_chunk().ok_or(BadArguments)?;
    *input = rest;
    Ok(u32::from_le_bytes(*number))
}

fn take_text<'a>(input: &mut &'a [u8]) -> Result<&'a str, BadArguments> {
    let length = take_u32(input)? as usize;
    let (text, rest) = input.split_at_checked(length).ok_or(BadArguments)?;
    *input = rest;
    str::from_utf8(text).map_err(|_| BadArguments)
}

fn end(input: &[u8]) -> Result<(), BadArguments> {
    if input.is_empty() { Ok(()) } else { Err(BadArguments) }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn arguments_are_read_as_they_were_written() {
        let init =
            Init { seed: 7, tick_hz: 20, seats: 4, bots: 1, settings: vec![("map", "雪山"), ("", "")] };
        let mut bytes = Vec::new();
        init.encode(&mut bytes);
        assert_eq!(bytes[..8], [7, 0, 0, 0, 20, 0, 0, 0]);
        assert_eq!(Init::decode(&bytes), Ok(init));

        let join = Join { player: "wx:1", name: "毽子" };
        bytes.clear();
        join.encode(&mut bytes);
        assert_eq!(bytes[..8], [4, 0, 0, 0, b'w', b'x', b':', b'1']);
        assert_eq!(Join::decode(&bytes), Ok(join));
    }

    #[test]
    fn what_is_cut_or_longer_is_bad() {
        let mut bytes = Vec::new();
        Init { settings: vec![("key", "value")], ..Init::default() }.encode(&mut bytes);
        for end in 0..bytes.len() {
            assert_eq!(Init::decode(&bytes[..end]), Err(BadArguments), "{end}");
        }
        bytes.push(0);
        assert_eq!(Init::decode(&bytes), Err(BadArguments));
        // A count and a length that no memory could hold.
        let mut huge = vec![0; 16];
        huge.extend_from_slice(&[0xff; 8]);
        assert_eq!(Init::decode(&huge), Err(BadArguments));
        assert_eq!(Join::decode(&[0xff; 8]), Err(BadArguments));
    }
}
