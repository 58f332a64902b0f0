//! The methods about quick match.

use std::sync::Arc;

use bytes::Bytes;
use matchmaking::Asking;
use model::TicketId;
use protocol::messages;

use super::{Reply, read_body};
use crate::services::Services;
use crate::session::Session;

pub fn start(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::MatchStart>(body, reply) else { return };
    services.matchmaking.submit(asking(session), request, Box::new(move |ticket| reply.finish(ticket)));
}

pub fn cancel(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::MatchCancel>(body, reply) else { return };
    let ticket = TicketId::new(request.ticket);
    services.matchmaking.cancel(asking(session), ticket, Box::new(move |ticket| reply.finish(ticket)));
}

pub fn status(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::MatchStatus>(body, reply) else { return };
    let ticket = TicketId::new(request.ticket);
    services.matchmaking.status(asking(session), ticket, Box::new(move |ticket| reply.finish(ticket)));
}

fn asking(session: &Session) -> Asking {
    Asking {
        app: session.app.clone(),
        player: session.player.clone(),
        session: session.id.clone(),
        build: session.build.clone(),
    }
}
