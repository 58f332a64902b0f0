//! Structured logs on standard error.

use std::io::{self, IsTerminal};
use std::str::FromStr;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::recent;

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people, with colours on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// Changes the level while the server runs.
#[derive(Clone)]
pub struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
}

/// A level that cannot be read, or a second call of [`init_logging`].
#[derive(Debug)]
pub struct BadLogLevel(String);

/// Starts the process's log on standard error; once per process.
///
/// `level` is `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,gateway=debug`.
pub fn init_logging(format: Format, level: &str) -> Result<LogControl, BadLogLevel> {
    let (filter, handle) = reload::Layer::new(parse_level(level)?);
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match format {
        Format::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        Format::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(recent::layer())
        .try_init()
        .map_err(|error| BadLogLevel(error.to_string()))?;
    Ok(LogControl { filter: handle })
}

/// Whether [`init_logging`] would take this level.
pub fn check_level(level: &str) -> Result<(), BadLogLevel> {
    parse_level(level).map(drop)
}

impl LogControl {
    /// Takes effect at once, on all threads.
    pub fn set_level(&self, level: &str) -> Result<(), BadLogLevel> {
        let filter = parse_level(level)?;
        self.filter.reload(filter).map_err(|error| BadLogLevel(error.to_string()))
    }
}

impl FromStr for Format {
    type Err = BadLogLevel;

    fn from_str(text: &str) -> Result<Format, BadLogLevel> {
        match text {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            other => Err(BadLogLevel(format!("a log format is \"text\" or \"json\", not {other:?}"))),
        }
    }
}

impl std::fmt::Display for BadLogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadLogLevel {}

fn parse_level(level: &str) -> Result<EnvFilter, BadLogLevel> {
    EnvFilter::try_new(level).map_err(|error| {
        BadLogLevel(format!(
            "{level:?} is no log level ({error}); for example \"info\" or \"info,gateway=debug\""
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_changes_while_running_and_nonsense_is_refused() {
        assert!(init_logging(Format::Json, "gateway=loud").is_err());
        let control = init_logging(Format::Json, "warn").unwrap();
        assert!(!tracing::enabled!(tracing::Level::INFO));
        control.set_level("info").unwrap();
        assert!(tracing::enabled!(tracing::Level::INFO));
        assert!(control.set_level("=,=").is_err());
        assert!(tracing::enabled!(tracing::Level::INFO), "a bad level changes nothing");
        assert!(init_logging(Format::Text, "info").is_err(), "the log starts once");
    }
}
