//! HTTP requests.

use super::metrics;
use crate::{Counter, Family, Histogram};

metrics! {
    /// What the HTTP interface counts; the path is the route's pattern, never what the client wrote.
    pub struct HttpMetrics("http_") {
        /// Requests answered.
        pub requests_total: Family<Counter> = &["method", "path", "status"],
        /// How long answers took.
        pub request_seconds: Family<Histogram> = &["method", "path"],
    }
}
