//! What a client sends, read within limits of size and time and refused with a sentence.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use protocol::{ErrorCode, Fault};
use serde::de::DeserializeOwned;

use crate::envelope::Failure;
use crate::state::Shared;

/// A JSON body. Fields that nobody knows are passed over.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// The query string.
pub(crate) struct QueryString<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<JsonBody<T>, Failure> {
        let config = &shared.rest.config;
        let reading = read_json(request, config.body_max);
        tokio::time::timeout(config.body_within, reading)
            .await
            .unwrap_or_else(|_| Err(too_late()))
            .map(JsonBody)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryString<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<QueryString<T>, Failure> {
        let query = Query::try_from_uri(&parts.uri)
            .map_err(|bad| Failure::bad_request(format!("The query cannot be read: {}.", bad.body_text())))?;
        Ok(QueryString(query.0))
    }
}

/// Reads a whole body of at most `limit` bytes as JSON.
pub(crate) async fn read_json<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, Failure> {
    if !says_json(&request) {
        return Err(Failure::bad_request("The header Content-Type must be application/json."));
    }
    let body = read_bytes(request, limit).await?;
    serde_json::from_slice(&body)
        .map_err(|error| Failure::bad_request(format!("The body is not the JSON that is expected: {error}.")))
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn read_bytes(request: Request, limit: usize) -> Result<Bytes, Failure> {
    let too_long = || Fault::new(ErrorCode::TooLong, format!("The body is longer than {limit} bytes."));
    // A client that announces too much is not listened to.
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_long().into());
    }
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long().into()),
        Err(_) => Err(Failure::bad_request("The body ended too early.")),
    }
}

/// An absent type passes for JSON: the founding article's client sends none.
fn says_json(request: &Request) -> bool {
    let Some(content_type) = request.headers().get(header::CONTENT_TYPE) else { return true };
    let Ok(content_type) = content_type.to_str() else { return false };
    let essence = content_type.split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn too_late() -> Failure {
    Failure(Fault::new(ErrorCode::Idle, "The body did not arrive in time."))
}
