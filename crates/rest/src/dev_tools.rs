//! A developer's server lets its page break it: the server is killed, patches are published. Profile `dev` alone.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use protocol::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::envelope::{Answer, Data, Failure};

/// What the page may do to the server.
pub trait DevTools: Send + Sync {
    /// Somebody starts the server again when it dies.
    fn is_supervised(&self) -> bool;

    /// Does not come back.
    fn kill(&self);

    /// Publishes a patch of the demo game, the good one or the bad one; tells what became of it.
    ///
    /// # Errors
    /// Why it was refused.
    fn publish(&self, good: bool) -> Result<Value, String>;

    /// The games with rules in the server, their versions and what is on trial.
    fn games(&self) -> Value;
}

/// `GET /dev/games`, `POST /dev/kill`, `POST /dev/patch {"which":"v2"|"bad"}`; for merging with the players' router.
pub fn dev_tools_router(tools: Arc<dyn DevTools>) -> Router {
    Router::new()
        .route("/dev/games", get(games))
        .route("/dev/kill", post(kill))
        .route("/dev/patch", post(patch))
        .with_state(tools)
}

#[derive(Serialize)]
struct Games {
    supervised: bool,
    games: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    which: Which,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    V2,
    Bad,
}

async fn games(State(tools): State<Arc<dyn DevTools>>) -> Data<Games> {
    Data(Games { supervised: tools.is_supervised(), games: tools.games() })
}

async fn kill(State(tools): State<Arc<dyn DevTools>>) -> Result<StatusCode, Failure> {
    if !tools.is_supervised() {
        let message = "nobody would start this server again: run it as `jianzi supervise -- dev`";
        return Err(Fault::new(ErrorCode::Forbidden, message).into());
    }
    tools.kill();
    Ok(StatusCode::NO_CONTENT)
}

async fn patch(State(tools): State<Arc<dyn DevTools>>, Json(wish): Json<Wish>) -> Answer<Value> {
    let published = tokio::task::spawn_blocking(move || tools.publish(matches!(wish.which, Which::V2)));
    match published.await {
        Ok(Ok(published)) => Ok(Data(published)),
        Ok(Err(why)) => Err(Fault::new(ErrorCode::BadRequest, why).into()),
        Err(_) => Err(Fault::from(ErrorCode::Internal).into()),
    }
}
