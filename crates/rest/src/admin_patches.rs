//! Patches on the operators' listener: what `jianzi patch` asks for.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use model::{PlayerId, RoomId};
use platform::Secret;
use protocol::{ErrorCode, Fault};
use releases::{Bundle, GameKey, GameStatus, PatchFault, Patches, Pin, Published, Share, Verdict};
use serde::{Deserialize, Serialize};

use crate::admin::check_token;
use crate::body::{QueryString, read_bytes, read_json};
use crate::envelope::{Answer, Data, Failure};

/// What the routes of patches work with.
#[derive(Clone)]
pub struct PatchAdmin {
    pub patches: Arc<Patches>,
    /// As [`crate::AdminState::token`]; none: nobody may.
    pub token: Option<Secret>,
}

/// The routes under `/admin/v1/patches`, all behind the token; to be merged into [`crate::admin_router`].
pub fn patch_router(state: PatchAdmin) -> Router {
    Router::new()
        .route("/admin/v1/patches", get(status).post(publish))
        .route("/admin/v1/patches/verify", post(verify))
        .route("/admin/v1/patches/promote", post(promote))
        .route("/admin/v1/patches/rollback", post(roll_back))
        .route("/admin/v1/patches/pin", post(pin))
        .route("/admin/v1/patches/history", get(history))
        .with_state(Arc::new(state))
}

/// For a bundle to arrive.
const BUNDLE_WITHIN: Duration = Duration::from_secs(60);
/// Of an order in JSON, in bytes.
const ORDER_BYTES_MAX: usize = 16 * 1024;

/// Which games are asked for; all without both.
#[derive(Deserialize)]
struct Which {
    app: Option<String>,
    game: Option<String>,
}

#[derive(Deserialize)]
struct How {
    /// Of the rooms, as `10%`.
    share: Option<String>,
    /// Who publishes.
    by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    app: String,
    game: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinOrder {
    app: String,
    game: String,
    room: Option<String>,
    player: Option<String>,
    /// None ends the pin.
    version: Option<u32>,
    #[serde(default)]
    by: String,
}

#[derive(Serialize)]
struct Statuses {
    games: Vec<GameStatus>,
    /// What an operator should see to.
    problems: Vec<String>,
    history: Head,
}

/// Where the history ends; whoever notes it will notice a history that was cut.
#[derive(Serialize)]
struct Head {
    entries: u64,
    head: String,
}

async fn status(
    State(state): State<Arc<PatchAdmin>>,
    headers: HeaderMap,
    QueryString(which): QueryString<Which>,
) -> Answer<Statuses> {
    check_token(state.token.as_ref(), &headers)?;
    let only = match which {
        Which { app: Some(app), game: Some(game) } => Some(GameKey::new(app, game)),
        Which { app: None, game: None } => None,
        _ => return Err(Failure::bad_request("Name both app and game, or neither.")),
    };
    blocking(state, move |patches| {
        let games = patches.status(only.as_ref());
        if let Some(unknown) = only.filter(|_| games.is_empty()) {
            return Err(PatchFault::UnknownGame(unknown.to_string()));
        }
        let (entries, head) = patches.catalog().head();
        Ok(Statuses { games, problems: patches.problems(), history: Head { entries, head } })
    })
    .await
}

async fn publish(
    State(state): State<Arc<PatchAdmin>>,
    QueryString(how): QueryString<How>,
    request: Request,
) -> Answer<Published> {
    check_token(state.token.as_ref(), request.headers())?;
    let share = match how.share.as_deref().map(str::parse::<Share>).transpose() {
        Ok(share) => share,
        Err(bad) => return Err(Failure::bad_request(format!("The share is refused: {bad}."))),
    };
    let bundle = bundle(request).await?;
    let by = operator(how.by.unwrap_or_default());
    blocking(state, move |patches| patches.publish(&bundle, share, &by)).await
}

async fn verify(State(state): State<Arc<PatchAdmin>>, request: Request) -> Answer<Verdict> {
    check_token(state.token.as_ref(), request.headers())?;
    let bundle = bundle(request).await?;
    blocking(state, move |patches| patches.verify(&bundle)).await
}

async fn promote(State(state): State<Arc<PatchAdmin>>, request: Request) -> Answer<Vec<GameStatus>> {
    check_token(state.token.as_ref(), request.headers())?;
    let Order { app, game, by, .. } = read_json(request, ORDER_BYTES_MAX).await?;
    let game = GameKey::new(app, game);
    blocking(state, move |patches| {
        patches.promote(&game, &operator(by))?;
        Ok(patches.status(Some(&game)))
    })
    .await
}

async fn roll_back(State(state): State<Arc<PatchAdmin>>, request: Request) -> Answer<Vec<GameStatus>> {
    check_token(state.token.as_ref(), request.headers())?;
    let Order { app, game, by, why } = read_json(request, ORDER_BYTES_MAX).await?;
    let game = GameKey::new(app, game);
    blocking(state, move |patches| {
        patches.roll_back(&game, &why, &operator(by))?;
        Ok(patches.status(Some(&game)))
    })
    .await
}

async fn pin(State(state): State<Arc<PatchAdmin>>, request: Request) -> Answer<Vec<GameStatus>> {
    check_token(state.token.as_ref(), request.headers())?;
    let PinOrder { app, game, room, player, version, by } = read_json(request, ORDER_BYTES_MAX).await?;
    let pin = match (room, player) {
        (Some(room), None) => {
            let room: RoomId =
                room.parse().map_err(|bad| Failure::bad_request(format!("The room is refused: {bad}.")))?;
            Pin::Room(room)
        }
        (None, Some(player)) => Pin::Player(PlayerId::new(player)),
        _ => return Err(Failure::bad_request("Name a room or a player, one of them.")),
    };
    let game = GameKey::new(app, game);
    blocking(state, move |patches| {
        patches.pin(&game, &pin, version, &operator(by))?;
        Ok(patches.status(Some(&game)))
    })
    .await
}

/// The whole history as it is on disk, for whoever wants to check its chain with his own eyes.
async fn history(State(state): State<Arc<PatchAdmin>>, headers: HeaderMap) -> Result<Response, Failure> {
    check_token(state.token.as_ref(), &headers)?;
    let Data(text) = blocking(state, |patches| Ok(patches.catalog().history()?)).await?;
    let headers =
        [(header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

async fn bundle(request: Request) -> Result<Bytes, Failure> {
    let reading = tokio::time::timeout(BUNDLE_WITHIN, read_bytes(request, Bundle::BYTES_MAX));
    reading
        .await
        .unwrap_or_else(|_| Err(Fault::new(ErrorCode::Idle, "The bundle did not arrive in time.").into()))
}

/// What may wait for a disk, a compiler or a lock, away from the threads that serve.
async fn blocking<T: Send + 'static>(
    state: Arc<PatchAdmin>,
    work: impl FnOnce(&Patches) -> Result<T, PatchFault> + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(move || work(&state.patches)).await {
        Ok(done) => done.map(Data).map_err(|fault| failure(&fault)),
        Err(error) => {
            tracing::error!(event = "patch_call_panicked", %error);
            Err(ErrorCode::Internal.into())
        }
    }
}

fn failure(fault: &PatchFault) -> Failure {
    let code = match fault {
        PatchFault::UnknownGame(_) => ErrorCode::NotFound,
        fault if fault.is_ours() => ErrorCode::Unavailable,
        _ => ErrorCode::BadRequest,
    };
    Failure(Fault::new(code, format!("Refused: {fault}.")))
}

fn operator(by: String) -> String {
    if by.trim().is_empty() { "operator".to_owned() } else { by }
}
