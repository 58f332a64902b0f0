//! The methods about quick match.

use std::sync::Arc;

use bytes::Bytes;
use protocol::messages;

use super::{Reply, read_body};
use crate::services::Services;
use crate::session::Session;

pub fn start(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::MatchStart>(body, reply) else { return };
    if let Err(fault) = services.has_memory() {
        return reply.fail(fault);
    }
    let Session { app, player, id, build, .. } = &**session;
    services.matchmaking.submit(
        app,
        player,
        id,
        build,
        request,
        Box::new(move |ticket| reply.finish(ticket)),
    );
}

pub fn cancel(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::MatchCancel>(body, reply) else { return };
    let done = Box::new(move |ticket| reply.finish(ticket));
    services.matchmaking.cancel(&session.app, &session.player, request, done);
}

pub fn status(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::MatchStatus>(body, reply) else { return };
    let done = Box::new(move |ticket| reply.finish(ticket));
    services.matchmaking.status(&session.app, &session.player, request, done);
}
