//! What access and refresh tokens say.

use model::{AppId, PlayerId};
use serde::{Deserialize, Serialize};

/// What a verified access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    pub app: AppId,
    pub player: PlayerId,
    /// The player's name to show, at login.
    pub name: String,
    pub role: Role,
    /// Seconds since 1970, UTC.
    pub expires_s: u64,
    /// The login that this token and its refreshed successors come from.
    pub family: String,
}

/// What the holder of a token may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Player,
    /// Named by plain text, in `dev` only.
    Tester,
}

/// An access token's claims as they are written.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) r#use: AccessUse,
    pub(crate) sub: PlayerId,
    pub(crate) app: AppId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    pub(crate) jti: String,
    pub(crate) fam: String,
}

/// A refresh token's claims as they are written.
#[derive(Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    pub(crate) r#use: RefreshUse,
    pub(crate) sub: PlayerId,
    pub(crate) app: AppId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) exp: u64,
    pub(crate) fam: String,
    /// The place in the family, from 1.
    pub(crate) num: u32,
}

/// Types of one value each: a refresh token cannot be read as an access token, nor the other way round.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccessUse {
    Access,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RefreshUse {
    Refresh,
}
