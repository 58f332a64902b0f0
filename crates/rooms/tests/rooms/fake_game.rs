//! A game in a few lines, and who chooses, judges and watches its versions.
//!
//! It keeps a total. An input `a` adds the next byte, `s` whispers to its own seat, `e` has an effect, `z` ends the
//! match, `x` fails; every tick adds the version's pace and tells the total.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::{AppId, PlayerId, RoomId, RoomKey};
use protocol::{ErrorCode, Fault};
use room_core::modules::{
    Call, CallEnd, CallTime, Guest, LogicRef, ModuleHash, Modules, NoModule, Optional, Said,
};
use room_core::{Damaged, LogicLoad};
use rooms::{Fate, GameEffect, GameWatch, Games, LogicCatalog, Outbox, VersionWatch};

#[derive(Clone, Copy)]
pub struct Version {
    pub pace: u32,
    pub saves: bool,
    pub bad_load: bool,
    pub bad_ticks: bool,
}

/// The versions by number, from 1; what became of them.
pub struct FakeGames {
    pub versions: Vec<Version>,
    /// What new rooms begin with.
    pub current: Mutex<u32>,
    /// The version that rebuilt rooms have to leave, and where they go.
    pub refuge: Mutex<Option<(u32, u32)>>,
    /// Of versions whose effects do not just happen.
    pub fates: Mutex<BTreeMap<u32, Fate>>,
    pub watched: Mutex<Watched>,
}

#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Rooms by version.
    pub rooms: BTreeMap<u32, i32>,
    pub calls: BTreeMap<u32, u64>,
    pub ended: BTreeMap<u32, u64>,
    pub suspended: u32,
    /// With whether they were told again.
    pub effects: Vec<(GameEffect, bool)>,
}

pub const STEADY: Version = Version { pace: 1, saves: true, bad_load: false, bad_ticks: false };

pub fn logic(version: u32) -> LogicRef {
    LogicRef { game: "sum".into(), version, hash: ModuleHash([version as u8; 32]) }
}

impl FakeGames {
    pub fn new(versions: &[Version]) -> Arc<FakeGames> {
        Arc::new(FakeGames {
            versions: versions.to_vec(),
            current: Mutex::new(1),
            refuge: Mutex::default(),
            fates: Mutex::default(),
            watched: Mutex::default(),
        })
    }

    pub fn games(self: &Arc<FakeGames>) -> Games {
        Games {
            modules: self.clone(),
            catalog: self.clone(),
            watch: Arc::new(Watch(self.clone())),
            outbox: self.clone(),
        }
    }

    pub fn judge(&self, version: u32, fate: Fate) {
        guard(&self.fates).insert(version, fate);
    }

    pub fn watched(&self) -> Watched {
        guard(&self.watched).clone()
    }
}

impl Modules for FakeGames {
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
        let version = self.versions.get(usize::from(module.0[0]).wrapping_sub(1));
        let missing = || NoModule { module: *module, why: "there is none".to_owned() };
        Ok(Box::new(Sum { version: *version.ok_or_else(missing)?, total: 0, broken: false }))
    }
}

impl LogicCatalog for FakeGames {
    fn current(&self, _: &AppId, game: &str, _: &RoomId, _: &PlayerId) -> Result<LogicRef, Fault> {
        match game {
            "sum" => Ok(logic(*guard(&self.current))),
            _ => Err(Fault::new(ErrorCode::BadSpec, "there is no such game")),
        }
    }

    fn refuge(&self, _: &AppId, running: &LogicRef) -> Option<LogicRef> {
        guard(&self.refuge).filter(|(from, _)| *from == running.version).map(|(_, to)| logic(to))
    }

    fn fate(&self, _: &AppId, game: &str, version: u32) -> Fate {
        assert_eq!(game, "sum");
        guard(&self.fates).get(&version).copied().unwrap_or(Fate::Happen)
    }
}

impl Outbox for FakeGames {
    fn tell(&self, _: &RoomKey, game: &str, effect: &GameEffect, again: bool) {
        assert_eq!(game, "sum");
        guard(&self.watched).effects.push((effect.clone(), again));
    }
}

struct Watch(Arc<FakeGames>);

struct WatchVersion(Arc<FakeGames>, u32);

impl GameWatch for Watch {
    fn version(&self, _: &AppId, logic: &LogicRef) -> Arc<dyn VersionWatch> {
        Arc::new(WatchVersion(self.0.clone(), logic.version))
    }
}

impl VersionWatch for WatchVersion {
    fn room_came(&self, _: &RoomKey) {
        *guard(&self.0.watched).rooms.entry(self.1).or_default() += 1;
    }

    fn room_went(&self, _: &RoomKey) {
        *guard(&self.0.watched).rooms.entry(self.1).or_default() -= 1;
    }

    fn called(&self, _: &RoomKey, load: LogicLoad, _: Duration) {
        let mut watched = guard(&self.0.watched);
        *watched.calls.entry(self.1).or_default() += load.calls;
        *watched.ended.entry(self.1).or_default() += load.ended;
    }

    fn suspended(&self, _: &RoomKey, _: &CallEnd) {
        guard(&self.0.watched).suspended += 1;
    }
}

struct Sum {
    version: Version,
    total: u32,
    broken: bool,
}

impl Guest for Sum {
    fn call(&mut self, call: Call<'_>, _at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        assert!(!self.broken, "called after a call that ended badly");
        let done = self.step(call, said);
        self.broken = done.is_err();
        done
    }

    fn can(&self, what: Optional) -> bool {
        what != Optional::Save || self.version.saves
    }

    fn image(&mut self, out: &mut Vec<u8>) {
        assert!(!self.broken, "an image of a broken guest");
        out.extend(self.total.to_le_bytes());
    }

    fn restore(&mut self, image: &[u8]) -> Result<(), Damaged> {
        let image = image.try_into().map_err(|_| Damaged { what: "not an image".into() })?;
        (self.total, self.broken) = (u32::from_le_bytes(image), false);
        Ok(())
    }

    fn spent(&self) -> u64 {
        1000
    }
}

impl Sum {
    fn step(&mut self, call: Call<'_>, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        let total = |total: u32| Bytes::copy_from_slice(&total.to_le_bytes());
        match call {
            Call::Tick { .. } if self.version.bad_ticks => return Err(CallEnd::OutOfFuel),
            Call::Tick { .. } => {
                self.total += self.version.pace;
                said.push(Said::Broadcast(total(self.total)));
            }
            Call::View { .. } | Call::Save => said.push(Said::Reply(total(self.total))),
            Call::Load { .. } if self.version.bad_load => return Err(CallEnd::Status(7)),
            Call::Load { bytes, .. } => {
                self.total = u32::from_le_bytes(bytes.try_into().map_err(|_| CallEnd::Status(1))?);
            }
            Call::Input { seat, data } => match data {
                [b'a', more] => self.total += u32::from(*more),
                b"s" => said.push(Said::Send { seat, data: Bytes::from_static(b"psst") }),
                [b'e', what @ ..] => {
                    said.push(Said::Effect { kind: "score".into(), data: Bytes::copy_from_slice(what) });
                }
                [b'z', result @ ..] => said.push(Said::End { result: Bytes::copy_from_slice(result) }),
                _ => {
                    self.total += 1_000_000;
                    return Err(CallEnd::Trap("out of bounds".to_owned()));
                }
            },
            Call::Init { .. } | Call::Join { .. } | Call::Leave { .. } => {}
        }
        Ok(())
    }
}

fn guard<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
