//! An endpoint: what it serves and what `/openapi.json` says of it, together.

use std::sync::Arc;

use axum::routing::MethodRouter;
use protocol::ErrorCode;
use serde_json::Value;

use crate::state::Shared;

/// One method at one path.
pub(crate) struct Endpoint {
    /// In lower case, as OpenAPI writes it.
    pub(crate) method: &'static str,
    /// With `{parameters}`.
    pub(crate) path: &'static str,
    /// None: another endpoint's handler serves this path too.
    pub(crate) handler: Option<MethodRouter<Arc<Shared>>>,
    pub(crate) description: Description,
}

/// What a client has to know.
pub(crate) struct Description {
    pub(crate) summary: &'static str,
    /// Needs an access token.
    pub(crate) logged_in: bool,
    pub(crate) parameters: Vec<Parameter>,
    /// JSON Schema of the body.
    pub(crate) request: Option<Value>,
    pub(crate) answer: AnswerKind,
    /// Beside `too_many_requests`, `internal` and what every body and token may meet.
    pub(crate) errors: &'static [ErrorCode],
}

pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) description: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// May be left out.
    Query,
    Path,
}

pub(crate) enum AnswerKind {
    /// JSON Schema of `data` in the envelope.
    Data(Value),
    /// JSON without an envelope.
    Document,
    Bytes,
}
