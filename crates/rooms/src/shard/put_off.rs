//! What waits for a room that cannot be asked right now, as when the version that it runs is being taken back and is
//! called no more. Nothing is lost, everything keeps its order, and every request has its answer.

use std::collections::VecDeque;
use std::time::Duration;

use link::ToRoom;
use model::SessionId;
use protocol::{ErrorCode, Fault};
use room_core::RoomRequest;

use super::request::Request;
use super::{RoomAt, Shard};

/// Of one room. Requests are bounded; of what is said of sessions the last word of each is kept.
#[derive(Default)]
pub(super) struct PutOff {
    waiting: VecDeque<Waiting>,
    requests: usize,
}

enum Waiting {
    Request(Request),
    Fact(ToRoom),
}

/// Of one room: each member may ask some things.
const MOST_REQUESTS: usize = 256;
const RETRY: Duration = Duration::from_secs(1);

impl PutOff {
    pub fn request(&mut self, request: Request) {
        if self.requests >= MOST_REQUESTS {
            let busy = Fault::new(ErrorCode::Unavailable, "the room stands still, and too many wait for it");
            return request.refuse(busy.retry_after(RETRY));
        }
        self.requests += 1;
        self.waiting.push_back(Waiting::Request(request));
    }

    /// About a session: lost, back, gone.
    pub fn fact(&mut self, fact: ToRoom) {
        let session = session_of(&fact);
        self.waiting
            .retain(|waiting| !matches!(waiting, Waiting::Fact(known) if session_of(known) == session));
        self.waiting.push_back(Waiting::Fact(fact));
    }

    pub fn refuse_all(&mut self, fault: &Fault) {
        for waiting in std::mem::take(self).waiting {
            if let Waiting::Request(request) = waiting {
                request.refuse(fault.clone());
            }
        }
    }
}

impl Shard {
    /// Keeps what is asked of a room that stands still, until it goes on.
    pub(super) fn put_off(&mut self, request: Request) -> Option<Request> {
        let at =
            request.key().filter(|_| request.asks_the_game()).and_then(|key| self.by_key.get(key)).copied();
        let Some(at) = at.filter(|at| self.room(*at).is_some_and(|hosted| hosted.stands_still())) else {
            return Some(request);
        };
        // A journal in trouble is another matter: who asks is told so.
        if self.must_pause(at) {
            return Some(request);
        }
        match self.room(at).and_then(|hosted| hosted.game.as_mut()) {
            Some(game) => game.put_off.request(request),
            None => return Some(request),
        }
        None
    }

    /// The same for what gateways say of sessions.
    pub(super) fn put_off_fact(&mut self, at: RoomAt, fact: ToRoom) -> Option<ToRoom> {
        let hosted = self.room(at).filter(|hosted| hosted.stands_still());
        match hosted.and_then(|hosted| hosted.game.as_mut()) {
            Some(game) => game.put_off.fact(fact),
            None => return Some(fact),
        }
        None
    }

    /// Does what waited, unless the room still stands.
    pub(super) fn go_on(&mut self, at: RoomAt) {
        let Some(hosted) = self.room(at).filter(|hosted| !hosted.stands_still()) else { return };
        let Some(game) = &mut hosted.game else { return };
        for waiting in std::mem::take(&mut game.put_off).waiting {
            match waiting {
                Waiting::Request(request) => self.handle(request),
                Waiting::Fact(fact) => self.take_fact(at, fact),
            }
        }
        self.reschedule(at);
    }
}

impl Request {
    /// May call the room's game, or follow on something that does.
    fn asks_the_game(&self) -> bool {
        match self {
            Request::Join(..) | Request::Resume(..) => true,
            Request::Act(_, request, _) => !matches!(**request, RoomRequest::Close { .. }),
            _ => false,
        }
    }
}

fn session_of(fact: &ToRoom) -> &SessionId {
    match fact {
        ToRoom::Input { session, .. }
        | ToRoom::StateHash { session, .. }
        | ToRoom::Lost { session }
        | ToRoom::Back { session }
        | ToRoom::Gone { session } => session,
    }
}
