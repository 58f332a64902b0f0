//! Keys that sign patches, and their files.

use std::fmt;
use std::str::FromStr;

use clock::Chance;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};

/// An author's secret: an Ed25519 key with a name.
pub struct PrivateKey {
    name: String,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// What tells an author's signatures from others'. Displayed as 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

/// A text that holds no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("a key has 64 hexadecimal digits")]
    Digits,
    #[error("a key's name has 1 to 64 letters, digits, and . _ - @")]
    Name,
    #[error("this is no key file: {0}")]
    File(String),
}

/// As the file is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    name: String,
    secret: String,
}

impl PrivateKey {
    /// A new key from the operating system's chance.
    ///
    /// # Errors
    /// When the name is none.
    pub fn draw(name: &str, chance: &mut Chance) -> Result<PrivateKey, BadKey> {
        let mut seed = [0; 32];
        chance.fill(&mut seed);
        PrivateKey::from_seed(name, seed)
    }

    /// Reads what [`PrivateKey::to_file`] wrote.
    ///
    /// # Errors
    /// Says what is wrong without repeating the secret.
    pub fn from_file(text: &str) -> Result<PrivateKey, BadKey> {
        // The parser's own message would show the line.
        let file: KeyFile = toml::from_str(text).map_err(|error| BadKey::File(error.message().to_owned()))?;
        PrivateKey::from_seed(&file.name, read_digits(&file.secret)?)
    }

    /// The text of the key's file. It is the secret itself.
    pub fn to_file(&self) -> String {
        format!(
            "# Signs patches for Jianzi. Whoever has this file can publish as {}: keep it away from servers and repositories.\n\
             name = \"{}\"\nsecret = \"{}\"\n",
            self.name,
            self.name,
            Hex(&self.seed)
        )
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(bytes).as_ref());
        signature
    }

    fn from_seed(name: &str, seed: [u8; 32]) -> Result<PrivateKey, BadKey> {
        if !is_key_name(name) {
            return Err(BadKey::Name);
        }
        // Every 32 bytes are a seed.
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| BadKey::Digits)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| BadKey::Digits)?;
        Ok(PrivateKey { name: name.to_owned(), seed, pair, public: PublicKey(public) })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, …)", self.name)
    }
}

impl PublicKey {
    pub(crate) const fn new(bytes: [u8; 32]) -> PublicKey {
        PublicKey(bytes)
    }

    pub(crate) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for PublicKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<PublicKey, BadKey> {
        read_digits(text).map(PublicKey)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = BadKey;

    fn try_from(text: String) -> Result<PublicKey, BadKey> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names stand in file names and log lines.
pub(crate) fn is_key_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('.')
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn read_digits(text: &str) -> Result<[u8; 32], BadKey> {
    // The same 64 digits as a module's hash has.
    text.parse::<room_core::modules::ModuleHash>().map(|digits| digits.0).map_err(|_| BadKey::Digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file_and_does_not_print() {
        let key = PrivateKey::draw("alice", &mut Chance::seeded(1)).unwrap();
        let text = key.to_file();
        let again = PrivateKey::from_file(&text).unwrap();
        assert_eq!((again.name(), again.public()), ("alice", key.public()));
        assert_eq!(again.sign(b"x"), key.sign(b"x"));
        let secret = Hex(&key.seed).to_string();
        assert!(text.contains(&secret) && !format!("{key:?}").contains(&secret[..8]));
        assert_eq!(key.public().to_string().parse(), Ok(key.public().clone()));
    }

    #[test]
    fn broken_files_are_refused_without_showing_the_secret() {
        let secret = "11".repeat(32);
        for bad in [
            String::new(),
            format!("name = \"a\"\nsecret = \"{}\"", &secret[1..]),
            format!("name = \"../a\"\nsecret = \"{secret}\""),
            format!("name = \"\"\nsecret = \"{secret}\""),
            format!("name = \"a\"\nsecret = \"{secret}\"\nmore = 1"),
            format!("name = \"a\"\nsecret = {secret}x"),
        ] {
            let error = PrivateKey::from_file(&bad).unwrap_err();
            assert!(!error.to_string().contains(&secret[..10]), "{error}");
        }
    }

    /// RFC 8032, section 7.1, test 1.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let key = PrivateKey::from_file(&format!("name = \"rfc\"\nsecret = \"{seed}\"")).unwrap();
        assert_eq!(
            key.public().to_string(),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert_eq!(
            Hex(&key.sign(b"")).to_string(),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd\
             25bf5f0595bbe24655141438e7a100b"
        );
    }
}
