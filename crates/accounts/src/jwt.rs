//! JSON Web Tokens, compact form, HS256 and nothing else (RFC 7515, RFC 7519).

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use model::AppId;
use platform::Secret;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// Longer texts are not read at all.
const TOKEN_BYTES_MAX: usize = 2048;

/// The keys of all apps, found by the key id in a token's header.
pub(crate) struct KeyRing {
    keys: Vec<Key>,
    by_id: HashMap<String, usize>,
    /// Our own tokens begin with one of these; they are found without parsing.
    by_header: HashMap<String, usize>,
    /// The key that signs, by app.
    signing: HashMap<AppId, usize>,
}

struct Key {
    app: AppId,
    /// `base64url({"alg":"HS256",…})`, as every token of this key begins.
    header: String,
    hmac: hmac::Key,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

impl KeyRing {
    pub(crate) fn new() -> KeyRing {
        KeyRing {
            keys: Vec::new(),
            by_id: HashMap::new(),
            by_header: HashMap::new(),
            signing: HashMap::new(),
        }
    }

    /// Adds a key; the first of an app signs. False if the app has this key already.
    pub(crate) fn add(&mut self, app: &AppId, secret: &Secret) -> bool {
        let hmac = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
        let kid = key_id(&hmac, app);
        if self.by_id.contains_key(&kid) {
            return false;
        }
        let header = Header { alg: "HS256".into(), typ: "JWT".into(), kid: kid.clone() };
        let header = BASE64.encode(serde_json::to_vec(&header).unwrap_or_default());
        let index = self.keys.len();
        self.by_id.insert(kid, index);
        self.by_header.insert(header.clone(), index);
        self.signing.entry(app.clone()).or_insert(index);
        self.keys.push(Key { app: app.clone(), header, hmac });
        true
    }

    pub(crate) fn serves(&self, app: &AppId) -> bool {
        self.signing.contains_key(app)
    }

    /// None if the app is unknown.
    pub(crate) fn sign(&self, app: &AppId, claims: &impl Serialize) -> Option<String> {
        let key = &self.keys[*self.signing.get(app)?];
        let claims = serde_json::to_vec(claims).ok()?;
        let mut token = format!("{}.{}", key.header, BASE64.encode(claims));
        let tag = hmac::sign(&key.hmac, token.as_bytes());
        token.push('.');
        BASE64.encode_string(tag.as_ref(), &mut token);
        Some(token)
    }

    /// The claims of a token that one of our keys signed, and the app of that key. Says nothing about time.
    pub(crate) fn verify<C: for<'de> Deserialize<'de>>(&self, token: &str) -> Result<(&AppId, C), BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(BadToken::Malformed);
        }
        let (signed, tag) = token.rsplit_once('.').ok_or(BadToken::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(BadToken::Malformed)?;
        let key = self.key_of(header)?;
        let tag = BASE64.decode(tag).map_err(|_| BadToken::Malformed)?;
        // ring compares in constant time.
        hmac::verify(&key.hmac, signed.as_bytes(), &tag).map_err(|_| BadToken::Forged)?;
        let claims = BASE64.decode(claims).map_err(|_| BadToken::Malformed)?;
        let claims = serde_json::from_slice(&claims).map_err(|_| BadToken::Malformed)?;
        Ok((&key.app, claims))
    }

    fn key_of(&self, header: &str) -> Result<&Key, BadToken> {
        if let Some(index) = self.by_header.get(header) {
            return Ok(&self.keys[*index]);
        }
        #[derive(Deserialize)]
        struct Read {
            alg: String,
            kid: Option<String>,
            crit: Option<serde::de::IgnoredAny>,
        }
        let header = BASE64.decode(header).map_err(|_| BadToken::Malformed)?;
        let header: Read = serde_json::from_slice(&header).map_err(|_| BadToken::Malformed)?;
        if header.alg != "HS256" {
            return Err(BadToken::Algorithm);
        }
        // RFC 7515 4.1.11: what is marked critical and not understood is refused.
        if header.crit.is_some() {
            return Err(BadToken::Malformed);
        }
        let index = header.kid.and_then(|kid| self.by_id.get(&kid)).ok_or(BadToken::UnknownKey)?;
        Ok(&self.keys[*index])
    }
}

/// Why a text is not a token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    Malformed,
    Algorithm,
    UnknownKey,
    Forged,
}

impl BadToken {
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            BadToken::Malformed => "The token cannot be read.",
            BadToken::Algorithm => "The token is not signed with HS256.",
            BadToken::UnknownKey => "The token names a key that this server does not have.",
            BadToken::Forged => "The token's signature is wrong.",
        }
    }
}

/// Names a key without telling it, and apart for each app even if two share a secret.
fn key_id(hmac: &hmac::Key, app: &AppId) -> String {
    let tag = hmac::sign(hmac, format!("jianzi key id\0{app}").as_bytes());
    BASE64.encode(&tag.as_ref()[..6])
}
