//! Telling people: one message per incident, grouped, resolved when it is over, each with its runbook page.
//!
//! [`Alerts`] takes incidents from anywhere without blocking; [`Grouping`] and [`Outbox`] decide, purely, what is said and
//! when; one thread per channel speaks HTTP. [`tracker`] sends crash reports to an error tracker.
//!
//! To add a kind of incident: a variant of [`Kind`] with its words, and its page in `docs/runbooks/`; a test compares.
//! To add a channel: a file under `channels/` and its line in [`Channel`].

mod alerts;

mod grouping;
mod incident;
mod message;

mod channels;
mod outbox;

mod http;
mod sender;

pub mod tracker;

pub use alerts::{Alerts, AlertsConfig, Tried};
pub use channels::Channel;
pub use grouping::Grouping;
pub use incident::{Incident, Kind, Severity};
pub use message::{Message, State};
pub use outbox::{Next, Outbox};
