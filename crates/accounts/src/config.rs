//! What accounts are configured with.

use std::time::Duration;

use model::AppId;
use platform::Secret;

/// The apps of this server and how long what it gives out lives.
#[derive(Clone, Debug)]
pub struct AccountsConfig {
    /// The first one is the app of clients that name none.
    pub apps: Vec<AppConfig>,
    pub access_ttl: Duration,
    pub refresh_ttl: Duration,
    /// For how long a refresh token that was already used answers with the same successor.
    pub refresh_grace: Duration,
    /// Lets the founding article's plain-text login name test players.
    pub dev: bool,
}

impl AccountsConfig {
    /// One hour, 30 days, 60 seconds; production.
    pub fn new(apps: Vec<AppConfig>) -> AccountsConfig {
        AccountsConfig {
            apps,
            access_ttl: Duration::from_secs(3600),
            refresh_ttl: Duration::from_secs(30 * 24 * 3600),
            refresh_grace: Duration::from_secs(60),
            dev: false,
        }
    }
}

/// One game on one platform.
#[derive(Clone, Debug)]
pub struct AppConfig {
    pub id: AppId,
    /// HMAC keys of at least 32 bytes. The first signs; the others still verify, so that keys can be changed.
    pub jwt_keys: Vec<Secret>,
}

/// A configuration that accounts refuse to start with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    #[error("no app is configured")]
    NoApp,
    #[error("the app {0} is configured twice")]
    AppTwice(AppId),
    #[error("the app {0} has no JWT key")]
    NoKey(AppId),
    #[error("a JWT key of the app {app} has {bytes} bytes; at least 32 are needed")]
    ShortKey { app: AppId, bytes: usize },
    #[error("two JWT keys of the app {0} are the same")]
    KeyTwice(AppId),
}
