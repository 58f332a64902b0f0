//! The methods about rooms: read the request, ask the rooms, file the route.

use std::sync::Arc;

use bytes::Bytes;
use model::{PlayerId, RoomId, RoomKey};
use protocol::{ErrorCode, Fault, messages};
use room_core::RoomRequest;
use rooms::{CreateRoom, Done, Door, JoinRoom, JoinedRoom, Member};

use super::{Reply, read_body};
use crate::services::Services;
use crate::session::Session;

/// For how long a seat can be kept for somebody.
const LONGEST_RESERVATION_MS: u64 = 10 * 60 * 1000;

pub fn create(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::CreateRoom>(body, reply) else { return };
    if let Err(fault) = services.has_memory() {
        return reply.fail(fault);
    }
    let room = match request.room.as_str() {
        "" => Ok(None),
        named => parse_room(named).map(Some),
    };
    let (room, spec) = match (room, request.spec) {
        (Ok(room), Some(spec)) => (room, spec),
        (Err(fault), _) => return reply.fail(fault),
        (_, None) => return reply.fail(Fault::new(ErrorCode::BadSpec, "a room needs a specification")),
    };
    let create = CreateRoom {
        app: session.app.clone(),
        room,
        spec,
        founder: session.player.clone(),
        build: session.build.clone(),
    };
    if !request.join {
        let done = move |view: Result<messages::RoomView, Fault>| {
            reply.finish(view.map(|view| messages::Joined { room: Some(view), ..Default::default() }));
        };
        return services.rooms.create(create, Box::new(done));
    }
    let rooms = services.rooms.clone();
    let session = session.clone();
    let done =
        move |view: Result<messages::RoomView, Fault>| match view.and_then(|view| parse_room(&view.room)) {
            // The client named the kind itself.
            Ok(room) => enter(&rooms, &session, Door::Room(key(&session, room)), false, u32::MAX, reply),
            Err(fault) => reply.fail(fault),
        };
    services.rooms.create(create, Box::new(done));
}

pub fn join(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::JoinRoom>(body, reply) else { return };
    let door = match request.room.as_str() {
        "" if request.invite.is_empty() => {
            return reply.fail(Fault::new(ErrorCode::BadRequest, "name a room or an invite code"));
        }
        "" => match session.may_try_invite(services.clock.now()) {
            Ok(()) => Door::Invite { app: session.app.clone(), code: request.invite },
            Err(fault) => return reply.fail(fault),
        },
        named => match parse_room(named) {
            Ok(room) => Door::Room(key(session, room)),
            Err(fault) => return reply.fail(fault),
        },
    };
    enter(&services.rooms, session, door, request.spectate, request.knows_kind, reply);
}

fn enter(
    rooms: &rooms::Rooms,
    session: &Arc<Session>,
    door: Door,
    spectate: bool,
    knows_kind: u32,
    reply: Reply,
) {
    let room = match &door {
        Door::Room(key) => Some(&key.room),
        Door::Invite { .. } => None,
    };
    let channel = match session.channel_for(room) {
        Ok(channel) => channel,
        Err(fault) => return reply.fail(fault),
    };
    let who = Member {
        player: session.player.clone(),
        session: session.id,
        session_number: session.number,
        name: session.name.clone(),
        build: session.build.clone(),
    };
    let session = session.clone();
    let done = move |joined: Result<JoinedRoom, Fault>| {
        let joined = joined.and_then(|JoinedRoom { joined, route }| {
            let (inbox, key) = (route.inbox.clone(), route.key.clone());
            session.enter(route).inspect_err(|_| {
                inbox.send(&key, link::ToRoom::Gone { session: session.id });
            })?;
            Ok(joined)
        });
        reply.finish(joined);
    };
    rooms.join(JoinRoom { door, who, spectate, channel, knows_kind }, Box::new(done));
}

pub fn resume(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::ResumeRoom>(body, reply) else { return };
    let Some(route) = session.room_of(request.channel) else {
        let sentence = format!("the session has no room on channel {}", request.channel);
        return reply.fail(Fault::new(ErrorCode::NotInRoom, sentence));
    };
    let done: Done<messages::Joined> = Box::new(move |joined| reply.finish(joined));
    services.rooms.resume(route.key, session.id, request.from_tick, done);
}

pub fn get(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::RoomAction>(body, reply) else { return };
    match parse_room(&request.room) {
        Ok(room) => services.rooms.view(key(session, room), Box::new(move |view| reply.finish(view))),
        Err(fault) => reply.fail(fault),
    }
}

pub fn list(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::ListRooms>(body, reply) else { return };
    reply.finish(Ok(services.rooms.list(&session.app, &request)));
}

pub fn leave(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::RoomAction>(body, reply) else { return };
    let room = match parse_room(&request.room) {
        Ok(room) => room,
        Err(fault) => return reply.fail(fault),
    };
    let leaver = session.clone();
    let left = room.clone();
    let done = move |view: Result<messages::RoomView, Fault>| {
        let gone = [ErrorCode::RoomUnknown, ErrorCode::RoomEnded, ErrorCode::NotInRoom];
        if view.as_ref().err().is_none_or(|fault| gone.contains(&fault.code)) {
            leaver.leave(&left);
        }
        reply.finish(view);
    };
    let request = RoomRequest::Leave { player: session.player.clone() };
    services.rooms.request(key(session, room), request, Box::new(done));
}

pub fn start(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    act(services, session, body, reply, |by, _| RoomRequest::Start { by });
}

pub fn ready(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    act(services, session, body, reply, |player, action| RoomRequest::Ready { player, ready: action.ready });
}

pub fn kick(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    act(services, session, body, reply, |by, action| RoomRequest::Kick {
        by,
        player: PlayerId::new(action.player),
        ban: action.ban,
    });
}

pub fn owner(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    act(services, session, body, reply, |by, action| RoomRequest::GiveOwner {
        by,
        player: PlayerId::new(action.player),
    });
}

pub fn set(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::SetProperties>(body, reply) else { return };
    let properties = request.properties.into_iter().map(|property| (property.key, property.value)).collect();
    let player = session.player.clone();
    let change = match request.own_seat {
        true => RoomRequest::SetSeat { player, properties },
        false => RoomRequest::SetRoom { by: player, properties },
    };
    ask(services, session, &request.room, change, reply);
}

pub fn reserve(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((request, reply)) = read_body::<messages::ReserveSeat>(body, reply) else { return };
    let lasts_ms = u64::from(request.for_ms).min(LONGEST_RESERVATION_MS);
    let reserve = RoomRequest::Reserve {
        by: session.player.clone(),
        player: PlayerId::new(request.player),
        until_ms: (lasts_ms > 0).then(|| services.clock.wall_ms() + lasts_ms),
    };
    ask(services, session, &request.room, reserve, reply);
}

pub fn result(services: &Services, session: &Arc<Session>, body: Bytes, reply: Reply) {
    let Some((report, reply)) = read_body::<messages::ReportResult>(body, reply) else { return };
    let messages::ReportResult { room, result, hash, tick } = report;
    let request = RoomRequest::Result { player: session.player.clone(), result, hash, tick };
    ask(services, session, &room, request, reply);
}

/// For the methods whose body is a `RoomAction`.
fn act(
    services: &Services,
    session: &Arc<Session>,
    body: Bytes,
    reply: Reply,
    request: impl FnOnce(PlayerId, messages::RoomAction) -> RoomRequest,
) {
    let Some((action, reply)) = read_body::<messages::RoomAction>(body, reply) else { return };
    let room = action.room.clone();
    ask(services, session, &room, request(session.player.clone(), action), reply);
}

fn ask(services: &Services, session: &Session, room: &str, request: RoomRequest, reply: Reply) {
    match parse_room(room) {
        Ok(room) => {
            services.rooms.request(key(session, room), request, Box::new(move |view| reply.finish(view)));
        }
        Err(fault) => reply.fail(fault),
    }
}

fn parse_room(text: &str) -> Result<RoomId, Fault> {
    text.parse().map_err(|error: model::BadRoomId| Fault::new(ErrorCode::BadRequest, error.to_string()))
}

fn key(session: &Session, room: RoomId) -> RoomKey {
    RoomKey { app: session.app.clone(), room }
}
