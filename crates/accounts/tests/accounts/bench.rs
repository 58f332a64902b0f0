//! Two apps, a clock in the hand, and a way to write any token.

use std::sync::Arc;

use accounts::{Accounts, AccountsConfig, AppConfig, LoginAnswer, LoginRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Chance, Clock, ManualClock};
use model::AppId;
use platform::Secret;
use protocol::Fault;
use ring::hmac;
use serde_json::Value;
use wechat_sim::WechatSim;

pub const START_S: u64 = 1_700_000_000;
pub const DEMO_KEY: &str = "demo-key-demo-key-demo-key-demo-key";
pub const OTHER_KEY: &str = "other-key-other-key-other-key-other";

pub struct Bench {
    pub accounts: Arc<Accounts>,
    pub sim: Arc<WechatSim>,
    pub clock: Arc<ManualClock>,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut AccountsConfig)) -> Bench {
        let clock = Arc::new(ManualClock::new(START_S * 1000));
        let sim = Arc::new(WechatSim::new(Clock::Manual(clock.clone()), Chance::seeded(1)));
        let mut config = AccountsConfig::new(vec![app("demo", &[DEMO_KEY]), app("other", &[OTHER_KEY])]);
        config.dev = true;
        change(&mut config);
        let accounts =
            Accounts::new(config, sim.clone(), Clock::Manual(clock.clone()), Chance::seeded(2)).unwrap();
        Bench { accounts: Arc::new(accounts), sim, clock }
    }

    /// The same configuration and time, nothing remembered.
    pub fn restarted(&self) -> Bench {
        let fresh = Bench::new();
        fresh.clock.advance(std::time::Duration::from_millis(
            Clock::Manual(self.clock.clone()).wall_ms() - START_S * 1000,
        ));
        fresh
    }

    pub fn login(&self, app: &str, code: &str) -> Result<LoginAnswer, Fault> {
        let app = AppId::new(app);
        self.accounts.login(LoginRequest { app: &app, code, device: "phone", build: "1.0" })
    }
}

pub fn app(id: &str, keys: &[&str]) -> AppConfig {
    AppConfig { id: AppId::new(id), jwt_keys: keys.iter().map(|key| Secret::new(*key)).collect() }
}

/// Header and claims of a token, unchecked.
pub fn open(token: &str) -> (Value, Value) {
    let mut parts = token.split('.');
    let mut next = || {
        let part = URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap();
        serde_json::from_slice(&part).unwrap()
    };
    (next(), next())
}

/// A token of any header and claims, signed with HMAC-SHA256.
pub fn write(header: &Value, claims: &Value, key: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())))
}
