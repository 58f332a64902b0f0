//! What was done to the program, line by line: `upgrades.log`, JSON, never shortened.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clock::Clock;
use serde::Serialize;

/// Appends lines.
pub struct Audit {
    file: PathBuf,
}

#[derive(Serialize)]
struct Line<'a> {
    /// Milliseconds since 1970, UTC.
    at_ms: u64,
    step: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

impl Audit {
    pub fn new(file: PathBuf) -> Audit {
        Audit { file }
    }

    /// One step, also told to the log. A full disk does not keep a server from being exchanged.
    pub fn write(&self, step: &str, version: &str, detail: &str) {
        tracing::info!(event = "upgrade", step, version, detail, "upgrade: {step} {version} {detail}");
        let line = Line { at_ms: Clock::System.wall_ms(), step, version, detail };
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).mode(0o600).open(&self.file)?;
            // One write: lines of two processes do not mix.
            file.write_all(format!("{}\n", serde_json::to_string(&line)?).as_bytes())?;
            file.sync_data()
        };
        if let Err(error) = write() {
            tracing::warn!(event = "audit_failed", file = %self.file.display(), %error);
        }
    }
}
