//! A session: one login of one player. It outlives its connections.

mod answers;
mod pushes;
mod registry;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use clock::Moment;
use link::{Class, Consumer, RoomRoute, Tail, ToRoom};
use model::{AppId, Build, PlayerId, RoomId, SessionId};
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
}

impl Session {
    /// The connection in use.
    pub fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.load_full()
    }

    /// Gives a new session its first connection. `greet` sends the welcome, which carries the generation.
    pub fn begin(&self, connection: Arc<Connection>, greet: impl FnOnce(u32)) {
        let mut state = self.lock();
        state.generation = 1;
        greet(state.generation);
        self.connection.store(Some(connection));
    }

    /// Moves the session to a new connection that brought the resume token of `generation`; gives the previous one.
    ///
    /// The token of generation g makes g+1 and stays valid until the client has spoken on g+1, so that a lost welcome
    /// costs nothing, however often. `greet` sends the welcome, which carries the generation and the number of pushes
    /// lost, before anything else leaves on the new connection.
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
        Ok(self.connection.swap(Some(connection)))
    }

    /// A newer login of the player has taken this one's place: its client is told, and it cannot be resumed.
    ///
    /// Its seats stay until it expires, so that the newer session can take them over.
    pub fn replace(&self, now: Moment) {
        let connection = {
            let mut state = self.lock();
            state.replaced = true;
            state.lost_at = Some(now);
            self.connection.swap(None)
        };
        if let Some(connection) = connection {
            connection.close(operation::GOODBYE, &ErrorCode::Replaced.into());
        }
        self.tell_rooms(|session| ToRoom::Lost { session });
    }

    /// The client has sent something after its welcome.
    pub fn has_spoken(&self) {
        self.lock().spoken = true;
    }

    /// The connection is gone. `true` if it was the one in use.
    pub fn lose(&self, connection: &Arc<Connection>, now: Moment) -> bool {
        let mut state = self.lock();
        let in_use = self.connection.load();
        if !in_use.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            return false;
        }
        drop(in_use);
        self.connection.store(None);
        state.lost_at = Some(now);
        true
    }

    /// Ends the session; `true` the first time. Its rooms hear of it.
    pub fn end(&self) -> bool {
        let rooms = {
            let mut state = self.lock();
            if std::mem::replace(&mut state.over, true) {
                return false;
            }
            std::mem::take(&mut state.rooms)
        };
        for route in rooms {
            route.inbox.send(&route.key, ToRoom::Gone { session: self.id.clone() });
        }
        true
    }

    pub fn lost_at(&self) -> Option<Moment> {
        self.lock().lost_at
    }

    pub fn is_over(&self) -> bool {
        self.lock().over
    }

    /// Says something to every room in which the session is.
    pub fn tell_rooms(&self, message: impl Fn(SessionId) -> ToRoom) {
        for route in self.rooms() {
            route.inbox.send(&route.key, message(self.id.clone()));
        }
    }

    // Rooms.

    /// A number for a room that the session is about to join: the one that it has there already, or a new one.
    pub fn channel_for(&self, room: Option<&RoomId>) -> Result<u32, Fault> {
        let mut state = self.lock();
        if let Some(route) = state.rooms.iter().find(|route| Some(&route.key.room) == room) {
            return Ok(route.channel);
        }
        if state.rooms.len() >= self.limits.rooms {
            let sentence = format!("a session can be in {} rooms at once", self.limits.rooms);
            return Err(Fault::new(ErrorCode::TooManyRequests, sentence));
        }
        state.last_channel += 1;
        Ok(state.last_channel)
    }

    /// Files the route of a room that took the session in. `false` if the session has ended meanwhile.
    pub fn enter(&self, route: RoomRoute) -> bool {
        let mut state = self.lock();
        if state.over {
            return false;
        }
        state.rooms.retain(|known| known.key != route.key);
        state.rooms.push(route);
        true
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

    fn backlog(&self) -> Option<usize> {
        self.connection.load().as_ref().map(|connection| connection.backlog())
    }
}
