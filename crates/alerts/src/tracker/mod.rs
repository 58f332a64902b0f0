//! Crash reports for an error tracker that speaks Sentry's protocol: Sentry itself, GlitchTip, and others.

mod dsn;
mod envelope;

use std::path::Path;
use std::time::Duration;

use crashes::Report;
use platform::Secret;

use crate::channels::check_status;
use crate::http::{self, Refusal, Request};

pub use dsn::Dsn;
pub use envelope::{Context, envelope, event_id};

/// Reports older than this are not sent any more; a tracker would refuse them.
const AGE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// Sends reports to one project.
#[derive(Debug)]
pub struct Tracker {
    dsn: Dsn,
    context: Context,
    agent: ureq::Agent,
}

/// What became of the reports that the tracker lacked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub sent: usize,
    /// How long to wait before another try; `None` if nothing is left to send.
    pub again_after: Option<Duration>,
}

impl Tracker {
    pub fn new(dsn: Dsn, context: Context) -> Tracker {
        Tracker { dsn, context, agent: http::agent() }
    }

    /// Sends the reports of the folder that the tracker lacks, and marks what it took or will never take.
    /// Blocks for as long as the tracker takes: for a thread of its own.
    pub fn deliver(&self, crashes: &Path, wall_ms: u64) -> Delivered {
        let mut delivered = Delivered::default();
        let youngest = wall_ms.saturating_sub(AGE_MAX.as_millis() as u64);
        let lacking = crashes::list(crashes).into_iter().filter(|r| !r.tracked && r.time_ms >= youngest);
        for mut report in lacking.collect::<Vec<_>>().into_iter().rev() {
            match self.send(&report, wall_ms) {
                Ok(()) => {
                    delivered.sent += 1;
                    tracing::info!(event = "crash_tracked", report = report.id);
                }
                Err(Refusal { why, wait: Some(wait) }) => {
                    tracing::warn!(event = "crash_not_tracked", report = report.id, why);
                    delivered.again_after = Some(wait);
                    // The next one would meet the same.
                    break;
                }
                Err(Refusal { why, wait: None }) => {
                    tracing::error!(event = "crash_refused", report = report.id, why, "it is not sent again");
                }
            }
            report.tracked = true;
            if let Err(error) = crashes::save(crashes, &report) {
                // It would be sent again and again; the tracker knows it by its id.
                tracing::warn!(event = "crash_not_marked", report = report.id, %error);
            }
        }
        delivered
    }

    fn send(&self, report: &Report, wall_ms: u64) -> Result<(), Refusal> {
        let request = Request {
            url: Secret::new(self.dsn.envelope_url()),
            headers: vec![
                ("content-type", "application/x-sentry-envelope".to_owned()),
                ("x-sentry-auth", self.dsn.auth()),
            ],
            body: envelope(report, &self.context, wall_ms),
        };
        check_status(&http::post(&self.agent, &request)?)
    }
}
