//! A command that is expected to end by itself.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::wait::eventually;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end.
///
/// # Panics
/// When it does not end within [`LIMIT`](crate::LIMIT).
pub fn run(command: &mut Command) -> Ended {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let out = child.stdout.take().map(read_all);
    let err = child.stderr.take().map(read_all);
    let mut guard = KillOnDrop(child);
    let status = eventually("the command ends", || guard.0.try_wait().expect("a child of ours"));
    let text = |reader: Option<std::thread::JoinHandle<String>>| {
        reader.expect("a pipe").join().expect("the reader goes on")
    };
    Ended { code: status.code(), stdout: text(out), stderr: text(err) }
}

struct KillOnDrop(std::process::Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Fails when it has ended already, as it should have.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = pipe.read_to_string(&mut text);
        text
    })
}
