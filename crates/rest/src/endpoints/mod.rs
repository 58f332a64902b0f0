//! Every endpoint, one file each.

mod login_post;
mod logout_post;
mod openapi_get;
mod refresh_post;
mod replay_get;
mod user_info_get;
mod version_get;

use std::sync::Arc;
use std::time::Duration;

use protocol::{ErrorCode, Fault};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use crate::endpoint::Endpoint;
use crate::state::Shared;

/// What the router serves and `/openapi.json` describes.
pub(crate) fn all() -> Vec<Endpoint> {
    vec![
        login_post::endpoint(),
        refresh_post::endpoint(),
        logout_post::endpoint(),
        user_info_get::endpoint_v1(),
        user_info_get::endpoint_v2(),
        version_get::endpoint(),
        replay_get::endpoint(),
        replay_get::endpoint_json(),
        openapi_get::endpoint(),
    ]
}

/// What the version table says of a build, as JSON.
#[derive(Serialize)]
struct VerdictView {
    decision: &'static str,
    message: String,
    server: String,
}

impl VerdictView {
    fn of(verdict: protocol::messages::BuildVerdict) -> VerdictView {
        let decision = releases::Decision::from(verdict.decision()).name();
        VerdictView { decision, message: verdict.message, server: verdict.server }
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["decision", "message", "server"],
            "properties": {
                "decision": { "enum": ["allow", "please_update", "must_update", "other_server"] },
                "message": { "type": "string" },
                "server": { "type": "string", "description": "for other_server: the address to use instead" },
            },
        })
    }
}

/// Runs what may wait for somebody else on a thread that may wait, so many at once and not for ever.
async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let doing = async {
        let permit = shared.blocking.clone().acquire_owned().await.map_err(|_| ErrorCode::Draining)?;
        on_a_thread(shared, permit, work).await
    };
    in_time(shared, doing).await
}

/// The same for what keeps a thread busy all the time. Very few at once, and the next is sent away: work that goes on
/// when nobody waits for it any more must not take the threads that logins need.
async fn computing<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let busy = || {
        let sentence = "The server is playing as many other matches again as it may.";
        Fault::new(ErrorCode::TooManyRequests, sentence).retry_after(COMPUTING_RETRY_AFTER)
    };
    let permit = shared.computing.clone().try_acquire_owned().map_err(|_| busy())?;
    in_time(shared, on_a_thread(shared, permit, work)).await
}

const COMPUTING_RETRY_AFTER: Duration = Duration::from_secs(2);

async fn on_a_thread<T: Send + 'static>(
    shared: &Arc<Shared>,
    permit: OwnedSemaphorePermit,
    work: impl FnOnce(&Shared) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let shared = shared.clone();
    let thread = tokio::task::spawn_blocking(move || {
        // Held until the work is done, also when nobody waits for it any more.
        let _permit = permit;
        work(&shared)
    });
    thread.await.map_err(|_| ErrorCode::Internal)?
}

async fn in_time<T>(shared: &Shared, doing: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let late = || Fault::new(ErrorCode::DeadlineExceeded, "The answer took too long.");
    tokio::time::timeout(shared.rest.config.answer_within, doing).await.unwrap_or_else(|_| Err(late()))
}

/// Refuses texts that no client of ours sends.
fn at_most(name: &str, text: &str, bytes_max: usize) -> Result<(), Fault> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::BadRequest, format!("`{name}` is longer than {bytes_max} bytes.")))
}
