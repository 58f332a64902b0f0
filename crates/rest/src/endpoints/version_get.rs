//! `GET /v1/version`: may this build play?

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use model::AppId;
use protocol::ErrorCode;
use serde::Deserialize;

use super::VerdictView;
use crate::body::QueryString;
use crate::endpoint::{AnswerKind, Description, Endpoint, Parameter, Place};
use crate::envelope::{Answer, Data};
use crate::state::Shared;

#[derive(Deserialize)]
struct Version {
    app: Option<String>,
    #[serde(default)]
    build: String,
}

async fn version(
    State(shared): State<Arc<Shared>>,
    QueryString(version): QueryString<Version>,
) -> Answer<VerdictView> {
    let accounts = &shared.rest.accounts;
    let app = version.app.map_or_else(|| accounts.default_app().clone(), AppId::from);
    if !accounts.serves(&app) {
        return Err(ErrorCode::UnknownApp.into());
    }
    Ok(Data(VerdictView::of(shared.rest.releases.decide(&app, &version.build))))
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        method: "get",
        path: "/v1/version",
        handler: Some(get(version)),
        description: Description {
            summary: "What the version table says of a build.",
            logged_in: false,
            parameters: vec![
                Parameter { name: "app", place: Place::Query, description: "None: the server's first app." },
                Parameter { name: "build", place: Place::Query, description: "The game client's version." },
            ],
            request: None,
            answer: AnswerKind::Data(VerdictView::schema()),
            errors: &[ErrorCode::UnknownApp, ErrorCode::BadRequest],
        },
    }
}
