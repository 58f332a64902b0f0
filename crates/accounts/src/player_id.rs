//! A player's id, derived from the platform's.

use model::{AppId, PlayerId};
use ring::hmac;

/// The key only separates this use of HMAC from others. It must never change: every player's id hangs on it.
const DOMAIN: &[u8] = b"jianzi player id v1";

/// "p" and 24 characters, the same for the same (platform, app, subject) always and everywhere.
pub fn player_id(platform: &str, app: &AppId, subject: &str) -> PlayerId {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, DOMAIN));
    for part in [platform, app.as_str(), subject] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    PlayerId::new(format!("p{}", base32(&context.sign().as_ref()[..15])))
}

/// Lower-case base32 without padding (RFC 4648's alphabet).
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut five = [0; 8];
        five[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(five);
        let digits = (chunk.len() * 8).div_ceil(5);
        text.extend((0..digits).map(|digit| ALPHABET[(bits >> (35 - 5 * digit)) as usize & 31] as char));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_as_in_rfc_4648() {
        let cases = [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq")];
        for (plain, coded) in cases.into_iter().chain([("fooba", "mzxw6ytb"), ("foobar", "mzxw6ytboi")]) {
            assert_eq!(base32(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn ids_are_stable_and_parts_do_not_run_into_each_other() {
        let id = player_id("wechat", &AppId::new("demo"), "o1");
        // Computed with Python's hmac and base64; a change of this value would rename every player.
        assert_eq!(id.as_str(), "p7zm3s4azbiagae6innkagqtk");
        assert_ne!(id, player_id("wechat", &AppId::new("demoo"), "1"));
        assert_ne!(id, player_id("wechat", &AppId::new("demo2"), "o1"));
        assert_ne!(id, player_id("wechat-sim", &AppId::new("demo"), "o1"));
    }
}
