//! A process started for a measurement, stopped at its end whatever happens.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clock::{Clock, Moment};

use crate::{stop, sys};

/// A running process whose lines of output can be waited for. Dropping it kills it.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// The last lines of output, for error reports.
    tail: Arc<Mutex<VecDeque<String>>>,
    pub started: Moment,
}

impl Process {
    pub fn start(mut command: Command) -> Result<Process> {
        let started = Clock::System.now();
        let name = command.get_program().to_string_lossy().into_owned();
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = sys::die_with_parent(command).spawn().with_context(|| format!("start {name}"))?;
        let (sender, lines) = sync_channel(UNREAD_LINES_MAX);
        let tail = Arc::<Mutex<VecDeque<String>>>::default();
        if let Some(output) = child.stdout.take() {
            read_lines(output, sender.clone(), Arc::clone(&tail));
        }
        if let Some(output) = child.stderr.take() {
            read_lines(output, sender, Arc::clone(&tail));
        }
        Ok(Process { input: child.stdin.take(), child, lines, tail, started })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of output in which `wanted` finds something.
    pub fn wait_for<T>(&mut self, limit: Duration, mut wanted: impl FnMut(&str) -> Option<T>) -> Result<T> {
        let until = Clock::System.now() + limit;
        while let Some(line) = stop::receive(&self.lines, until)? {
            if let Some(found) = wanted(&line) {
                return Ok(found);
            }
        }
        let state = match self.child.try_wait()? {
            Some(status) => format!("it ended with {status}"),
            None => format!("it did not say so within {} s", limit.as_secs()),
        };
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let tail: Vec<&str> = tail.iter().map(String::as_str).collect();
        bail!("the child process is not ready: {state}; its last words:\n{}", tail.join("\n"))
    }

    /// Writes a line to the process's standard input.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("the child's input is closed")?;
        writeln!(input, "{line}").context("the child process is gone")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that logs a lot while nobody listens must not fill our memory: lines above this are dropped.
const UNREAD_LINES_MAX: usize = 1000;

/// Passes lines on, and reads on when nobody listens, so that the child never waits for us.
fn read_lines(
    output: impl Read + Send + 'static,
    sender: SyncSender<String>,
    tail: Arc<Mutex<VecDeque<String>>>,
) {
    const TAIL_LINES: usize = 20;
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { break };
            let line = plain(&String::from_utf8_lossy(&line));
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(line.clone());
            drop(tail);
            let _ = sender.try_send(line);
        }
    });
}

/// Without the escape sequences that colour a log.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else if letter != '\r' {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start(command).unwrap()
    }

    #[test]
    fn a_line_is_waited_for_and_the_child_dies() {
        let mut process = shell("echo one; printf '\\033[2mready\\033[0m http=1\\n' >&2; cat");
        let found =
            process.wait_for(Duration::from_secs(10), |line| line.strip_prefix("ready ").map(str::to_owned));
        assert_eq!(found.unwrap(), "http=1");
        process.tell("said").unwrap();
        process.wait_for(Duration::from_secs(10), |line| (line == "said").then_some(())).unwrap();
        let stat = format!("/proc/{}/stat", process.pid());
        assert!(std::fs::exists(&stat).unwrap());
        drop(process);
        assert!(!std::fs::exists(&stat).unwrap());
    }

    #[test]
    fn a_child_that_ends_early_is_told_with_its_last_words() {
        let mut process = shell("echo no room left >&2; exit 3");
        let error = process.wait_for(Duration::from_secs(10), |_| None::<()>).unwrap_err().to_string();
        assert!(error.contains("no room left"), "{error}");
    }
}
