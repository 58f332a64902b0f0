//! The engine that runs the simulated game.

use std::sync::Arc;
use std::time::Duration;

use clock::ManualClock;
use room_core::Damaged;
use room_core::modules::{
    Call, CallEnd, CallTime, Guest, LogicRef, ModuleHash, Modules, NoModule, Optional, Said,
};

use super::rules::{Tally, Version};

/// The games there are: the same rules, and in the second a tick takes long.
pub const GAMES: [&str; 2] = ["tally", "slow"];
const SLOW: u8 = 1;
/// What a tick of the second one takes.
const LONG: Duration = Duration::from_millis(3);

pub struct Engine {
    pub clock: Arc<ManualClock>,
    /// Of each call.
    pub fuel: u64,
}

/// The module's hash holds version and game.
pub fn logic(game: &str, version: Version) -> LogicRef {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&version.0.to_be_bytes());
    hash[31] = if game == GAMES[1] { SLOW } else { 0 };
    LogicRef { game: game.to_owned(), version: version.0, hash: ModuleHash(hash) }
}

impl Modules for Engine {
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
        let [a, b, c, d, ..] = module.0;
        let slow = (module.0[31] == SLOW).then(|| self.clock.clone());
        Ok(Box::new(Instance {
            version: Version(u32::from_be_bytes([a, b, c, d])),
            tally: Tally::default(),
            slow,
            fuel: self.fuel,
            broken: false,
        }))
    }
}

struct Instance {
    version: Version,
    tally: Tally,
    /// Time passes while it makes a tick.
    slow: Option<Arc<ManualClock>>,
    fuel: u64,
    broken: bool,
}

impl Guest for Instance {
    fn call(&mut self, call: Call<'_>, _at: CallTime, said: &mut Vec<Said>) -> Result<(), CallEnd> {
        assert!(!self.broken, "called after a call that ended badly");
        if let (Some(clock), Call::Tick { .. }) = (&self.slow, &call) {
            clock.advance(LONG);
        }
        let done = self.tally.step(self.version, call, said);
        self.broken = done.is_err();
        done
    }

    fn can(&self, what: Optional) -> bool {
        what != Optional::Save || self.version.saves()
    }

    fn image(&mut self, out: &mut Vec<u8>) {
        assert!(!self.broken, "an image of what a failed call left behind");
        out.extend(self.tally.to_bytes());
    }

    fn restore(&mut self, image: &[u8]) -> Result<(), Damaged> {
        let damaged = || Damaged { what: "not an image of this game".into() };
        self.tally = Tally::from_bytes(image).ok_or_else(damaged)?;
        self.broken = false;
        Ok(())
    }

    fn spent(&self) -> u64 {
        self.fuel
    }
}
