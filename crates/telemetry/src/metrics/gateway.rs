//! Connections, frames, calls.

use super::metrics;
use crate::{ByOperation, Counter, Family, Gauge, Histogram};

metrics! {
    /// What the gateway counts.
    pub struct GatewayMetrics("jianzi_gateway_") {
        /// Connections open now, by listener (http, which includes WebSocket, or tcp).
        pub connections_open: Family<Gauge> = &["listener"],
        /// Connections accepted, by listener.
        pub accepted_total: Family<Counter> = &["listener"],
        /// Connections refused before a session, by reason (an error's name).
        pub refused_total: Family<Counter> = &["reason"],
        /// Sessions alive now, with a connection or waiting to be resumed.
        pub sessions: Gauge,
        /// Logins by outcome: new, resumed, or an error's name.
        pub logins_total: Family<Counter> = &["outcome"],
        /// Frames received, by operation.
        pub frames_in_total: ByOperation<Counter>,
        /// Frames sent, by operation.
        pub frames_out_total: ByOperation<Counter>,
        /// Bytes received after TLS.
        pub bytes_in_total: Counter,
        /// Bytes sent before TLS.
        pub bytes_out_total: Counter,
        /// Calls to the system that wrote to sockets.
        pub writes_total: Counter,
        /// Connections closed, by reason (an error's name, or "client" when the client ended it).
        pub closes_total: Family<Counter> = &["reason"],
        /// Connections cut because they did not take what was sent.
        pub slow_consumers_total: Counter,
        /// Connections cut because they sent too much.
        pub floods_total: Counter,
        /// Sessions that went on with a new connection.
        pub resumes_total: Counter,
        /// Pushes that no longer fit a session's buffer.
        pub pushes_lost_total: Counter,
        /// Answers given from a session's cache to a repeated call.
        pub answers_repeated_total: Counter,
        /// Bytes queued for slow connections now.
        pub queued_bytes: Gauge,
        /// Calls and how long their answers took, by method ("unknown" for one that does not exist) and status ("ok" or
        /// an error's name).
        pub calls_seconds: Family<Histogram> = &["method", "status"],
    }
}
