//! Versions of the program: our own, and those that `jianzi upgrade` brought.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clock::Clock;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::child;

/// What a server is started from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Binary {
    /// The supervisor's own program, even if its file has been replaced meanwhile.
    Own { version: String },
    /// A copy in `supervisor/versions/`, so that it is still there when the file that was given is not.
    Kept { file: PathBuf, version: String, digest: String },
}

/// A file that the server is not exchanged for.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("{file} cannot be read: {source}")]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{file} cannot be kept: {source}")]
    NotKept { file: PathBuf, source: io::Error },
    #[error("{what} cannot be run: {source}")]
    NotRun { what: String, source: io::Error },
    #[error("`{what}` says: {said}")]
    Refuses { what: String, said: String },
    #[error("{what} took longer than {within:?}")]
    TooSlow { what: String, within: Duration },
}

/// For a version to say its name, and whether it likes configuration and data.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Of what it says when it does not.
const LONGEST_WORDS: u64 = 4096;

impl Binary {
    pub fn program(&self) -> PathBuf {
        match self {
            // Resolved by the child itself, to the file that we were started from.
            Binary::Own { .. } if cfg!(target_os = "linux") => PathBuf::from("/proc/self/exe"),
            Binary::Own { .. } => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("jianzi")),
            Binary::Kept { file, .. } => file.clone(),
        }
    }

    /// For people: version and where it comes from.
    pub fn shown(&self) -> String {
        match self {
            Binary::Own { version } => format!("{version} (installed)"),
            Binary::Kept { version, digest, .. } => format!("{version} ({digest})"),
        }
    }

    /// Copies a file to `folder` and asks it whether it would start.
    pub fn check(given: &Path, folder: &Path, check: &[OsString]) -> Result<Binary, Unfit> {
        let (file, digest) = keep(given, folder)?;
        let said = ask(&file, &["version".into()], given)?;
        let version = said.split_whitespace().nth(1).unwrap_or_default().to_owned();
        if !said.starts_with("jianzi ") || version.is_empty() {
            let what = format!("{} version", given.display());
            return Err(Unfit::Refuses { what, said: said.trim().to_owned() });
        }
        ask(&file, check, given)?;
        Ok(Binary::Kept { file, version, digest })
    }

    /// Removes what a killed supervisor was copying.
    pub fn forget_unfinished(folder: &Path) {
        let _ = std::fs::remove_file(folder.join(ARRIVING));
    }

    /// Removes the copies that nobody may go back to any more.
    pub fn forget_all_but(folder: &Path, kept: &[&Binary]) {
        let Ok(files) = std::fs::read_dir(folder) else { return };
        for path in files.filter_map(|file| Some(file.ok()?.path())) {
            if !kept.iter().any(|binary| matches!(binary, Binary::Kept { file, .. } if *file == path)) {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// Changes whenever another file is installed in the place of our own.
pub fn own_fingerprint() -> String {
    let about = std::env::current_exe().and_then(std::fs::metadata);
    about.map_or_else(
        |error| error.to_string(),
        |about| format!("{}:{}:{}.{}", about.ino(), about.len(), about.mtime(), about.mtime_nsec()),
    )
}

/// A copy that is being written.
const ARRIVING: &str = "arriving";

fn keep(given: &Path, folder: &Path) -> Result<(PathBuf, String), Unfit> {
    let unreadable = |source| Unfit::Unreadable { file: given.to_owned(), source };
    let not_kept = |source| Unfit::NotKept { file: given.to_owned(), source };
    let mut from = File::open(given).map_err(unreadable)?;
    if !from.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("not a file")));
    }
    let no_folder = |error| not_kept(io::Error::other(format!("{}: {error}", folder.display())));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(no_folder)?;
    let arriving = folder.join(ARRIVING);
    let mut options = OpenOptions::new();
    let mut to =
        options.write(true).create(true).truncate(true).mode(0o700).open(&arriving).map_err(not_kept)?;
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; 1 << 18];
    loop {
        let length = from.read(&mut chunk).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        context.update(&chunk[..length]);
        to.write_all(&chunk[..length]).map_err(not_kept)?;
    }
    to.sync_all().map_err(not_kept)?;
    // A file that is open for writing cannot be run.
    drop(to);
    let digest = context.finish();
    let digest: String = digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let kept = folder.join(format!("jianzi-{digest}"));
    // The same file is the same bytes; one that is running cannot be written, but it can be replaced.
    std::fs::rename(&arriving, &kept).map_err(not_kept)?;
    Ok((kept, digest))
}

/// Runs the program to its end and gives what it said on standard output.
fn ask(file: &Path, arguments: &[OsString], given: &Path) -> Result<String, Unfit> {
    let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let what = format!("{} {}", given.display(), words.join(" "));
    let not_run = |source| Unfit::NotRun { what: what.clone(), source };
    let mut command = Command::new(file);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut asked = spawn_copy(&mut command).map_err(not_run)?;
    let (out, err) = (asked.stdout.take(), asked.stderr.take());
    let readers = (
        out.map(|pipe| std::thread::spawn(move || words_of(pipe))),
        err.map(|pipe| std::thread::spawn(move || words_of(pipe))),
    );
    let began = Clock::System.now();
    let status = loop {
        if let Some(status) = asked.try_wait().map_err(not_run)? {
            break Some(status);
        }
        if Clock::System.now().since(began) >= ANSWER_WITHIN {
            let _ = asked.kill();
            let _ = asked.wait();
            break None;
        }
        pause(Duration::from_millis(5));
    };
    child::forget(asked.id());
    let Some(status) = status else { return Err(Unfit::TooSlow { what, within: ANSWER_WITHIN }) };
    let text = |reader: Option<std::thread::JoinHandle<String>>| {
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    let (said, complained) = (text(readers.0), text(readers.1));
    if status.success() {
        return Ok(said);
    }
    let said = match complained.trim() {
        "" => status.to_string(),
        complaint => complaint.to_owned(),
    };
    Err(Unfit::Refuses { what, said })
}

/// A process forked by another thread while the copy was being written holds it open for writing for a moment.
fn spawn_copy(command: &mut Command) -> io::Result<std::process::Child> {
    for _ in 0..100 {
        match child::spawn(command) {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                pause(Duration::from_millis(10))
            }
            outcome => return outcome,
        }
    }
    child::spawn(command)
}

fn words_of(pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let mut pipe = pipe;
    let _ = pipe.by_ref().take(LONGEST_WORDS).read_to_end(&mut bytes);
    // The rest is read, too, so that the writer comes to its end.
    let _ = io::copy(&mut pipe, &mut io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn pause(time: Duration) {
    let (_never, wait) = std::sync::mpsc::channel::<()>();
    let _ = wait.recv_timeout(time);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(folder: &Path, text: &str) -> PathBuf {
        let file = folder.join("given");
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        file
    }

    #[test]
    fn a_good_file_is_kept_and_the_given_one_may_go() {
        let folder = tempfile::tempdir().unwrap();
        let text = "case $1 in version) echo 'jianzi 9.8.7 (protocol 1)';; serve) test $2 = --check;; esac";
        let given = program(folder.path(), text);
        let versions = folder.path().join("versions");
        let binary = Binary::check(&given, &versions, &["serve".into(), "--check".into()]).unwrap();
        std::fs::remove_file(&given).unwrap();
        assert!(binary.shown().starts_with("9.8.7 ("), "{binary:?}");
        assert!(binary.program().starts_with(&versions) && binary.program().exists());
        Binary::forget_all_but(&versions, &[&binary]);
        assert!(binary.program().exists());
        Binary::forget_all_but(&versions, &[]);
        assert!(!binary.program().exists());
    }

    #[test]
    fn an_unfit_file_is_refused_with_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let versions = folder.path().join("versions");
        let refused = |text: &str| {
            Binary::check(&program(folder.path(), text), &versions, &["serve".into()])
                .unwrap_err()
                .to_string()
        };
        assert!(refused("echo hello").contains("hello"));
        assert!(refused("exit 1").contains("exit status: 1"));
        let picky = "case $1 in version) echo 'jianzi 1';; serve) echo 'no such option' >&2; exit 3;; esac";
        assert!(refused(picky).contains("no such option"));
        let missing = Binary::check(Path::new("/nowhere"), &versions, &[]).unwrap_err().to_string();
        assert!(missing.contains("/nowhere"), "{missing}");
        let taken = program(folder.path(), "");
        let in_the_way = Binary::check(&taken, &taken, &[]).unwrap_err().to_string();
        assert!(in_the_way.contains(&format!("kept: {}", taken.display())), "{in_the_way}");
        let garbage = folder.path().join("garbage");
        std::fs::write(&garbage, [0x7f, b'E', b'L', b'F', 0, 1, 2]).unwrap();
        assert!(Binary::check(&garbage, &versions, &[]).unwrap_err().to_string().contains("cannot be run"));
    }
}
