//! A game platform as Jianzi needs it. No type of any one platform stands here: WeChat is one engine, others follow.

use std::fmt;

use model::AppId;
use protocol::Fault;

/// Whom a platform says a login code belongs to. Identities are (platform, app, subject).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformIdentity {
    /// The engine's short name: "wechat", "wechat-sim".
    pub platform: &'static str,
    /// The player's id on the platform, within the app; WeChat's openid.
    pub subject: String,
    /// The id that joins the player's accounts in several apps of one studio; WeChat's unionid.
    pub union: Option<String>,
    /// What the platform lets us verify or decrypt with; WeChat's session_key. Never stored on disk.
    pub session_secret: Secret,
}

/// What a client brings to log in.
#[derive(Clone, Debug)]
pub struct LoginProof<'a> {
    /// The platform's one-time code, `wx.login`'s.
    pub code: &'a str,
    /// The SDK's own device id; only a simulator trusts it.
    pub device: &'a str,
}

/// A platform's login. Calls may block for as long as the platform takes: not for a gateway's or shard's thread.
pub trait Platform: Send + Sync {
    /// Exchanges a login code for an identity.
    ///
    /// # Errors
    /// `code_rejected` when the code is wrong, used or expired; `platform_unavailable` when nobody answers;
    /// `banned` when the platform refuses this person.
    fn login(&self, app: &AppId, proof: LoginProof<'_>) -> Result<PlatformIdentity, Fault>;
}

/// A text that does not print.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself; for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
