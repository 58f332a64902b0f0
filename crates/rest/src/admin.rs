//! The operators' listener: health, metrics and the version table. Never on a public address.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use platform::Secret;
use protocol::{ErrorCode, Fault};
use releases::{BuildRule, Releases};
use ring::digest;
use serde::{Deserialize, Serialize};

use crate::body::read_json;
use crate::caller::bearer;
use crate::envelope::{Answer, Data, Failure};
use crate::router::{nothing_here, wrong_method};

/// Longest table, in bytes.
const TABLE_BYTES_MAX: usize = 1024 * 1024;

/// What operators see and change.
#[derive(Clone)]
pub struct AdminState {
    /// Why the server takes no players right now; empty when it does.
    pub not_ready: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// The text of `/metrics`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub releases: Arc<Releases>,
    /// Guards `/admin/`; none: nobody may.
    pub token: Option<Secret>,
}

/// `/healthz`, `/readyz`, `/metrics`; with the token `GET` and `PUT /admin/v1/builds`.
pub fn admin_router(state: AdminState) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/admin/v1/builds", get(builds).put(replace_builds))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::new(state))
}

/// The version table as it is read and written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Builds {
    builds: Vec<BuildRule>,
}

/// The process answers: that is all it says.
async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(state): State<Arc<AdminState>>) -> Response {
    let reasons = (state.not_ready)();
    if reasons.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n").into_response()
}

async fn metrics(State(state): State<Arc<AdminState>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (state.metrics)()).into_response()
}

async fn builds(State(state): State<Arc<AdminState>>, headers: HeaderMap) -> Answer<Builds> {
    check_operator(&state, &headers)?;
    Ok(Data(Builds { builds: state.releases.rules() }))
}

/// Puts another table in place of the whole one; a bad one changes nothing.
async fn replace_builds(State(state): State<Arc<AdminState>>, request: Request) -> Answer<Builds> {
    check_operator(&state, request.headers())?;
    let table: Builds = read_json(request, TABLE_BYTES_MAX).await?;
    state
        .releases
        .replace(table.builds)
        .map_err(|bad| Failure::bad_request(format!("The table is refused: {bad}.")))?;
    let builds = state.releases.rules();
    tracing::info!(event = "builds_replaced", rules = builds.len());
    Ok(Data(Builds { builds }))
}

fn check_operator(state: &AdminState, headers: &HeaderMap) -> Result<(), Fault> {
    check_token(state.token.as_ref(), headers)
}

/// Whether the request comes from an operator.
pub(crate) fn check_token(token: Option<&Secret>, headers: &HeaderMap) -> Result<(), Fault> {
    let Some(token) = token else {
        return Err(Fault::new(ErrorCode::Forbidden, "This server has no admin token; set one to use this."));
    };
    let Some(shown) = bearer(headers) else {
        return Err(Fault::new(
            ErrorCode::NotLoggedIn,
            "This needs the header Authorization: Bearer <admin token>.",
        ));
    };
    // Digests, so that the time of the comparison tells nothing about the token.
    let digest = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    if digest(token.reveal()).as_ref() != digest(shown).as_ref() {
        return Err(Fault::new(ErrorCode::Forbidden, "The admin token is wrong."));
    }
    Ok(())
}
