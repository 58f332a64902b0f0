//! `GET /openapi.json`: what is served here.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::endpoint::{AnswerKind, Description, Endpoint};
use crate::state::Shared;

async fn openapi(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], shared.openapi.clone())
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        method: "get",
        path: "/openapi.json",
        handler: Some(get(openapi)),
        description: Description {
            summary: "This document.",
            logged_in: false,
            parameters: Vec::new(),
            request: None,
            answer: AnswerKind::Document,
            errors: &[],
        },
    }
}
