//! One event and one count for every request.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::caller::client_address;
use crate::server::Peer;
use crate::state::Shared;

/// Logs the route's pattern, never the address that the client wrote: it may hold anything.
pub(crate) async fn log_requests(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let started = shared.rest.clock.now();
    let method = method_word(request.method());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let peer = request.extensions().get::<Peer>().copied();
    let ip = client_address(peer, request.headers(), &shared).map(|address| address.ip);

    let response = next.run(request).await;

    let path = path.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status();
    let took = shared.rest.clock.now().since(started);
    let http = &shared.rest.metrics.http;
    http.requests_total.of(&[method, path, status.as_str()]).increment();
    http.request_seconds.of(&[method, path]).observe(took);
    tracing::info!(
        event = "http_request",
        ip = ip.map(tracing::field::display),
        method,
        path,
        status = status.as_u16(),
        micros = took.as_micros() as u64,
    );
    response
}

/// Methods are free text; only those known become labels.
fn method_word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
