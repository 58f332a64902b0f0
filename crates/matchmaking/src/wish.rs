//! What a ticket wants, checked and in a form that can be compared.

use std::time::Duration;

use model::{AppId, Build};
use prost::Message;
use protocol::messages::{MatchStart, RoomKind, RoomSpec};
use protocol::{ErrorCode, Fault};

use crate::config::MatchConfig;

/// A [`MatchStart`] that makes sense. Equal wishes of one player are the same ticket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub pool: PoolKey,
    /// The game's version, also where the pool does not ask for it.
    pub build: Build,
    /// Seats for people, those given to bots by patience included.
    pub players: u32,
    pub fill_with_bots: bool,
    pub patience: Duration,
    /// Canonical, see `RoomMaker::canonical`.
    pub spec: RoomSpec,
}

/// Tickets of one pool can share a match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PoolKey {
    pub shape: ShapeKey,
    /// Lockstep rooms take equal builds only; elsewhere this is empty.
    pub build: Build,
}

/// Tickets of one shape would share a match if their builds were equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ShapeKey {
    pub mode: ModeKey,
    pub players: u32,
    /// The canonical specification, encoded.
    pub spec: Box<[u8]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModeKey {
    pub app: AppId,
    pub mode: Box<str>,
}

/// The specification of a start as it is handed to `RoomMaker::canonical`: the mode and the seats filled in where the
/// client left them out. The fault is `bad_request` or `bad_spec`.
pub(crate) fn spec_of(start: &mut MatchStart) -> Result<RoomSpec, Fault> {
    let mut spec = start.room.take().ok_or(Fault::new(
        ErrorCode::BadRequest,
        "The field \"room\" is missing: it says what room to make for the match.",
    ))?;
    if start.mode.is_empty() || start.mode.len() > 32 {
        return Err(Fault::new(ErrorCode::BadRequest, "A mode's name has 1 to 32 bytes."));
    }
    if spec.mode.is_empty() {
        spec.mode = start.mode.clone();
    }
    if spec.mode != start.mode {
        return Err(Fault::new(ErrorCode::BadSpec, "The room's mode is not the ticket's."));
    }
    if !spec.reserved_for.is_empty() {
        return Err(Fault::new(ErrorCode::BadSpec, "The match itself decides for whom seats are reserved."));
    }
    if spec.seats == 0 {
        spec.seats = start.players.saturating_add(spec.bots);
    }
    if start.players == 0 {
        start.players = spec.seats.saturating_sub(spec.bots);
    }
    if start.players == 0 || start.players.checked_add(spec.bots).is_none_or(|taken| taken > spec.seats) {
        return Err(Fault::new(
            ErrorCode::BadSpec,
            format!(
                "A room of {} seats with {} bots cannot take {} players.",
                spec.seats, spec.bots, start.players
            ),
        ));
    }
    Ok(spec)
}

impl Wish {
    /// `start` as [`spec_of`] left it, `spec` in its canonical form.
    pub fn new(app: &AppId, build: &Build, start: &MatchStart, spec: RoomSpec, config: &MatchConfig) -> Wish {
        let is_lockstep = spec.kind == i32::from(RoomKind::Lockstep);
        let shape = ShapeKey {
            mode: ModeKey { app: app.clone(), mode: start.mode.as_str().into() },
            players: start.players,
            spec: spec.encode_to_vec().into(),
        };
        let patience = match start.patience_ms {
            0 => config.patience,
            asked => Duration::from_millis(asked.into()).min(config.longest_patience),
        };
        Wish {
            pool: PoolKey { shape, build: if is_lockstep { build.clone() } else { Build::new("") } },
            build: build.clone(),
            players: start.players,
            fill_with_bots: start.fill_with_bots,
            patience,
            spec,
        }
    }

    pub fn app(&self) -> &AppId {
        &self.pool.shape.mode.app
    }

    pub fn mode(&self) -> &str {
        &self.pool.shape.mode.mode
    }
}
