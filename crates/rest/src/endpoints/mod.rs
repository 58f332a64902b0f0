//! Every endpoint, one file each.

mod login_post;
mod logout_post;
mod openapi_get;
mod refresh_post;
mod replay_get;
mod user_info_get;
mod version_get;

use std::sync::Arc;

use protocol::{ErrorCode, Fault};
use serde::Serialize;
use serde_json::{Value, json};

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
        let shared = shared.clone();
        let thread = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when nobody waits for it any more.
            let _permit = permit;
            work(&shared)
        });
        thread.await.map_err(|_| ErrorCode::Internal)?
    };
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
