//! The router for clients.

use std::sync::Arc;

use axum::http::{StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, extract::State};
use protocol::ErrorCode;
use tokio::sync::Semaphore;

use crate::cors::cors;
use crate::envelope::Failure;
use crate::request_log::log_requests;
use crate::state::{RestState, Shared};
use crate::{endpoints, openapi, static_files};

/// Everything that clients and browsers may ask for.
pub fn router(state: RestState) -> Router {
    let endpoints = endpoints::all();
    let openapi = openapi::document(&endpoints).to_string().into();
    let blocking = Arc::new(Semaphore::new(state.config.blocking_at_once));
    let computing = Arc::new(Semaphore::new(state.config.computing_at_once));
    let shared = Arc::new(Shared { rest: state, blocking, computing, openapi });

    let mut router = Router::new();
    for endpoint in endpoints {
        if let Some(handler) = endpoint.handler {
            router = router.route(endpoint.path, handler);
        }
    }
    router
        .route("/", get(start))
        .route("/play", get(static_files::to_folder))
        .route("/play/", get(static_files::serve))
        .route("/play/{*file}", get(static_files::serve))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(shared.clone(), cors))
        .layer(from_fn_with_state(shared.clone(), log_requests))
        .with_state(shared)
}

async fn start(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    if !shared.rest.config.start_at_play {
        return nothing_here().await.into_response();
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::FOUND, [(header::LOCATION, format!("/play/{query}"))]).into_response()
}

pub(crate) async fn nothing_here() -> Failure {
    ErrorCode::NotFound.into()
}

pub(crate) async fn wrong_method() -> Failure {
    ErrorCode::MethodNotAllowed.into()
}
