//! The log's lines once more, for somebody who remembers the last ones: the crash reporter.

use std::io;
use std::sync::OnceLock;

use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

/// From the start of the log on, gives each line as text to `remember`. To be said once, before
/// [`init_logging`](crate::init_logging); `remember` is called by the thread that logs, and must not log itself.
pub fn remember_lines(remember: fn(&[u8])) {
    // A second wish changes nothing.
    let _ = REMEMBER.set(remember);
}

static REMEMBER: OnceLock<fn(&[u8])> = OnceLock::new();

/// Nothing, unless somebody remembers.
pub(crate) fn layer<S>() -> Option<impl Layer<S>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let remember = *REMEMBER.get()?;
    Some(fmt::layer().with_ansi(false).with_writer(move || Line(remember)))
}

/// The layer writes each line at once.
struct Line(fn(&[u8]));

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
