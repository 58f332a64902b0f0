//! A WeChat of our own, for laptops and tests: it knows its players by name and fails when it is told to.

mod codes;
mod faults;
mod identity;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::{Chance, Clock};
use model::AppId;
use platform::{LoginProof, Platform, PlatformIdentity};
use protocol::Fault;

use codes::Codes;
use identity::User;

pub use faults::SimFault;

/// The simulated platform.
///
/// - `dev:<name>` is the player of that name, always the same one.
/// - A code of [`issue_code`](WechatSim::issue_code) is good once, for 300 s, as WeChat's are.
/// - Any other code is a player of the device id that comes with it, or of the code itself when there is none.
pub struct WechatSim {
    clock: Clock,
    state: Mutex<State>,
    /// Told at every change of faults, so that slow logins can go on.
    faults_changed: Condvar,
}

struct State {
    chance: Chance,
    codes: Codes,
    fault: Option<Injected>,
    /// Rises with every change of faults, so that a slow login knows when to go on.
    changes: u64,
    /// Names of `dev:` players that the platform blocks, error 40226.
    blocked: Vec<String>,
}

#[derive(Clone, Copy)]
struct Injected {
    fault: SimFault,
    /// For so many logins; none: until cleared.
    times: Option<u32>,
}

impl WechatSim {
    pub fn new(clock: Clock, chance: Chance) -> WechatSim {
        let state = State { chance, codes: Codes::default(), fault: None, changes: 0, blocked: Vec::new() };
        WechatSim { clock, state: Mutex::new(state), faults_changed: Condvar::new() }
    }

    /// What `wx.login` would give to the user of this name, the one of `dev:<name>`: good for one login within 300 s.
    pub fn issue_code(&self, app: &AppId, name: &str) -> String {
        let now = self.clock.now();
        let mut state = self.state();
        let code = format!("{}{}", codes::PREFIX, state.chance.name(28));
        state.codes.issue(code.clone(), app, name, now);
        code
    }

    /// Every login fails in this way from now on; `times` limits how many do.
    pub fn inject(&self, fault: SimFault, times: Option<u32>) {
        let mut state = self.state();
        state.fault = Some(Injected { fault, times }).filter(|injected| injected.times != Some(0));
        state.changes += 1;
        self.faults_changed.notify_all();
    }

    /// Logins work again; slow ones under way go on at once.
    pub fn heal(&self) {
        let mut state = self.state();
        state.fault = None;
        state.changes += 1;
        state.blocked.clear();
        self.faults_changed.notify_all();
    }

    /// The platform refuses the user of `dev:<name>` as a risk, error 40226.
    pub fn block(&self, name: &str) {
        self.state().blocked.push(name.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Obeys the fault of the moment, if any.
    fn suffer(&self) -> Result<(), Fault> {
        let mut state = self.state();
        let Some(injected) = state.fault else { return Ok(()) };
        let times = injected.times.map(|times| times - 1);
        state.fault = (times != Some(0)).then_some(Injected { times, ..injected });
        match injected.fault {
            SimFault::Slow(limit) => {
                self.wait_for_change(state, limit);
                Ok(())
            }
            fault => Err(fault.to_fault()),
        }
    }

    fn wait_for_change(&self, state: MutexGuard<'_, State>, limit: Duration) {
        let seen = state.changes;
        drop(self.faults_changed.wait_timeout_while(state, limit, |state| state.changes == seen));
    }
}

impl Platform for WechatSim {
    fn login(&self, app: &AppId, proof: LoginProof<'_>) -> Result<PlatformIdentity, Fault> {
        self.suffer()?;
        let now = self.clock.now();
        let mut state = self.state();
        let user = if let Some(name) = proof.code.strip_prefix("dev:") {
            User::named(name)
        } else if proof.code.starts_with(codes::PREFIX) {
            state.codes.redeem(proof.code, app, now).map(User::Name)
        } else {
            User::of_device(proof)
        };
        let user = user.map_err(SimFault::to_fault)?;
        if let User::Name(name) = &user
            && state.blocked.contains(name)
        {
            return Err(SimFault::HighRisk.to_fault());
        }
        if !matches!(user, User::Name(_)) {
            tracing::info!(event = "sim_login", %app, by = user.kind(), "an unknown code stands for a test player");
        }
        Ok(user.identity(app, &mut state.chance))
    }
}
