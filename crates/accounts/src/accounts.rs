//! Logins, refreshes and the check of every token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use clock::{Chance, Clock};
use model::{AppId, PlayerId};
use platform::{LoginProof, Platform};
use protocol::{ErrorCode, Fault};
use serde::Serialize;

use crate::bans::{Ban, Bans};
use crate::claims::{AccessClaims, AccessToken, AccessUse, RefreshToken, RefreshUse, Role};
use crate::config::{AccountsConfig, BadConfig};
use crate::jwt::KeyRing;
use crate::player_id::player_id;
use crate::profiles::{MemoryProfiles, Profile, ProfileStore};
use crate::refresh_families::{RefreshFamilies, Refused};
use crate::session_numbers::SessionNumbers;

/// How many profiles, and token families of each app, are kept in memory; each takes some 300 bytes.
const KEPT_IN_MEMORY: usize = 1_000_000;
/// Keys shorter than HS256's output weaken it (RFC 7518, 3.2).
const KEY_BYTES_MIN: usize = 32;
const NAME_CHARS_MAX: usize = 24;

/// The accounts of all apps of a server. Shared by reference among threads.
pub struct Accounts {
    config: AccountsConfig,
    keys: KeyRing,
    platform: Arc<dyn Platform>,
    profiles: Arc<dyn ProfileStore>,
    clock: Clock,
    chance: Mutex<Chance>,
    session_numbers: Mutex<SessionNumbers>,
    /// Read at every check of a token, written when somebody refreshes, logs out or is banned.
    standing: RwLock<Standing>,
}

struct Standing {
    bans: Bans,
    /// Of every app that is served, so that one app's players cannot push another's out of memory.
    families: HashMap<AppId, RefreshFamilies>,
}

/// What a client sends to log in.
#[derive(Clone, Copy, Debug)]
pub struct LoginRequest<'a> {
    pub app: &'a AppId,
    /// The platform's one-time code.
    pub code: &'a str,
    /// The SDK's own device id.
    pub device: &'a str,
    /// For the log only; the version table is asked by the door.
    pub build: &'a str,
}

/// What a login or refresh gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoginAnswer {
    /// The access token.
    pub token: String,
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    pub player: PlayerView,
}

/// A player as a login tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlayerView {
    pub id: PlayerId,
    pub name: String,
}

impl Accounts {
    /// Accounts with profiles in memory.
    ///
    /// # Errors
    /// No app, an app twice, or a key that is missing, short or there twice.
    pub fn new(
        config: AccountsConfig,
        platform: Arc<dyn Platform>,
        clock: Clock,
        chance: Chance,
    ) -> Result<Accounts, BadConfig> {
        Accounts::with_profiles(
            config,
            platform,
            Arc::new(MemoryProfiles::new(KEPT_IN_MEMORY)),
            clock,
            chance,
        )
    }

    /// Accounts with profiles kept elsewhere.
    ///
    /// # Errors
    /// As [`Accounts::new`].
    pub fn with_profiles(
        config: AccountsConfig,
        platform: Arc<dyn Platform>,
        profiles: Arc<dyn ProfileStore>,
        clock: Clock,
        chance: Chance,
    ) -> Result<Accounts, BadConfig> {
        let keys = read_keys(&config)?;
        let families = |_| RefreshFamilies::new(config.refresh_ttl, config.refresh_grace, KEPT_IN_MEMORY);
        let families = config.apps.iter().map(|app| (app.id.clone(), families(app))).collect();
        let standing = RwLock::new(Standing { bans: Bans::default(), families });
        let (chance, session_numbers) = (Mutex::new(chance), Mutex::default());
        Ok(Accounts { config, keys, platform, profiles, clock, chance, session_numbers, standing })
    }

    /// The app of clients that name none.
    pub fn default_app(&self) -> &AppId {
        // `read_keys` has refused an empty list.
        &self.config.apps[0].id
    }

    pub fn serves(&self, app: &AppId) -> bool {
        self.keys.serves(app)
    }

    /// Exchanges the platform's code for tokens. Blocks for as long as the platform takes.
    ///
    /// # Errors
    /// `unknown_app`, `code_rejected`, `platform_unavailable`, `banned`.
    pub fn login(&self, request: LoginRequest<'_>) -> Result<LoginAnswer, Fault> {
        let LoginRequest { app, code, device, build } = request;
        if !self.serves(app) {
            return Err(ErrorCode::UnknownApp.into());
        }
        let identity = self.platform.login(app, LoginProof { code, device })?;
        let player = player_id(identity.platform, app, &identity.subject);
        self.refuse_banned(app, &player)?;
        let now_ms = self.clock.wall_ms();
        let profile = self.profiles.note_login(
            app,
            Profile {
                name: first_name(code, &player),
                player,
                platform: identity.platform.to_owned(),
                created_ms: now_ms,
                last_login_ms: now_ms,
                logins: 1,
            },
        );
        tracing::info!(event = "login", %app, player = %profile.player, build, logins = profile.logins);
        let family = self.draw_name(20);
        let refresh_expires_s = now_ms / 1000 + self.config.refresh_ttl.as_secs();
        let claims = RefreshToken {
            r#use: RefreshUse::Refresh,
            sub: profile.player,
            app: app.clone(),
            name: profile.name,
            role: Role::Player,
            exp: refresh_expires_s,
            fam: family,
            num: 1,
        };
        self.answer(claims)
    }

    /// A new pair of tokens for a refresh token.
    ///
    /// A token that was used within the grace answers with the same successor until that was used, so an answer lost
    /// on the way costs nothing.
    ///
    /// # Errors
    /// `refresh_invalid`; `banned`.
    pub fn refresh(&self, refresh_token: &str) -> Result<LoginAnswer, Fault> {
        let claims = self.read_refresh(refresh_token)?;
        self.refuse_banned(&claims.app, &claims.sub)?;
        let turned = {
            let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
            let families = standing.families.get_mut(&claims.app).ok_or(ErrorCode::RefreshInvalid)?;
            families.turn(&claims.fam, claims.num, self.clock.wall_ms())
        };
        match turned {
            Ok(newest) => self.answer(RefreshToken { num: newest.number, exp: newest.expires_s, ..claims }),
            Err(Refused::Revoked) => Err(ErrorCode::RefreshInvalid.into()),
            Err(Refused::Reused) => {
                tracing::warn!(event = "refresh_reused", app = %claims.app, player = %claims.sub);
                let sentence = "The refresh token was used before; every token of this login is revoked.";
                Err(Fault::new(ErrorCode::RefreshInvalid, sentence))
            }
        }
    }

    /// Ends a login: neither its access tokens nor its refresh tokens are good any more.
    ///
    /// # Errors
    /// `token_invalid`, `token_expired`.
    pub fn logout(&self, access_token: &str) -> Result<(), Fault> {
        let claims = self.verify_access(access_token)?;
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(families) = standing.families.get_mut(&claims.app) {
            families.revoke(&claims.family, self.clock.wall_ms());
        }
        tracing::info!(event = "logout", app = %claims.app, player = %claims.player);
        Ok(())
    }

    /// Checks an access token: one HMAC and one shared lock, never the platform or a store.
    ///
    /// # Errors
    /// `token_invalid` when it is not ours or was logged out; `token_expired`; `banned`.
    pub fn verify_access(&self, token: &str) -> Result<AccessClaims, Fault> {
        let (app, claims) = self
            .keys
            .verify::<AccessToken>(token)
            .map_err(|bad| Fault::new(ErrorCode::TokenInvalid, bad.sentence()))?;
        if *app != claims.app {
            return Err(Fault::new(ErrorCode::TokenInvalid, "The token is of another app."));
        }
        let now_ms = self.clock.wall_ms();
        if now_ms / 1000 >= claims.exp {
            return Err(ErrorCode::TokenExpired.into());
        }
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        if standing.is_revoked(&claims.app, &claims.fam) {
            return Err(Fault::new(ErrorCode::TokenInvalid, "The token was logged out."));
        }
        if let Some(ban) = standing.bans.find(&claims.app, &claims.sub, now_ms) {
            return Err(ban.to_fault());
        }
        drop(standing);
        Ok(AccessClaims {
            app: claims.app,
            player: claims.sub,
            name: claims.name,
            role: claims.role,
            expires_s: claims.exp,
            family: claims.fam,
        })
    }

    /// Has this login been ended, by logout or because a used refresh token turned up again? One shared lock.
    ///
    /// A process knows of the logins that ended while it ran.
    pub fn is_revoked(&self, app: &AppId, family: &str) -> bool {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).is_revoked(app, family)
    }

    /// The test player that the founding article's plain-text login names. Nothing blocks.
    ///
    /// # Errors
    /// `token_invalid` outside `dev`; `unknown_app`; `bad_body` for an empty text; `banned`.
    pub fn dev_player(&self, app: &AppId, text: &str) -> Result<AccessClaims, Fault> {
        if !self.config.dev {
            let sentence = "A plain-text login names a test player; this server takes tokens only.";
            return Err(Fault::new(ErrorCode::TokenInvalid, sentence));
        }
        if !self.serves(app) {
            return Err(ErrorCode::UnknownApp.into());
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::new(ErrorCode::BadBody, "The login is empty."));
        }
        let player = player_id("dev", app, text);
        self.refuse_banned(app, &player)?;
        Ok(AccessClaims {
            app: app.clone(),
            player,
            name: shown(text),
            role: Role::Tester,
            expires_s: self.clock.wall_s() + self.config.access_ttl.as_secs(),
            family: self.draw_name(20),
        })
    }

    /// The number of a player's next session: higher than all before, also across restarts.
    pub fn next_session_number(&self, app: &AppId, player: &PlayerId) -> u32 {
        let mut numbers = self.session_numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.next(app, player, self.clock.wall_s())
    }

    /// From now on no number is below this one: rooms that outlived a process may remember higher ones than a clock
    /// that was set back, or a login within the same second, would lead to.
    pub fn session_numbers_from(&self, least: u32) {
        let mut numbers = self.session_numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.rise_to(least);
    }

    /// None if the player never logged in, or the store has forgotten.
    pub fn profile(&self, app: &AppId, player: &PlayerId) -> Option<Profile> {
        self.profiles.get(app, player)
    }

    /// Shuts a player out; `lasts` none is for ever. Their tokens stop at once; a session that is connected goes on.
    pub fn ban(&self, app: &AppId, player: &PlayerId, reason: &str, lasts: Option<Duration>) {
        let now_ms = self.clock.wall_ms();
        let until_ms = lasts.map(|lasts| now_ms.saturating_add(lasts.as_millis() as u64));
        let ban = Ban { reason: reason.to_owned(), until_ms };
        tracing::info!(event = "ban", %app, %player, reason, until_ms);
        self.standing.write().unwrap_or_else(PoisonError::into_inner).bans.set(app, player, ban, now_ms);
    }

    /// False if the player was not banned.
    pub fn unban(&self, app: &AppId, player: &PlayerId) -> bool {
        tracing::info!(event = "unban", %app, %player);
        self.standing.write().unwrap_or_else(PoisonError::into_inner).bans.lift(app, player)
    }

    pub fn is_banned(&self, app: &AppId, player: &PlayerId) -> Option<Ban> {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        standing.bans.find(app, player, self.clock.wall_ms()).cloned()
    }

    fn refuse_banned(&self, app: &AppId, player: &PlayerId) -> Result<(), Fault> {
        self.is_banned(app, player).map_or(Ok(()), |ban| Err(ban.to_fault()))
    }

    fn read_refresh(&self, token: &str) -> Result<RefreshToken, Fault> {
        let invalid = |_| Fault::from(ErrorCode::RefreshInvalid);
        let (app, claims) = self.keys.verify::<RefreshToken>(token).map_err(invalid)?;
        if *app != claims.app || self.clock.wall_s() >= claims.exp {
            return Err(ErrorCode::RefreshInvalid.into());
        }
        Ok(claims)
    }

    /// Writes the refresh token as it is and an access token beside it.
    fn answer(&self, refresh: RefreshToken) -> Result<LoginAnswer, Fault> {
        let now_s = self.clock.wall_s();
        let expires_in = self.config.access_ttl.as_secs();
        let access = AccessToken {
            r#use: AccessUse::Access,
            sub: refresh.sub.clone(),
            app: refresh.app.clone(),
            name: refresh.name.clone(),
            role: refresh.role,
            iat: now_s,
            exp: now_s + expires_in,
            jti: self.draw_name(12),
            fam: refresh.fam.clone(),
        };
        let sign = || Some((self.keys.sign(&refresh.app, &access)?, self.keys.sign(&refresh.app, &refresh)?));
        let (token, refresh_token) = sign().ok_or(ErrorCode::UnknownApp)?;
        let player = PlayerView { id: refresh.sub, name: refresh.name };
        Ok(LoginAnswer { token, refresh_token, expires_in, player })
    }

    fn draw_name(&self, length: usize) -> String {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).name(length)
    }
}

impl Standing {
    fn is_revoked(&self, app: &AppId, family: &str) -> bool {
        self.families.get(app).is_some_and(|families| families.is_revoked(family))
    }
}

fn read_keys(config: &AccountsConfig) -> Result<KeyRing, BadConfig> {
    if config.apps.is_empty() {
        return Err(BadConfig::NoApp);
    }
    let mut keys = KeyRing::new();
    for app in &config.apps {
        if keys.serves(&app.id) {
            return Err(BadConfig::AppTwice(app.id.clone()));
        }
        if app.jwt_keys.is_empty() {
            return Err(BadConfig::NoKey(app.id.clone()));
        }
        for secret in &app.jwt_keys {
            let bytes = secret.reveal().len();
            if bytes < KEY_BYTES_MIN {
                return Err(BadConfig::ShortKey { app: app.id.clone(), bytes });
            }
            if !keys.add(&app.id, secret) {
                return Err(BadConfig::KeyTwice(app.id.clone()));
            }
        }
    }
    Ok(keys)
}

/// The name of a player who has given none: a test player's own, else one made from the id.
fn first_name(code: &str, player: &PlayerId) -> String {
    match code.strip_prefix("dev:") {
        Some(name) if !name.trim().is_empty() => shown(name),
        _ => format!("玩家{}", player.as_str().get(1..5).unwrap_or("")),
    }
}

fn shown(name: &str) -> String {
    name.trim().chars().filter(|char| !char.is_control()).take(NAME_CHARS_MAX).collect()
}
