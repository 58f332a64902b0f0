//! `POST /v1/refresh`: new tokens for a refresh token.

use std::sync::Arc;

use accounts::LoginAnswer;
use axum::extract::State;
use axum::routing::post;
use protocol::ErrorCode;
use serde::Deserialize;
use serde_json::json;

use super::login_post::answer_schema;
use crate::body::JsonBody;
use crate::endpoint::{AnswerKind, Description, Endpoint};
use crate::envelope::{Answer, Data};
use crate::state::Shared;

#[derive(Deserialize)]
struct Refresh {
    refresh_token: String,
}

async fn refresh(
    State(shared): State<Arc<Shared>>,
    JsonBody(refresh): JsonBody<Refresh>,
) -> Answer<LoginAnswer> {
    Ok(Data(shared.rest.accounts.refresh(&refresh.refresh_token)?))
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        method: "post",
        path: "/v1/refresh",
        handler: Some(post(refresh)),
        description: Description {
            summary: "New tokens for a refresh token. Safe to repeat for a minute, until the new one was used.",
            logged_in: false,
            parameters: Vec::new(),
            request: Some(json!({
                "type": "object",
                "required": ["refresh_token"],
                "properties": { "refresh_token": { "type": "string" } },
            })),
            answer: AnswerKind::Data(answer_schema()),
            errors: &[ErrorCode::RefreshInvalid, ErrorCode::Banned],
        },
    }
}
