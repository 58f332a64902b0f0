//! The simulated game: a total, and a digest of every input in its order. Every tick tells both.

use bytes::Bytes;
use model::Seat;
use room_core::modules::{Call, CallEnd, Said};

/// A version of the rules, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// A few ticks after it took over every tick fails.
    Ticks,
    Load,
    /// Many inputs fail.
    Inputs,
    /// Likewise, and it cannot save.
    Save,
}

/// What the game remembers. Every version knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    total: u32,
    digest: u32,
    inputs: u32,
    /// A bit for each seat.
    known: u32,
    ticks_since_load: u32,
}

/// The input that ends the match, whoever sends it.
pub const THE_END: u32 = u32::MAX;
/// Ticks of a version whose ticks fail that do not.
const GOOD_TICKS: u32 = 3;

impl Version {
    fn flaw(self) -> Flaw {
        match self.0 % 8 {
            3 => Flaw::Ticks,
            4 => Flaw::Load,
            6 => Flaw::Inputs,
            0 => Flaw::Save,
            _ => Flaw::None,
        }
    }

    pub fn is_sound(self) -> bool {
        self.flaw() == Flaw::None
    }

    pub fn saves(self) -> bool {
        self.flaw() != Flaw::Save
    }

    pub fn loads(self) -> bool {
        self.flaw() != Flaw::Load
    }

    /// Every version refuses a few; what a sound one takes, every sound one does.
    fn fails_on(self, value: u32) -> bool {
        value != THE_END
            && (value % 251 == 7
                || (matches!(self.flaw(), Flaw::Inputs | Flaw::Save) && value.is_multiple_of(3)))
    }
}

impl Tally {
    /// One call. After `Err` the state is of no use.
    pub fn step(&mut self, version: Version, call: Call<'_>, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        match call {
            Call::Init { .. } => *self = Tally::default(),
            Call::Join { seat, .. } => {
                self.known |= 1 << seat;
                said.push(to_all(b'j', &[seat.into()]));
                said.push(effect("came", seat.into()));
            }
            Call::Leave { seat, .. } => {
                self.known &= !(1 << seat);
                said.push(to_all(b'l', &[seat.into()]));
                said.push(effect("went", seat.into()));
            }
            Call::Input { seat, data } => self.input(version, seat, data, said)?,
            Call::Tick { number } => {
                self.total = self.total.wrapping_add(version.0);
                self.ticks_since_load += 1;
                if version.flaw() == Flaw::Ticks && self.ticks_since_load > GOOD_TICKS {
                    return Err(CallEnd::OutOfFuel);
                }
                said.push(to_all(b't', &[version.0, self.total, self.digest]));
                if number.is_multiple_of(8) {
                    said.push(effect("while", number));
                }
            }
            Call::View { .. } => {
                let shown = [version.0, self.total, self.digest, self.inputs, self.known];
                said.push(Said::Reply(numbers(&shown)));
            }
            Call::Save => said.push(Said::Reply(self.to_bytes())),
            Call::Load { bytes, .. } => {
                *self = Tally::from_bytes(bytes).ok_or(CallEnd::Status(2))?;
                self.ticks_since_load = 0;
                if version.flaw() == Flaw::Load {
                    return Err(CallEnd::Status(1));
                }
            }
        }
        Ok(())
    }

    fn input(
        &mut self,
        version: Version,
        seat: Seat,
        data: &[u8],
        said: &mut Vec<Said>,
    ) -> Result<(), CallEnd> {
        let value = data.try_into().map(u32::from_be_bytes).map_err(|_| CallEnd::Status(3))?;
        self.inputs += 1;
        self.total = self.total.wrapping_add(value % 7);
        for number in [u32::from(seat), value] {
            self.digest = (self.digest ^ number).wrapping_mul(0x0100_0193).rotate_left(5);
        }
        said.push(to_all(b'i', &[seat.into(), value]));
        if value.is_multiple_of(5) {
            said.push(effect("score", value));
        }
        if version.fails_on(value) {
            return Err(CallEnd::Trap("unreachable".to_owned()));
        }
        if value == THE_END {
            said.push(Said::End { result: self.to_bytes() });
        }
        if value.is_multiple_of(10) {
            said.push(effect("bonus", value));
        }
        if value.is_multiple_of(9) {
            said.push(Said::Send { seat, data: numbers(&[value]) });
        }
        Ok(())
    }

    pub fn to_bytes(&self) -> Bytes {
        let Tally { total, digest, inputs, known, ticks_since_load } = *self;
        numbers(&[total, digest, inputs, known, ticks_since_load])
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Tally> {
        let (words, rest) = bytes.as_chunks::<4>();
        let [total, digest, inputs, known, ticks_since_load] = *words else { return None };
        let number = u32::from_le_bytes;
        let tally = Tally {
            total: number(total),
            digest: number(digest),
            inputs: number(inputs),
            known: number(known),
            ticks_since_load: number(ticks_since_load),
        };
        rest.is_empty().then_some(tally)
    }
}

fn to_all(what: u8, words: &[u32]) -> Said {
    Said::Broadcast([&[what][..], &numbers(words)].concat().into())
}

fn effect(kind: &str, what: u32) -> Said {
    Said::Effect { kind: kind.to_owned(), data: numbers(&[what]) }
}

fn numbers(numbers: &[u32]) -> Bytes {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}
