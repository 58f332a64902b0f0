//! Crashing the server on purpose, in a developer's server alone: to see what players and operators see.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::routing::post;
use crashes::How;
use platform::Secret;
use serde::{Deserialize, Serialize};

use crate::admin::check_token;
use crate::envelope::{Answer, Data, Failure};

/// `POST /dev/crash?how=segv|abort|panic|overflow|kill`, with the admin token; for merging with the operators' router
/// when the profile is `dev`.
pub fn dev_crash_router(token: Option<Secret>) -> Router {
    Router::new().route("/dev/crash", post(crash)).with_state(Arc::new(token))
}

#[derive(Deserialize)]
struct Wish {
    how: String,
}

#[derive(Serialize)]
struct Crashing {
    how: String,
}

async fn crash(
    State(token): State<Arc<Option<Secret>>>,
    headers: HeaderMap,
    wish: Query<Wish>,
) -> Answer<Crashing> {
    check_token(token.as_ref().as_ref(), &headers)?;
    let how: How = wish.how.parse().map_err(Failure::bad_request)?;
    tracing::warn!(event = "crash_on_purpose", %how);
    // The answer may still get out; nobody is promised that.
    std::thread::spawn(move || crashes::on_purpose(how));
    Ok(Data(Crashing { how: how.to_string() }))
}
