//! A list of steps that are told, timed and summed up.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clock::{Clock, Moment};

/// Steps of one command. A step that fails does not keep the later ones from running.
pub struct Steps {
    clock: Clock,
    began: Moment,
    done: Vec<Done>,
}

struct Done {
    what: String,
    took: Duration,
    failed: bool,
}

impl Steps {
    pub fn new() -> Steps {
        let clock = Clock::default();
        let began = clock.now();
        Steps { clock, began, done: Vec::new() }
    }

    pub fn run(&mut self, what: &str, step: impl FnOnce() -> Result<()>) {
        println!("\n==> {what}");
        let before = self.clock.now();
        let result = step();
        let took = self.clock.now().since(before);
        if let Err(error) = &result {
            println!("error: {error:#}");
        }
        let word = if result.is_ok() { "done" } else { "FAILED" };
        println!("<== {word} in {}: {what}", seconds(took));
        self.done.push(Done { what: what.to_owned(), took, failed: result.is_err() });
    }

    /// Prints the sum.
    ///
    /// # Errors
    /// If a step has failed.
    pub fn finish(self, command: &str) -> Result<()> {
        println!("\n{command}:");
        for Done { what, took, failed } in &self.done {
            println!("  {} {:>8}  {what}", if *failed { "FAILED" } else { "ok    " }, seconds(*took));
        }
        let failed = self.done.iter().filter(|step| step.failed).count();
        let passed = self.done.len() - failed;
        println!(
            "{passed} steps passed, {failed} failed, in {}",
            seconds(self.clock.now().since(self.began))
        );
        ensure!(failed == 0, "{command}: {failed} of {} steps failed", self.done.len());
        Ok(())
    }
}

/// Says what it runs, runs it and fails if it fails.
pub fn execute(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// What a command prints, if it succeeds.
pub fn output(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command.output().with_context(|| format!("cannot start `{line}`"))?;
    ensure!(output.status.success(), "`{line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?)
}

fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
