//! Every metric of the server: documented fields, grouped by part.

mod gateway;
mod http;
mod matchmaking;
mod rooms;

pub use gateway::GatewayMetrics;
pub use http::HttpMetrics;
pub use matchmaking::MatchMetrics;
pub use rooms::RoomMetrics;

use crate::exposition::Exposition;
use crate::process::ProcessMetrics;

/// The whole server's numbers. One per process, shared in an `Arc`; tests make their own.
#[derive(Debug, Default)]
pub struct Metrics {
    pub gateway: GatewayMetrics,
    pub rooms: RoomMetrics,
    pub matchmaking: MatchMetrics,
    pub http: HttpMetrics,
}

impl Metrics {
    /// The text of `/metrics`, content type `text/plain; version=0.0.4`.
    pub fn render(&self) -> String {
        let mut out = Exposition::default();
        self.gateway.expose(&mut out);
        self.rooms.expose(&mut out);
        self.matchmaking.expose(&mut out);
        self.http.expose(&mut out);
        ProcessMetrics::read().expose(&mut out);
        out.into_text()
    }
}

/// One definition from which the field, its documentation and its name and help at `/metrics` follow.
macro_rules! metrics {
    (
        $(#[doc = $about:literal])+
        pub struct $group:ident($prefix:literal) {
            $( $(#[doc = $help:literal])+ pub $name:ident: $kind:ty $(= $labels:expr)?, )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug)]
        pub struct $group {
            $( $(#[doc = $help])+ pub $name: $kind, )*
        }

        impl Default for $group {
            fn default() -> $group {
                $group { $( $name: metrics!(@make $($labels)?), )* }
            }
        }

        impl $group {
            pub(crate) fn expose(&self, out: &mut $crate::exposition::Exposition) {
                $( $crate::family::Metric::expose(
                    &self.$name,
                    concat!($prefix, stringify!($name)),
                    concat!($($help),+),
                    out,
                ); )*
            }
        }
    };
    (@make) => { Default::default() };
    (@make $labels:expr) => { $crate::family::Family::new($labels) };
}

pub(crate) use metrics;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_text_is_well_formed_and_every_name_is_told_once() {
        let metrics = Metrics::default();
        metrics.gateway.connections_open.of(&["tcp"]).increment();
        metrics.gateway.calls_seconds.of(&["rooms.join", "ok"]).observe(Duration::from_millis(3));
        metrics.http.requests_total.of(&["GET", "/v1/login", "200"]).increment();
        let text = metrics.render();

        let mut described = std::collections::BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let name = rest.split(' ').next().unwrap();
                assert!(described.insert(name.to_owned()), "{name} twice");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                value.parse::<f64>().unwrap();
                let name = series.split('{').next().unwrap();
                let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                assert!(described.contains(base.unwrap_or(name)) || described.contains(name), "{line}");
            }
        }
        assert!(text.contains("\njianzi_gateway_connections_open{listener=\"tcp\"} 1\n"), "{text}");
        assert!(
            text.contains("calls_seconds_bucket{method=\"rooms.join\",status=\"ok\",le=\"0.005\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains("\nhttp_requests_total{method=\"GET\",path=\"/v1/login\",status=\"200\"} 1\n"),
            "{text}"
        );
    }
}
