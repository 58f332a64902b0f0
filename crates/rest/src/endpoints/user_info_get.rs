//! `GET /v1/user/info` and `GET /v2/user/info`: the caller; the second version tells more, the first stays as it is.

use std::sync::Arc;

use accounts::Role;
use axum::extract::State;
use axum::routing::get;
use model::{AppId, PlayerId};
use serde::Serialize;
use serde_json::json;

use crate::caller::Caller;
use crate::endpoint::{AnswerKind, Description, Endpoint};
use crate::envelope::{Answer, Data};
use crate::state::Shared;

#[derive(Serialize)]
struct UserInfoV1 {
    id: PlayerId,
    name: String,
}

async fn user_info_v1(Caller(claims): Caller) -> Answer<UserInfoV1> {
    Ok(Data(UserInfoV1 { id: claims.player, name: claims.name }))
}

#[derive(Serialize)]
struct UserInfoV2 {
    id: PlayerId,
    name: String,
    app: AppId,
    role: Role,
    token_expires_s: u64,
    profile: Option<ProfileView>,
}

#[derive(Serialize)]
struct ProfileView {
    platform: String,
    created_ms: u64,
    last_login_ms: u64,
    logins: u32,
}

async fn user_info_v2(State(shared): State<Arc<Shared>>, Caller(claims): Caller) -> Answer<UserInfoV2> {
    let profile = shared.rest.accounts.profile(&claims.app, &claims.player).map(|profile| ProfileView {
        platform: profile.platform,
        created_ms: profile.created_ms,
        last_login_ms: profile.last_login_ms,
        logins: profile.logins,
    });
    Ok(Data(UserInfoV2 {
        id: claims.player,
        name: claims.name,
        app: claims.app,
        role: claims.role,
        token_expires_s: claims.expires_s,
        profile,
    }))
}

pub(super) fn endpoint_v1() -> Endpoint {
    Endpoint {
        method: "get",
        path: "/v1/user/info",
        handler: Some(get(user_info_v1)),
        description: Description {
            summary: "The caller.",
            logged_in: true,
            parameters: Vec::new(),
            request: None,
            answer: AnswerKind::Data(json!({
                "type": "object",
                "required": ["id", "name"],
                "properties": { "id": { "type": "string" }, "name": { "type": "string" } },
            })),
            errors: &[],
        },
    }
}

pub(super) fn endpoint_v2() -> Endpoint {
    let profile = json!({
        "type": ["object", "null"],
        "description": "null when nothing is stored of the player",
        "required": ["platform", "created_ms", "last_login_ms", "logins"],
        "properties": {
            "platform": { "type": "string" },
            "created_ms": { "type": "integer", "description": "since 1970, UTC" },
            "last_login_ms": { "type": "integer", "description": "since 1970, UTC" },
            "logins": { "type": "integer" },
        },
    });
    Endpoint {
        method: "get",
        path: "/v2/user/info",
        handler: Some(get(user_info_v2)),
        description: Description {
            summary: "The caller, the token and the profile.",
            logged_in: true,
            parameters: Vec::new(),
            request: None,
            answer: AnswerKind::Data(json!({
                "type": "object",
                "required": ["id", "name", "app", "role", "token_expires_s", "profile"],
                "properties": {
                    "id": { "type": "string" },
                    "name": { "type": "string" },
                    "app": { "type": "string" },
                    "role": { "enum": ["player", "tester"] },
                    "token_expires_s": { "type": "integer", "description": "seconds since 1970, UTC" },
                    "profile": profile,
                },
            })),
            errors: &[],
        },
    }
}
