//! A session: one login of one player. It outlives its connections.

mod answers;
mod pushes;
mod registry;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use admission::{Rate, TokenBucket};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use clock::Moment;
use link::{Class, Consumer, RoomRoute, Tail, ToRoom};
use model::{AppId, Build, PlayerId, RoomId, RoomKey, SessionId};
use protocol::{ErrorCode, Fault, messages, operation};

use crate::connection::{Connection, Sent};

pub use answers::Known;
pub use registry::{NewSession, Opened, Sessions};

/// Bounds of what one session keeps.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    pub answers: usize,
    pub answer_bytes: usize,
    pub pushes: usize,
    pub push_bytes: usize,
    pub rooms: usize,
}

impl Default for SessionLimits {
    fn default() -> SessionLimits {
        SessionLimits { answers: 128, answer_bytes: 64 * 1024, pushes: 128, push_bytes: 64 * 1024, rooms: 8 }
    }
}

/// One login of one player.
pub struct Session {
    pub id: SessionId,
    pub app: AppId,
    pub player: PlayerId,
    /// The player's name as rooms show it.
    pub name: String,
    pub build: Build,
    pub device: String,
    /// The family of tokens that it came with: a logout ends it.
    pub family: String,
    /// Rises with each login of the player.
    pub number: u32,
    limits: SessionLimits,
    connection: ArcSwapOption<Connection>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    generation: u32,
    /// The client has spoken since the welcome of this generation: the one before is spent.
    spoken: bool,
    answers: answers::Answers,
    pushes: pushes::Pushes,
    rooms: Vec<RoomRoute>,
    last_channel: u32,
    /// When the connection broke; `None` while there is one.
    lost_at: Option<Moment>,
    replaced: bool,
    over: bool,
    /// How many invite codes may still be tried.
    invites: Option<TokenBucket>,
}

impl State {
    /// Under the lock, so that rooms hear of losses and returns in the order in which they happen.
    fn tell_rooms(&self, message: impl Fn() -> ToRoom) {
        for route in &self.rooms {
            route.inbox.send(&route.key, message());
        }
    }

    fn end(&mut self, session: &SessionId) -> bool {
        let first = !std::mem::replace(&mut self.over, true);
        if first {
            self.tell_rooms(|| ToRoom::Gone { session: *session });
            self.rooms.clear();
        }
        first
    }
}

impl Session {
    /// The connection in use.
    pub fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.load_full()
    }

    /// Whether this is the connection in use.
    pub fn is_on(&self, connection: &Arc<Connection>) -> bool {
        self.connection.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, connection))
    }

    /// Gives a new session its first connection. `greet` sends the welcome, which carries the generation.
    ///
    /// # Errors
    /// `replaced` if a newer login of the player has come in between.
    pub fn begin(&self, connection: Arc<Connection>, greet: impl FnOnce(u32)) -> Result<(), Fault> {
        let mut state = self.lock();
        if state.replaced || state.over {
            return Err(ErrorCode::Replaced.into());
        }
        state.generation = 1;
        greet(state.generation);
        self.connection.store(Some(connection));
        Ok(())
    }

    /// Moves the session to a new connection that brought the resume token of `generation`; gives the previous one.
    ///
    /// The token of generation g makes g+1 and stays valid until the client has spoken on g+1, so that a lost welcome
    /// costs nothing, however often. `greet` sends the welcome, which carries the generation and the number of pushes
    /// lost, before anything else leaves on the new connection. The rooms hear that the session is back.
    pub fn take_over(
        &self,
        connection: Arc<Connection>,
        generation: u32,
        last_push: u32,
        greet: impl FnOnce(u32, u32),
    ) -> Result<Option<Arc<Connection>>, Fault> {
        let mut state = self.lock();
        if state.replaced {
            return Err(ErrorCode::Replaced.into());
        }
        if state.over {
            return Err(Fault::new(ErrorCode::ResumeSpent, "the session is over"));
        }
        if generation == state.generation {
            state.generation += 1;
            state.spoken = false;
        } else if state.spoken || generation + 1 != state.generation {
            return Err(ErrorCode::ResumeSpent.into());
        }
        state.lost_at = None;
        let (again, lost) = state.pushes.after(last_push);
        greet(state.generation, lost);
        for push in again {
            connection.send(operation::PUSH, &push, None, Class::Reliable);
        }
        let previous = self.connection.swap(Some(connection));
        state.tell_rooms(|| ToRoom::Back { session: self.id });
        Ok(previous)
    }

    /// A newer login of the player has taken this one's place: its client is told, and it cannot be resumed.
    ///
    /// Its seats stay until it expires, so that the newer session can take them over.
    pub fn replace(&self, now: Moment) {
        let connection = {
            let mut state = self.lock();
            state.replaced = true;
            state.lost_at = Some(now);
            state.tell_rooms(|| ToRoom::Lost { session: self.id });
            self.connection.swap(None)
        };
        if let Some(connection) = connection {
            connection.close(operation::GOODBYE, &ErrorCode::Replaced.into());
        }
    }

    /// The client has sent something after its welcome on this connection.
    pub fn has_spoken(&self, connection: &Arc<Connection>) {
        let mut state = self.lock();
        if self.is_on(connection) {
            state.spoken = true;
        }
    }

    /// The connection is gone. `true` if it was the one in use; then the rooms hear of it.
    pub fn lose(&self, connection: &Arc<Connection>, now: Moment) -> bool {
        let mut state = self.lock();
        if !self.is_on(connection) {
            return false;
        }
        self.connection.store(None);
        state.lost_at = Some(now);
        state.tell_rooms(|| ToRoom::Lost { session: self.id });
        true
    }

    /// Ends the session; `true` the first time. Its rooms hear of it.
    pub fn end(&self) -> bool {
        self.lock().end(&self.id)
    }

    /// Ends the session if it has been without a connection for `window`. Once this is decided nobody resumes it.
    pub fn end_if_lost(&self, now: Moment, window: Duration) -> bool {
        let mut state = self.lock();
        state.lost_at.is_some_and(|lost_at| now.since(lost_at) >= window) && state.end(&self.id)
    }

    // Rooms.

    /// A number for a room that the session is about to join: the one that it has there already, or a new one.
    pub fn channel_for(&self, room: Option<&RoomId>) -> Result<u32, Fault> {
        let mut state = self.lock();
        if let Some(route) = state.rooms.iter().find(|route| Some(&route.key.room) == room) {
            return Ok(route.channel);
        }
        if state.rooms.len() >= self.limits.rooms {
            return Err(self.too_many_rooms());
        }
        state.last_channel += 1;
        Ok(state.last_channel)
    }

    /// Files the route of a room that took the session in.
    ///
    /// # Errors
    /// The session has ended meanwhile, or is in too many rooms by now: the room has to let it go.
    pub fn enter(&self, route: RoomRoute) -> Result<(), Fault> {
        let mut state = self.lock();
        if state.over {
            return Err(Fault::new(ErrorCode::NotLoggedIn, "the session is over"));
        }
        state.rooms.retain(|known| known.key != route.key);
        if state.rooms.len() >= self.limits.rooms {
            return Err(self.too_many_rooms());
        }
        if state.lost_at.is_some() {
            route.inbox.send(&route.key, ToRoom::Lost { session: self.id });
        }
        state.rooms.push(route);
        Ok(())
    }

    /// Whether the session may try another invite code: slowly enough that nobody finds rooms by guessing.
    pub fn may_try_invite(&self, now: Moment) -> Result<(), Fault> {
        const RATE: Rate = Rate { per_second: 1, burst: 10 };
        let mut state = self.lock();
        let tries = state.invites.get_or_insert_with(|| TokenBucket::full(RATE, now));
        tries.take(RATE, now, 1).map_err(|wait| {
            Fault::new(ErrorCode::TooManyRequests, "too many invite codes tried").retry_after(wait)
        })
    }

    fn too_many_rooms(&self) -> Fault {
        let sentence = format!("a session can be in {} rooms at once", self.limits.rooms);
        Fault::new(ErrorCode::TooManyRequests, sentence)
    }

    pub fn leave(&self, room: &RoomId) {
        self.lock().rooms.retain(|route| route.key.room != *room);
    }

    pub fn room_of(&self, channel: u32) -> Option<RoomRoute> {
        self.with_room(channel, RoomRoute::clone)
    }

    /// Uses a route where it stands. The session is locked meanwhile: `with` must not come back to it.
    pub fn with_room<T>(&self, channel: u32, with: impl FnOnce(&RoomRoute) -> T) -> Option<T> {
        self.lock().rooms.iter().find(|route| route.channel == channel).map(with)
    }

    pub fn rooms(&self) -> Vec<RoomRoute> {
        self.lock().rooms.clone()
    }

    // Calls.

    pub fn look_up_call(&self, id: u32) -> Known {
        self.lock().answers.look_up(id)
    }

    pub fn begin_call(&self, id: u32, deadline: Moment) -> bool {
        self.lock().answers.begin(id, deadline, self.limits.answers)
    }

    /// Keeps the answer and sends it. `false` if the call had been answered before.
    pub fn answer(&self, id: u32, answer: Bytes) -> bool {
        let fresh =
            self.lock().answers.finish(id, answer.clone(), self.limits.answers, self.limits.answer_bytes);
        if fresh {
            self.send(operation::ANSWER, &answer);
        }
        fresh
    }

    pub fn overdue_calls(&self, now: Moment) -> Vec<u32> {
        self.lock().answers.overdue(now)
    }

    // Pushes.

    pub fn seen_push(&self, sequence: u32) {
        self.lock().pushes.seen(sequence);
    }

    /// Sends a body that stands for itself.
    pub fn send(&self, operation: u8, body: &[u8]) -> Option<Sent> {
        let connection = self.connection.load();
        connection.as_ref().map(|connection| connection.send(operation, body, None, Class::Reliable))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Consumer for Session {
    fn deliver(&self, operation: u8, body: &[u8], tail: Tail, class: Class) {
        if let Some(connection) = &*self.connection.load() {
            connection.send(operation, body, Some(tail), class);
        }
    }

    fn push(&self, event: messages::push::Event) {
        // A room that is over is a room that the session is no longer in.
        if let messages::push::Event::RoomEnded(ended) = &event
            && let Ok(room) = ended.room.parse()
        {
            self.leave(&room);
        }
        // Sent under the lock: pushes leave in the order of their numbers.
        let mut state = self.lock();
        if state.over || state.replaced {
            return;
        }
        let push = state.pushes.add(event, self.limits.pushes, self.limits.push_bytes);
        self.send(operation::PUSH, &push);
    }

    fn left(&self, room: &RoomKey, channel: u32) {
        self.lock().rooms.retain(|route| route.key != *room || route.channel != channel);
    }

    fn backlog(&self) -> Option<usize> {
        self.connection.load().as_ref().map(|connection| connection.backlog())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::connection::Transport;

    const WINDOW: Duration = Duration::from_secs(60);

    fn new_session(sessions: &Sessions, number: u32) -> Opened {
        let new = NewSession {
            app: AppId::new("app"),
            player: PlayerId::new("player"),
            name: String::new(),
            build: Build::new("1"),
            device: String::new(),
            family: String::new(),
            number,
        };
        sessions.open(new).unwrap()
    }

    fn connection() -> Arc<Connection> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = mio::net::TcpStream::from_std(socket);
        Arc::new(Connection::new(socket, None, Transport::Tcp, 1 << 20, Arc::default()))
    }

    #[test]
    fn a_login_overtaken_by_a_newer_one_does_not_begin() {
        let sessions = Sessions::new(SessionLimits::default());
        let older = new_session(&sessions, 1).session;
        let newer = new_session(&sessions, 2);
        newer.replaced.unwrap().replace(Moment::ZERO);
        let begun = older.begin(connection(), |_| panic!("no welcome"));
        assert_eq!(begun.unwrap_err().code, ErrorCode::Replaced);
        assert!(newer.session.begin(connection(), |_| {}).is_ok());
    }

    #[test]
    fn a_session_that_has_expired_cannot_be_resumed_and_one_resumed_does_not_expire() {
        let sessions = Sessions::new(SessionLimits::default());
        let session = new_session(&sessions, 1).session;
        let first = connection();
        session.begin(first.clone(), |_| {}).unwrap();
        assert!(session.lose(&first, Moment::ZERO));
        let second = connection();
        session.take_over(second.clone(), 1, 0, |_, _| {}).unwrap();
        assert!(!session.end_if_lost(Moment::ZERO + WINDOW, WINDOW));
        assert!(!session.lose(&first, Moment::ZERO), "an old connection's end means nothing");
        assert!(session.lose(&second, Moment::ZERO));
        assert!(session.end_if_lost(Moment::ZERO + WINDOW, WINDOW));
        assert!(session.take_over(connection(), 2, 0, |_, _| {}).is_err());
    }

    #[test]
    fn a_late_word_on_the_old_connection_does_not_spend_the_token() {
        let sessions = Sessions::new(SessionLimits::default());
        let session = new_session(&sessions, 1).session;
        let first = connection();
        session.begin(first.clone(), |_| {}).unwrap();
        session.take_over(connection(), 1, 0, |_, _| {}).unwrap();
        session.has_spoken(&first);
        assert!(session.take_over(connection(), 1, 0, |_, _| {}).is_ok(), "the welcome may have been lost");
    }
}
