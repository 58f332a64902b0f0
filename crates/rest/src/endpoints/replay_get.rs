//! `GET /v1/replays/{room}` and `GET /v1/replays/{room}.json`: a match to watch again.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::RoomId;
use protocol::ErrorCode;

use super::{blocking, computing};
use crate::caller::Caller;
use crate::endpoint::{AnswerKind, Description, Endpoint, Parameter, Place};
use crate::envelope::{Data, Failure};
use crate::state::Shared;

/// Both paths: the router knows no suffixes.
async fn replay(
    State(shared): State<Arc<Shared>>,
    Caller(claims): Caller,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let (name, as_json) = match name.strip_suffix(".json") {
        Some(name) => (name, true),
        None => (name.as_str(), false),
    };
    // What cannot be a room's id is no room's id.
    let room: RoomId = name.parse().map_err(|_| ErrorCode::RoomUnknown)?;
    if as_json {
        // The whole match is played again for it.
        let json = computing(&shared, move |shared| shared.rest.replays.json(&claims.app, &room)).await?;
        return Ok(Data(json).into_response());
    }
    let file_name = format!("attachment; filename=\"{room}.replay\"");
    let file = blocking(&shared, move |shared| shared.rest.replays.file(&claims.app, &room)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, file_name.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, file).into_response())
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        method: "get",
        path: "/v1/replays/{room}",
        handler: Some(get(replay)),
        description: describe("The replay file of a room, as `jianzi replay` reads it.", AnswerKind::Bytes),
    }
}

pub(super) fn endpoint_json() -> Endpoint {
    let data = serde_json::json!({ "type": "object", "required": [], "properties": {} });
    Endpoint {
        method: "get",
        path: "/v1/replays/{room}.json",
        handler: None,
        description: describe("The replay of a room, for people and scripts.", AnswerKind::Data(data)),
    }
}

fn describe(summary: &'static str, answer: AnswerKind) -> Description {
    Description {
        summary,
        logged_in: true,
        parameters: vec![Parameter { name: "room", place: Place::Path, description: "The room's id." }],
        request: None,
        answer,
        errors: &[ErrorCode::RoomUnknown, ErrorCode::DeadlineExceeded],
    }
}
