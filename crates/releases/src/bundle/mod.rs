//! Patches as files: a manifest, its signature, and a module.
//!
//! ```text
//! 0   "JZPATCH" and the format's number, 1     8 bytes
//! 8   lengths of manifest, signature, module   u32 each, big-endian
//! 20  manifest   JSON, signed as these very bytes
//!     signature  nothing yet, or public key (32) and Ed25519 signature (64)
//!     module     WebAssembly
//! ```

mod manifest;
mod name;

use bytes::Bytes;
use ring::signature::{ED25519, UnparsedPublicKey};

pub(crate) use manifest::hex_hash;
pub use manifest::{Base, Manifest};
pub use name::PatchName;

use crate::keys::{PrivateKey, PublicKey};
use crate::module_hash;

/// A patch, whole and consistent in itself; whether its signature means anything, [`crate::TrustStore`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    manifest: Manifest,
    manifest_bytes: Vec<u8>,
    signature: Option<Signature>,
    module: Bytes,
}

/// What an author says; the rest of the manifest follows from the module.
#[derive(Clone, Debug)]
pub struct Draft {
    pub name: PatchName,
    pub app: model::AppId,
    pub game: String,
    pub base: Option<Base>,
    pub abi: u32,
    pub author: String,
    pub made_ms: u64,
    pub notes: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    key: PublicKey,
    bytes: [u8; SIGNATURE_BYTES],
}

/// Bytes that are no bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBundle {
    #[error("this is no patch bundle: it does not begin with the mark of one")]
    NotABundle,
    #[error("the bundle has format {0}; this program reads format 1")]
    Format(u8),
    #[error("the bundle is cut off: {missing} more bytes were announced")]
    Truncated { missing: usize },
    #[error("{0} bytes follow the end of the bundle")]
    TooLong(usize),
    #[error("the {what} would have {bytes} bytes; at most {at_most} are allowed")]
    TooLarge { what: &'static str, bytes: usize, at_most: usize },
    #[error("a signature has no or 96 bytes, not {0}")]
    Signature(usize),
    #[error("the manifest is refused: {0}")]
    Manifest(String),
    #[error(
        "the module is not the one that the manifest speaks of: the bundle is damaged or was tampered with"
    )]
    Module,
}

const MARK: &[u8; 7] = b"JZPATCH";
const FORMAT: u8 = 1;
const HEAD_BYTES: usize = 20;
const MANIFEST_BYTES_MAX: usize = 16 * 1024;
/// The engine allows less; this bounds what is read at all.
const MODULE_BYTES_MAX: usize = 16 * 1024 * 1024;
const KEY_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

/// So that a signature of a manifest can never be one of something else.
const PURPOSE: &[u8] = b"jianzi patch 1\0";

impl Bundle {
    /// The longest bundle there can be, in bytes.
    pub const BYTES_MAX: usize =
        HEAD_BYTES + MANIFEST_BYTES_MAX + KEY_BYTES + SIGNATURE_BYTES + MODULE_BYTES_MAX;

    /// An unsigned bundle.
    ///
    /// # Errors
    /// When the draft contradicts itself or something is too large.
    pub fn build(draft: Draft, module: impl Into<Bytes>) -> Result<Bundle, BadBundle> {
        let module = module.into();
        let Draft { name, app, game, base, abi, author, made_ms, notes } = draft;
        let (hash, module_bytes) = (module_hash(&module), module.len() as u64);
        let manifest =
            Manifest { name, app, game, base, abi, author, made_ms, notes, module: hash, module_bytes };
        manifest.check()?;
        let manifest_bytes =
            serde_json::to_vec(&manifest).map_err(|error| BadBundle::Manifest(error.to_string()))?;
        within("manifest", manifest_bytes.len(), MANIFEST_BYTES_MAX)?;
        within("module", module.len(), MODULE_BYTES_MAX)?;
        Ok(Bundle { manifest, manifest_bytes, signature: None, module })
    }

    /// Reads a bundle and compares the module with the manifest. The signature is not looked at.
    ///
    /// # Errors
    /// For everything that is not exactly one whole bundle.
    pub fn read(bytes: &[u8]) -> Result<Bundle, BadBundle> {
        let Some((head, rest)) = bytes.split_at_checked(HEAD_BYTES) else {
            return Err(match bytes.starts_with(&MARK[..bytes.len().min(MARK.len())]) && !bytes.is_empty() {
                true => BadBundle::Truncated { missing: HEAD_BYTES - bytes.len() },
                false => BadBundle::NotABundle,
            });
        };
        if !head.starts_with(MARK) {
            return Err(BadBundle::NotABundle);
        }
        if head[7] != FORMAT {
            return Err(BadBundle::Format(head[7]));
        }
        let length =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let (manifest, signature, module) = (length(8), length(12), length(16));
        within("manifest", manifest, MANIFEST_BYTES_MAX)?;
        within("module", module, MODULE_BYTES_MAX)?;
        if signature != 0 && signature != KEY_BYTES + SIGNATURE_BYTES {
            return Err(BadBundle::Signature(signature));
        }
        // Bounded above, so that no sum overflows.
        let announced = manifest + signature + module;
        if rest.len() < announced {
            return Err(BadBundle::Truncated { missing: announced - rest.len() });
        }
        if rest.len() > announced {
            return Err(BadBundle::TooLong(rest.len() - announced));
        }
        let (manifest_bytes, rest) = rest.split_at(manifest);
        let (signature, module) = rest.split_at(signature);
        let bundle = Bundle {
            manifest: read_manifest(manifest_bytes)?,
            manifest_bytes: manifest_bytes.to_vec(),
            signature: read_signature(signature),
            module: Bytes::copy_from_slice(module),
        };
        bundle.check_module()?;
        Ok(bundle)
    }

    /// The file's bytes; reading them gives this bundle.
    pub fn write(&self) -> Vec<u8> {
        let signature =
            self.signature.as_ref().map(|signature| [signature.key.bytes(), &signature.bytes].concat());
        let signature = signature.unwrap_or_default();
        let parts = [&self.manifest_bytes[..], &signature, &self.module];
        let mut bytes = Vec::with_capacity(HEAD_BYTES + parts.iter().map(|part| part.len()).sum::<usize>());
        bytes.extend_from_slice(MARK);
        bytes.push(FORMAT);
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        }
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes
    }

    /// Signs the manifest, in place of an earlier signature.
    pub fn sign(&mut self, key: &PrivateKey) {
        let bytes = key.sign(&signed_bytes(&self.manifest_bytes));
        self.signature = Some(Signature { key: key.public().clone(), bytes });
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub fn module(&self) -> &Bytes {
        &self.module
    }

    /// Whose signature it claims to have.
    pub fn signed_by(&self) -> Option<&PublicKey> {
        self.signature.as_ref().map(|signature| &signature.key)
    }

    /// Whether the signature was made over this manifest by the key it names; false without one.
    pub fn signature_holds(&self) -> bool {
        self.signature.as_ref().is_some_and(|signature| {
            UnparsedPublicKey::new(&ED25519, signature.key.bytes())
                .verify(&signed_bytes(&self.manifest_bytes), &signature.bytes)
                .is_ok()
        })
    }

    fn check_module(&self) -> Result<(), BadBundle> {
        let fits = self.manifest.module_bytes == self.module.len() as u64
            && self.manifest.module == module_hash(&self.module);
        if fits { Ok(()) } else { Err(BadBundle::Module) }
    }
}

fn read_manifest(bytes: &[u8]) -> Result<Manifest, BadBundle> {
    let manifest: Manifest =
        serde_json::from_slice(bytes).map_err(|error| BadBundle::Manifest(error.to_string()))?;
    manifest.check()?;
    Ok(manifest)
}

fn read_signature(bytes: &[u8]) -> Option<Signature> {
    let (key, signature) = bytes.split_first_chunk::<KEY_BYTES>()?;
    Some(Signature { key: PublicKey::new(*key), bytes: signature.try_into().ok()? })
}

fn signed_bytes(manifest: &[u8]) -> Vec<u8> {
    [PURPOSE, manifest].concat()
}

fn within(what: &'static str, bytes: usize, at_most: usize) -> Result<(), BadBundle> {
    if bytes > at_most { Err(BadBundle::TooLarge { what, bytes, at_most }) } else { Ok(()) }
}
