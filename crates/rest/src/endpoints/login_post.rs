//! `POST /v1/login`: the platform's code for tokens.

use std::sync::Arc;

use accounts::{LoginAnswer, LoginRequest};
use axum::extract::State;
use axum::routing::post;
use model::AppId;
use protocol::{ErrorCode, Fault};
use releases::Decision;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{VerdictView, at_most, blocking};
use crate::body::JsonBody;
use crate::caller::Address;
use crate::endpoint::{AnswerKind, Description, Endpoint};
use crate::envelope::{Answer, Data};
use crate::state::{LoginAttempt, Shared};

#[derive(Deserialize)]
struct Login {
    code: String,
    #[serde(default)]
    app: Option<String>,
    #[serde(default)]
    build: String,
    #[serde(default)]
    device: String,
}

#[derive(Serialize)]
struct LoggedIn {
    #[serde(flatten)]
    answer: LoginAnswer,
    build: VerdictView,
}

async fn login(
    State(shared): State<Arc<Shared>>,
    Address(address): Address,
    JsonBody(login): JsonBody<Login>,
) -> Answer<LoggedIn> {
    at_most("code", &login.code, 512)?;
    at_most("app", login.app.as_deref().unwrap_or_default(), 64)?;
    at_most("build", &login.build, 64)?;
    at_most("device", &login.device, 128)?;
    let rest = &shared.rest;
    let app = login.app.as_ref().map_or_else(|| rest.accounts.default_app().clone(), AppId::new);
    if !rest.accounts.serves(&app) {
        return Err(ErrorCode::UnknownApp.into());
    }
    (rest.admit)(LoginAttempt { app: &app, device: &login.device, address })?;
    let verdict = rest.releases.decide(&app, &login.build);
    if Decision::from(verdict.decision()) == Decision::MustUpdate {
        let sentence = Some(verdict.message).filter(|message| !message.is_empty());
        let sentence = sentence.unwrap_or_else(|| ErrorCode::Outdated.english().to_owned());
        return Err(Fault::new(ErrorCode::Outdated, sentence).into());
    }
    let answer = blocking(&shared, move |shared| {
        let Login { code, build, device, .. } = &login;
        shared.rest.accounts.login(LoginRequest { app: &app, code, device, build })
    })
    .await?;
    Ok(Data(LoggedIn { answer, build: VerdictView::of(verdict) }))
}

pub(super) fn endpoint() -> Endpoint {
    let mut answer = answer_schema();
    answer["properties"]["build"] = VerdictView::schema();
    Endpoint {
        method: "post",
        path: "/v1/login",
        handler: Some(post(login)),
        description: Description {
            summary: "Exchanges the platform's login code for tokens.",
            logged_in: false,
            parameters: Vec::new(),
            request: Some(json!({
                "type": "object",
                "required": ["code"],
                "properties": {
                    "code": { "type": "string", "description": "of wx.login" },
                    "app": { "type": ["string", "null"], "description": "none: the server's first app" },
                    "build": { "type": "string", "description": "the game client's version" },
                    "device": { "type": "string", "description": "the SDK's own name for the device" },
                },
            })),
            answer: AnswerKind::Data(answer),
            errors: &[
                ErrorCode::CodeRejected,
                ErrorCode::Banned,
                ErrorCode::Outdated,
                ErrorCode::PlatformUnavailable,
                ErrorCode::UnknownApp,
                ErrorCode::TooManyRequests,
                ErrorCode::DeadlineExceeded,
            ],
        },
    }
}

/// Of [`LoginAnswer`].
pub(super) fn answer_schema() -> Value {
    json!({
        "type": "object",
        "required": ["token", "refresh_token", "expires_in", "player"],
        "properties": {
            "token": { "type": "string", "description": "the access token" },
            "refresh_token": { "type": "string" },
            "expires_in": { "type": "integer", "description": "seconds until the access token expires" },
            "player": {
                "type": "object",
                "required": ["id", "name"],
                "properties": { "id": { "type": "string" }, "name": { "type": "string" } },
            },
        },
    })
}
