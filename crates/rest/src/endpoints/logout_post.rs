//! `POST /v1/logout`: the end of a login's tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use serde::Serialize;
use serde_json::json;

use crate::caller::BearerToken;
use crate::endpoint::{AnswerKind, Description, Endpoint};
use crate::envelope::{Answer, Data};
use crate::state::Shared;

#[derive(Serialize)]
struct LoggedOut {}

async fn logout(State(shared): State<Arc<Shared>>, BearerToken(token): BearerToken) -> Answer<LoggedOut> {
    shared.rest.accounts.logout(&token)?;
    Ok(Data(LoggedOut {}))
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        method: "post",
        path: "/v1/logout",
        handler: Some(post(logout)),
        description: Description {
            summary: "Ends a login: its access and refresh tokens are void at once.",
            logged_in: true,
            parameters: Vec::new(),
            request: None,
            answer: AnswerKind::Data(json!({ "type": "object", "required": [], "properties": {} })),
            errors: &[],
        },
    }
}
