//! Operation 10: a connection becomes a session's.

use std::sync::Arc;

use clock::Moment;
use link::Class;
use model::Build;
use prost::Message;
use protocol::messages::build_verdict::Decision;
use protocol::{ErrorCode, Fault, messages, operation};

use crate::connection::Connection;
use crate::resume_token::ResumeToken;
use crate::services::Services;
use crate::session::{NewSession, Opened, Session};

/// What a login frame asks for.
pub enum LoginRequest<'a> {
    Message(messages::Login),
    /// The founding article's client: plain text names a test player.
    Text(&'a str),
}

impl LoginRequest<'_> {
    /// A body that begins with 0x0A is Protobuf, since field 1 is always there; anything else is text.
    pub fn read(body: &[u8]) -> Result<LoginRequest<'_>, Fault> {
        if body.first() == Some(&0x0A) {
            return messages::Login::decode(body).map(LoginRequest::Message).map_err(|error| {
                Fault::new(ErrorCode::BadBody, format!("the login cannot be read: {error}"))
            });
        }
        let end = body.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let text = std::str::from_utf8(&body[..end]).ok().filter(|text| !text.is_empty() && text.len() <= 64);
        let sentence = "the login is neither a Login message nor a name of at most 64 bytes";
        text.map(LoginRequest::Text).ok_or_else(|| Fault::new(ErrorCode::BadBody, sentence))
    }
}

/// Logs a connection in; the welcome has been sent when this returns.
pub fn log_in(
    services: &Services,
    connection: &Arc<Connection>,
    request: LoginRequest<'_>,
) -> Result<Arc<Session>, Fault> {
    let outcome = match request {
        LoginRequest::Text(text) => {
            let claims = services.accounts.dev_player(services.accounts.default_app(), text)?;
            open(services, connection, claims, messages::Login::default())
        }
        LoginRequest::Message(login) if !login.resume.is_empty() => {
            resume_or_open(services, connection, login)
        }
        LoginRequest::Message(login) => {
            let claims = services.accounts.verify_access(&login.token)?;
            open(services, connection, claims, login)
        }
    };
    let label = outcome.as_ref().map_or_else(|fault| fault.code.name(), |(_, label)| *label);
    services.metrics.gateway.logins_total.of(&[label]).increment();
    outcome.map(|(session, _)| session)
}

/// A session, and how it came about: the label of the metric.
type LoggedIn = (Arc<Session>, &'static str);

fn resume_or_open(
    services: &Services,
    connection: &Arc<Connection>,
    login: messages::Login,
) -> Result<LoggedIn, Fault> {
    let token = services.resume_key.open(&login.resume)?;
    let Some(session) = services.sessions.get(&token.session) else {
        // The session did not outlive its window, or not its process: the player does.
        let claims = services.accounts.verify_access(&login.token)?;
        return open(services, connection, claims, login);
    };
    if let Some(ban) = services.accounts.is_banned(&session.app, &session.player) {
        return Err(ban.to_fault());
    }
    if services.accounts.is_revoked(&session.app, &session.family) {
        return Err(Fault::new(ErrorCode::TokenInvalid, "the player has logged out"));
    }
    services.doorman.may_log_in(&session.app, &session.player, &session.device)?;
    let rooms = session_rooms(&session, true);
    let previous =
        session.take_over(connection.clone(), token.generation, login.last_push, |generation, lost| {
            services.metrics.gateway.pushes_lost_total.add(u64::from(lost));
            let welcome = messages::Welcome {
                resumed: true,
                pushes_lost: lost,
                rooms,
                ..welcome(services, &session, generation)
            };
            connection.send(operation::WELCOME, &welcome.encode_to_vec(), None, Class::Reliable);
        })?;
    if let Some(previous) = previous {
        previous.close(operation::GOODBYE, &Fault::new(ErrorCode::Replaced, "the session went on elsewhere"));
    }
    services.metrics.gateway.resumes_total.increment();
    tracing::debug!(event = "session_resumed", app = %session.app, player = %session.player, session = %session.id,
        generation = token.generation);
    Ok((session, "resumed"))
}

/// The longest names that a client may have for its build and its device; kept for as long as its session lives.
const BUILD_BYTES: usize = 64;
const DEVICE_BYTES: usize = 128;

fn open(
    services: &Services,
    connection: &Arc<Connection>,
    claims: accounts::AccessClaims,
    login: messages::Login,
) -> Result<LoggedIn, Fault> {
    if services.draining.is_on() {
        return Err(Fault::from(ErrorCode::Draining).retry_after(services.config.retry_within));
    }
    services.has_memory()?;
    for (name, text, most) in [("build", &login.build, BUILD_BYTES), ("device", &login.device, DEVICE_BYTES)]
    {
        if text.len() > most {
            return Err(Fault::new(ErrorCode::BadRequest, format!("`{name}` is longer than {most} bytes")));
        }
    }
    let verdict = services.releases.decide(&claims.app, &login.build);
    if verdict.decision() == Decision::MustUpdate {
        let sentence =
            if verdict.message.is_empty() { ErrorCode::Outdated.english().into() } else { verdict.message };
        return Err(Fault::new(ErrorCode::Outdated, sentence));
    }
    services.doorman.may_log_in(&claims.app, &claims.player, &login.device)?;
    services.accounts.session_numbers_from(services.rooms.next_session_number());
    let number = services.accounts.next_session_number(&claims.app, &claims.player);
    let new = NewSession {
        app: claims.app,
        player: claims.player,
        name: claims.name,
        build: Build::new(&login.build),
        device: login.device,
        family: claims.family,
        number,
    };
    let Opened { session, replaced } = services.sessions.open(new).ok_or(ErrorCode::Replaced)?;
    let left_behind = replaced.as_ref().map(|replaced| session_rooms(replaced, false)).unwrap_or_default();
    let begun = session.begin(connection.clone(), |generation| {
        let welcome = messages::Welcome {
            build: Some(verdict),
            rooms: left_behind,
            ..welcome(services, &session, generation)
        };
        connection.send(operation::WELCOME, &welcome.encode_to_vec(), None, Class::Reliable);
    });
    if let Some(replaced) = replaced {
        let now = services.clock.now();
        services.matchmaking.gone(&replaced.id);
        replaced.replace(now);
        services.sessions.note_lost(&replaced, now);
    }
    begun?;
    tracing::debug!(event = "session_opened", app = %session.app, player = %session.player, session = %session.id,
        number, build = %session.build, sdk = login.sdk);
    Ok((session, "new"))
}

fn welcome(services: &Services, session: &Session, generation: u32) -> messages::Welcome {
    let config = &services.config;
    let lifetime = config.resume_window.as_secs().max(1) + RESUME_TOKEN_SPARE_S;
    let token =
        ResumeToken { session: session.id, generation, expires_s: services.clock.wall_s() + lifetime };
    messages::Welcome {
        player: session.player.to_string(),
        session: session.id.to_string(),
        session_number: session.number,
        resume: services.resume_key.seal(&token).into(),
        heartbeat_ms: config.heartbeat.as_millis() as u32,
        retry_within_ms: config.retry_within.as_millis() as u32,
        resume_window_ms: config.resume_window.as_millis() as u32,
        time_ms: services.clock.wall_ms() as f64,
        max_body: config.max_body,
        ..messages::Welcome::default()
    }
}

/// A connection may live for a day before it breaks, and its token must still be good then.
pub(crate) const RESUME_TOKEN_SPARE_S: u64 = 24 * 3600;

/// The rooms a session is in; for another session (`own` = false) without channels: those it has to join.
fn session_rooms(session: &Session, own: bool) -> Vec<messages::Joined> {
    let joined = |route: link::RoomRoute| messages::Joined {
        room: Some(messages::RoomView {
            room: route.key.room.to_string(),
            run: route.run,
            ..messages::RoomView::default()
        }),
        channel: if own { route.channel } else { 0 },
        seat: route.seat.map(u32::from),
        ..messages::Joined::default()
    };
    session.rooms().into_iter().map(joined).collect()
}

/// Ends what a lost connection leaves behind: the session waits for its client.
pub fn connection_lost(
    services: &Services,
    session: &Arc<Session>,
    connection: &Arc<Connection>,
    now: Moment,
) {
    if session.lose(connection, now) {
        services.sessions.note_lost(session, now);
    }
}

/// Ends a session for good: its client said good-bye, or did not come back in time.
pub fn end_session(services: &Services, session: &Arc<Session>) {
    services.sessions.remove(session);
    services.matchmaking.gone(&session.id);
    session.end();
}
