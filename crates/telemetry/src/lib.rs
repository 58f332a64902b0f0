//! What the server tells its operators: log lines that are events with fields, and metrics.
//!
//! To add a metric: one documented field in the group it belongs to under `metrics/`. The doc comment is its help text
//! at `/metrics`, the group's prefix and the field's name are its name.

mod exposition;
mod family;
mod histogram;
mod logging;
mod metrics;
mod process;
mod recent;
mod series;

pub use family::{ByOperation, Family};
pub use histogram::Histogram;
pub use logging::{BadLogLevel, Format, LogControl, check_level, init_logging};
pub use metrics::{GatewayMetrics, HttpMetrics, MatchMetrics, Metrics, RoomMetrics};
pub use recent::remember_lines;
pub use series::{Counter, Gauge, Series};
