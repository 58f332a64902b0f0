//! Compiled modules in a folder, so that a start does not compile again.
//!
//! Compiled code is trusted when it is loaded: whoever can write it runs in this process. Therefore the folder must belong
//! to our user and be writable by nobody else, and a file is used only if its checksum says that it is what we wrote. The
//! checksum is against damage; against an attacker with our own user's rights nothing helps.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256, digest};
use room_core::modules::ModuleHash;
use wasmtime::{Engine, Module};

const MAGIC: &[u8; 8] = b"JZWASM01";
const DIGEST_BYTES: usize = 32;
/// Compiled modules that are kept, the youngest.
const FILES: usize = 64;

pub(crate) struct Cache {
    folder: PathBuf,
    /// Stands for Wasmtime's version, its settings and ours: what decides whether code fits.
    settings: String,
}

impl Cache {
    /// # Errors
    /// The folder cannot be made, or others could write there.
    pub fn open(folder: &Path, engine: &Engine) -> io::Result<Cache> {
        make_private(folder)?;
        Ok(Cache { folder: folder.to_owned(), settings: settings_of(engine) })
    }

    /// A compiled module that is there, whole and of this engine's settings.
    pub fn load(&self, engine: &Engine, module: &ModuleHash) -> Option<Module> {
        let path = self.path(module);
        let bytes = fs::read(&path).ok()?;
        let loaded = match content(&bytes) {
            Some(code) => deserialize(engine, code).map_err(|error| format!("{error:#}")),
            None => Err("it is damaged".to_owned()),
        };
        match loaded {
            Ok(loaded) => Some(loaded),
            Err(why) => {
                tracing::warn!(file = %path.display(), why, "compiled module cannot be used, compiling it again");
                None
            }
        }
    }

    /// Keeps a compiled module. Failing costs a compilation at the next start and is logged, no more.
    pub fn store(&self, module: &ModuleHash, compiled: &Module) {
        let stored = compiled.serialize().map_err(|error| format!("{error:#}")).and_then(|code| {
            write_whole(&self.path(module), &code).map_err(|error| error.to_string())?;
            prune(&self.folder).map_err(|error| error.to_string())
        });
        if let Err(why) = stored {
            tracing::warn!(folder = %self.folder.display(), why, "compiled module cannot be kept");
        }
    }

    fn path(&self, module: &ModuleHash) -> PathBuf {
        self.folder.join(format!("{module}-{}.cwasm", self.settings))
    }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::metadata(folder)?;
    if found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o022 != 0 {
        let why = format!(
            "{} holds code that runs in this process: it must belong to its user, and others may not write there \
             (chmod 700)",
            folder.display()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// What a file holds behind magic and checksum, if both are right.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    let (checksum, code) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<DIGEST_BYTES>()?;
    (digest(&SHA256, code).as_ref() == checksum).then_some(code)
}

fn write_whole(path: &Path, code: &[u8]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(MAGIC.len() + DIGEST_BYTES + code.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(digest(&SHA256, code).as_ref());
    bytes.extend_from_slice(code);
    // Renamed into place, so that a reader finds all of it or nothing. Two processes write the same bytes.
    let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, path)
}

fn prune(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "cwasm") {
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    files.sort_unstable();
    let too_many = files.len().saturating_sub(FILES);
    for (_, path) in &files[..too_many] {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[expect(unsafe_code, reason = "compiled code can only be trusted; the head of this file says why it may be")]
fn deserialize(engine: &Engine, code: &[u8]) -> Result<Module, wasmtime::Error> {
    // SAFETY: `code` was written by `Cache::store` of a process of our user: nobody else may write into the folder, and the
    // checksum holds. Wasmtime itself checks that version, settings and processor fit.
    unsafe { Module::deserialize(engine, code) }
}

fn settings_of(engine: &Engine) -> String {
    let mut hasher = Sha256(Context::new(&SHA256));
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let settings = hasher.0.finish();
    settings.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Sha256(Context);

impl Hasher for Sha256 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not asked for: the digest is taken instead.
    fn finish(&self) -> u64 {
        0
    }
}
