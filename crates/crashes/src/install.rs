//! Taking hold of the process: first the handlers, then the file.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::raw::FIRST_LINE;
use crate::{cgroup, folder, modules, panics, time};

/// Threads without which the server is not whole, by the beginnings of their names: a panic in one of them ends the
/// process, so that it can be started again. Panics of other threads are only reported.
pub type Vital = &'static [&'static str];

/// What reports say of the program.
#[derive(Clone, Debug)]
pub struct About<'a> {
    pub version: &'a str,
    pub profile: &'a str,
}

/// The file that a crash is written to. Dropped by an orderly end, and then the file is gone.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    /// Holds the lock and keeps the handler's descriptor good.
    _file: File,
}

/// Sets the signal handlers and the panic hook; once, first thing in `main`. Until [`keep_in`] a crash is told on
/// standard error alone.
pub fn install(vital: Vital) {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    crate::linux::install();
    panics::install(vital);
}

/// Opens the file for this process in the folder of crashes, which is made if it is not there.
///
/// # Errors
/// The file system's; the process may go on without.
pub fn keep_in(crashes: &Path, about: &About<'_>) -> io::Result<Kept> {
    make_private(crashes)?;
    let started = time::wall_ms();
    let pid = std::process::id();
    let path = crashes.join(format!("{}{}-{pid}.raw", folder::RUNNING, time::for_file(started)));
    let mut file = folder::private(&path)?;
    file.try_lock().map_err(io::Error::from)?;
    let binary = std::env::current_exe().unwrap_or_default();
    let mut text = FIRST_LINE.to_owned();
    let mut say = |key: &str, value: &dyn std::fmt::Display| {
        text.push_str(&format!("about {key} {value}\n"));
    };
    say("version", &about.version);
    say("profile", &about.profile);
    say("build", &modules::build_id(&binary));
    say("binary", &binary.display());
    say("pid", &pid);
    say("started", &started);
    if let Some(kills) = cgroup::oom_kills() {
        say("oom_kills", &kills);
    }
    file.write_all(text.as_bytes())?;
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    crate::linux::write_to(&file);
    // A second call, as in tests, leaves panics with the first folder.
    let _ = PLACE.set(Place { folder: crashes.to_owned(), beginning: text });
    Ok(Kept { path, _file: file })
}

impl Drop for Kept {
    fn drop(&mut self) {
        #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
        crate::linux::write_nowhere();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Where panics that the process outlives are written.
pub(crate) struct Place {
    pub folder: PathBuf,
    /// The first lines of each file.
    pub beginning: String,
}

pub(crate) fn place() -> Option<&'static Place> {
    PLACE.get()
}

static PLACE: OnceLock<Place> = OnceLock::new();

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
