//! A game in a few lines, and an engine that runs it: deterministic, and failing wherever it is told to.
//!
//! An input's first byte says what it does: `a` adds the next byte and tells all, `s` tells the next byte's seat alone,
//! `e` has an effect, `z` ends the match, `f` floods, `l` logs. It fails at once on `x`, in so many coming ticks on `t`,
//! in the next view on `v`, in the sender's leave on `q`. Before it fails it leaves its state half changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use model::Seat;
use room_core::Damaged;
use room_core::modules::{
    Call, CallEnd, CallTime, Guest, LogicRef, ModuleHash, Modules, NoModule, Optional, Said,
};

/// What a version does differently.
#[derive(Clone, Copy)]
pub struct Version {
    /// Added in every tick.
    pub pace: u32,
    pub saves: bool,
    pub loads: bool,
    pub views: bool,
    pub bad_init: bool,
    pub bad_load: bool,
    /// Every tick fails.
    pub bad_ticks: bool,
}

pub const GOOD: Version = Version {
    pace: 1,
    saves: true,
    loads: true,
    views: true,
    bad_init: false,
    bad_load: false,
    bad_ticks: false,
};

pub struct Engine {
    versions: BTreeMap<ModuleHash, Version>,
    pub made: AtomicUsize,
}

pub fn logic(version: u32) -> LogicRef {
    LogicRef { game: "fake".into(), version, hash: ModuleHash([version as u8; 32]) }
}

/// The n-th version, from 1.
pub fn engine(versions: &[Version]) -> Arc<Engine> {
    let versions = versions.iter().zip(1..).map(|(version, number)| (logic(number).hash, *version)).collect();
    Arc::new(Engine { versions, made: AtomicUsize::new(0) })
}

impl Modules for Engine {
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
        let missing = || NoModule { module: *module, why: "there is none".to_owned() };
        let version = *self.versions.get(module).ok_or_else(missing)?;
        self.made.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Fake { version, state: State::default(), spent: 0, broken: false }))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    total: u32,
    seed: u32,
    known: u32,
    bad_ticks: u32,
    bad_view: u32,
    bad_leaves: u32,
    /// Saving writes into the memory, too.
    saves: u32,
}

struct Fake {
    version: Version,
    state: State,
    spent: u64,
    broken: bool,
}

impl Guest for Fake {
    fn call(&mut self, call: Call<'_>, at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        assert!(!self.broken, "called after a call that ended badly");
        assert_eq!(at.now_us, u64::from(at.tick) * 50_000);
        self.spent = 10 + u64::from(self.state.total % 7);
        let done = self.step(call, said);
        if done.is_err() {
            self.broken = true;
            self.state.total = self.state.total.wrapping_add(1_000_000);
        }
        done
    }

    fn can(&self, what: Optional) -> bool {
        match what {
            Optional::View => self.version.views,
            Optional::Save => self.version.saves,
            Optional::Load => self.version.loads,
        }
    }

    fn image(&mut self, out: &mut Vec<u8>) {
        assert!(!self.broken, "an image of a broken guest");
        out.extend(self.state.numbers().iter().flat_map(|number| number.to_le_bytes()));
    }

    fn restore(&mut self, image: &[u8]) -> Result<(), Damaged> {
        self.state = State::read(image).ok_or(Damaged { what: "not an image".into() })?;
        self.broken = false;
        Ok(())
    }

    fn spent(&self) -> u64 {
        self.spent
    }
}

impl Fake {
    fn step(&mut self, call: Call<'_>, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        let state = &mut self.state;
        match call {
            Call::Init { config, seed } => {
                assert_eq!(config[..4], (seed as u32).to_le_bytes());
                if self.version.bad_init {
                    return Err(CallEnd::Trap("unreachable".into()));
                }
                state.seed = seed as u32;
                said.push(Said::Log { level: 1, text: "begun".into() });
            }
            Call::Join { seat, who } => {
                // It still counts on those whose leave failed.
                assert_eq!(state.known & !state.bad_leaves & 1 << seat, 0, "seat {seat} joins twice");
                if who.windows(3).any(|word| word == b"BAD") {
                    return Err(CallEnd::OutOfMemory);
                }
                state.known |= 1 << seat;
                said.push(broadcast(&[b'j', seat as u8]));
            }
            Call::Leave { seat, why } => {
                assert_ne!(state.known & 1 << seat, 0, "seat {seat} leaves without having come");
                if state.bad_leaves & 1 << seat != 0 {
                    return Err(CallEnd::StackOverflow);
                }
                state.known &= !(1 << seat);
                said.push(broadcast(&[b'l', seat as u8, why as u8]));
            }
            Call::Input { seat, data } => return self.input(seat, data, said),
            Call::Tick { number } => {
                if self.version.bad_ticks {
                    return Err(CallEnd::Trap("bad version".into()));
                }
                if state.bad_ticks > 0 {
                    return Err(CallEnd::OutOfFuel);
                }
                state.total = state.total.wrapping_add(self.version.pace);
                said.push(broadcast(&state.total.wrapping_add(number).to_le_bytes()));
            }
            Call::View { seat } => {
                if state.bad_view > 0 {
                    return Err(CallEnd::Status(3));
                }
                let who = seat.map_or(255, |seat| seat as u8);
                said.push(Said::Reply([&state.total.to_le_bytes()[..], &[who]].concat().into()));
            }
            Call::Save => {
                state.saves += 1;
                let saved = [state.total, state.known, state.bad_leaves];
                said.push(Said::Reply(saved.iter().flat_map(|number| number.to_le_bytes()).collect()));
            }
            Call::Load { from, bytes } => {
                if self.version.bad_load {
                    return Err(CallEnd::Status(1));
                }
                let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
                state.total = number(0).wrapping_add(from);
                (state.known, state.bad_leaves) = (number(4), number(8));
            }
        }
        Ok(())
    }

    fn input(&mut self, seat: Seat, data: &[u8], said: &mut Vec<Said>) -> Result<(), CallEnd> {
        let state = &mut self.state;
        let argument = data.get(1).copied().unwrap_or(0);
        match data.first() {
            Some(b'a') => {
                state.total = state.total.wrapping_add(argument.into());
                said.push(broadcast(&[b'a', seat as u8, argument]));
            }
            Some(b's') => said.push(Said::Send { seat: argument.into(), data: Bytes::from_static(b"psst") }),
            Some(b'e') => {
                said.push(Said::Effect { kind: "score".into(), data: Bytes::copy_from_slice(&data[1..]) });
            }
            Some(b'z') => said.push(Said::End { result: Bytes::copy_from_slice(&data[1..]) }),
            Some(b'f') => said.extend((0..argument).map(|_| broadcast(&[7; 1000]))),
            Some(b'l') => {
                said.push(Said::Log { level: 2, text: "hm".into() });
                said.push(Said::Metric { name: "depth".into(), value: 0.5 });
            }
            Some(b'x') => return Err(CallEnd::Trap("out of bounds".into())),
            Some(b'w') => {
                said.push(Said::Log { level: 3, text: "help".into() });
                said.push(broadcast(b"never heard"));
                return Err(CallEnd::OutOfFuel);
            }
            Some(b't') => state.bad_ticks = argument.into(),
            Some(b'v') => state.bad_view = argument.into(),
            Some(b'q') => state.bad_leaves |= 1 << seat,
            _ => {}
        }
        Ok(())
    }
}

impl State {
    fn numbers(&self) -> [u32; 7] {
        let State { total, seed, known, bad_ticks, bad_view, bad_leaves, saves } = *self;
        [total, seed, known, bad_ticks, bad_view, bad_leaves, saves]
    }

    fn read(image: &[u8]) -> Option<State> {
        let (numbers, rest) = image.as_chunks::<4>();
        let [total, seed, known, bad_ticks, bad_view, bad_leaves, saves] = *numbers else { return None };
        let number = u32::from_le_bytes;
        let state = State {
            total: number(total),
            seed: number(seed),
            known: number(known),
            bad_ticks: number(bad_ticks),
            bad_view: number(bad_view),
            bad_leaves: number(bad_leaves),
            saves: number(saves),
        };
        rest.is_empty().then_some(state)
    }
}

fn broadcast(data: &[u8]) -> Said {
    Said::Broadcast(Bytes::copy_from_slice(data))
}
