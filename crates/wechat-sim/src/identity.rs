//! Who stands behind a code, in WeChat's shapes.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clock::Chance;
use model::AppId;
use platform::{LoginProof, PlatformIdentity, Secret};
use ring::hmac;

use crate::faults::SimFault;

/// Longer names are no names.
const NAME_BYTES_MAX: usize = 128;

/// A person, the same in all apps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum User {
    Name(String),
    Device(String),
    /// Nothing but the code is known.
    Code(String),
}

impl User {
    pub(crate) fn named(name: &str) -> Result<User, SimFault> {
        readable(name).map(User::Name)
    }

    pub(crate) fn of_device(proof: LoginProof<'_>) -> Result<User, SimFault> {
        let code = readable(proof.code)?;
        if proof.device.is_empty() { Ok(User::Code(code)) } else { readable(proof.device).map(User::Device) }
    }

    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            User::Name(_) => "name",
            User::Device(_) => "device",
            User::Code(_) => "code",
        }
    }

    /// Openid: 28 characters, the first six equal within an app, as WeChat's are. Session key: 16 random bytes, new
    /// with every login.
    pub(crate) fn identity(&self, app: &AppId, chance: &mut Chance) -> PlatformIdentity {
        let (User::Name(text) | User::Device(text) | User::Code(text)) = self;
        let of_app = digest(&["app", app.as_str()]);
        let of_user = digest(&["openid", app.as_str(), self.kind(), text]);
        let of_person = digest(&["unionid", self.kind(), text]);
        let mut session_key = [0; 16];
        chance.fill(&mut session_key);
        PlatformIdentity {
            platform: "wechat-sim",
            subject: format!("o{}{}", &of_app[..5], &of_user[..22]),
            union: Some(format!("oSim0u{}", &of_person[..22])),
            session_secret: Secret::new(STANDARD.encode(session_key)),
        }
    }
}

fn readable(text: &str) -> Result<String, SimFault> {
    let text = text.trim();
    let fine = !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control);
    fine.then(|| text.to_owned()).ok_or(SimFault::InvalidCode)
}

/// 43 characters of base64url.
fn digest(parts: &[&str]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, b"simulated wechat"));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(context.sign())
}
