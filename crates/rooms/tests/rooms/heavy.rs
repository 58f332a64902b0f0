//! The game of a few lines, whose second version burns what it is told to and stays in its calls as long as it is held.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use room_core::Damaged;
use room_core::modules::{Call, CallEnd, CallTime, Guest, ModuleHash, Modules, NoModule, Optional, Said};
use rooms::{Games, RoomsConfig};

use crate::fake_game::{FakeGames, Version};
use crate::stage::{LIMIT, Stage, config};

/// Clones are the same.
#[derive(Clone)]
pub struct Heavy {
    pub games: Arc<FakeGames>,
    burnt: Arc<AtomicU64>,
    calls: Arc<(Mutex<Calls>, Condvar)>,
}

#[derive(Default)]
struct Calls {
    held: Option<Kind>,
    /// A call is held now.
    within: bool,
    /// Ticks that were made, by the thread's name.
    ticks_by_thread: BTreeMap<String, u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tick,
    Input,
}

/// What a call of the second version burns that is far too much: twelve milliseconds.
pub const FAR_TOO_MUCH: u64 = 100_000_000;

impl Heavy {
    pub fn new(versions: &[Version]) -> Heavy {
        let heavy = Heavy { games: FakeGames::new(versions), burnt: Arc::default(), calls: Arc::default() };
        heavy.burn(1000);
        heavy
    }

    /// All rooms on one thread, or so it would be.
    pub fn config(&self) -> RoomsConfig {
        let games = Games { modules: Arc::new(self.clone()), ..self.games.games() };
        RoomsConfig { games, shards: 1, ..config() }
    }

    pub fn stage(&self) -> Stage {
        Stage::with(self.config(), |link| Arc::new(link))
    }

    /// What new rooms begin with.
    pub fn choose(&self, version: u32) {
        *self.games.current.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }

    pub fn burn(&self, fuel: u64) {
        self.burnt.store(fuel, Ordering::SeqCst);
    }

    /// Ticks of the second version do not come back, until they are let go.
    pub fn hold(&self) {
        self.guard().held = Some(Kind::Tick);
    }

    /// The same for inputs.
    pub fn hold_inputs(&self) {
        self.guard().held = Some(Kind::Input);
    }

    pub fn let_go(&self) {
        self.guard().held = None;
        self.calls.1.notify_all();
    }

    pub fn is_held(&self) -> bool {
        self.guard().within
    }

    /// Ticks of the second version so far.
    pub fn ticks_on(&self, thread: &str) -> u32 {
        self.guard().ticks_by_thread.get(thread).copied().unwrap_or(0)
    }

    fn pass(&self, kind: Kind) {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        let mut calls = self.guard();
        calls.within = calls.held == Some(kind);
        let (mut calls, _) = self
            .calls
            .1
            .wait_timeout_while(calls, LIMIT, |calls| calls.held == Some(kind))
            .unwrap_or_else(PoisonError::into_inner);
        calls.within = false;
        if kind == Kind::Tick {
            *calls.ticks_by_thread.entry(thread).or_default() += 1;
        }
    }

    fn guard(&self) -> MutexGuard<'_, Calls> {
        self.calls.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Modules for Heavy {
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
        let guest = self.games.instantiate(module)?;
        Ok(match module.0[0] {
            2 => Box::new(Slow { guest, heavy: self.clone() }),
            _ => guest,
        })
    }
}

struct Slow {
    guest: Box<dyn Guest>,
    heavy: Heavy,
}

impl Guest for Slow {
    fn call(&mut self, call: Call<'_>, at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        match call {
            Call::Tick { .. } => self.heavy.pass(Kind::Tick),
            Call::Input { .. } => self.heavy.pass(Kind::Input),
            _ => {}
        }
        self.guest.call(call, at, said)
    }

    fn can(&self, what: Optional) -> bool {
        self.guest.can(what)
    }

    fn image(&mut self, out: &mut Vec<u8>) {
        self.guest.image(out);
    }

    fn restore(&mut self, image: &[u8]) -> Result<(), Damaged> {
        self.guest.restore(image)
    }

    fn spent(&self) -> u64 {
        self.heavy.burnt.load(Ordering::SeqCst)
    }
}
