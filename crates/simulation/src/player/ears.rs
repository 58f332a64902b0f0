//! What rooms say to sessions.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use link::{Class, Consumer, Consumers, Tail};
use model::SessionId;
use prost::Message;
use protocol::messages::{self, push};
use protocol::operation;

/// What is said to one session, in order.
#[derive(Default)]
pub struct Ear {
    heard: Mutex<VecDeque<Heard>>,
}

pub enum Heard {
    Frame {
        frame: messages::Frame,
        applied: u32,
    },
    State {
        state: messages::RoomState,
        applied: u32,
    },
    Refused(messages::InputRefused),
    /// Not all old ticks could be sent.
    BackfillFailed,
    Ended(messages::RoomEnded),
}

impl Ear {
    pub fn take(&self) -> VecDeque<Heard> {
        std::mem::take(&mut *guard(&self.heard))
    }
}

impl Consumer for Ear {
    fn deliver(&self, operation: u8, body: &[u8], tail: Tail, _class: Class) {
        let applied = tail.applied;
        let heard = match operation {
            operation::FRAME => {
                messages::Frame::decode(body).ok().map(|frame| Heard::Frame { frame, applied })
            }
            operation::ROOM_STATE => {
                messages::RoomState::decode(body).ok().map(|state| Heard::State { state, applied })
            }
            operation::INPUT_REFUSED => messages::InputRefused::decode(body).ok().map(Heard::Refused),
            _ => None,
        };
        guard(&self.heard).extend(heard);
    }

    fn push(&self, event: push::Event) {
        let heard = match event {
            push::Event::RoomEnded(ended) => Heard::Ended(ended),
            push::Event::Notice(notice) if notice.kind == "backfill_failed" => Heard::BackfillFailed,
            _ => return,
        };
        guard(&self.heard).push_back(heard);
    }

    fn backlog(&self) -> Option<usize> {
        Some(0)
    }
}

/// The sessions that have a connection.
#[derive(Default)]
pub struct Ears(Mutex<HashMap<SessionId, Arc<Ear>>>);

impl Ears {
    pub fn open(&self, session: SessionId) -> Arc<Ear> {
        let ear = Arc::new(Ear::default());
        guard(&self.0).insert(session, ear.clone());
        ear
    }
}

impl Consumers for Ears {
    fn find(&self, session: &SessionId) -> Option<Arc<dyn Consumer>> {
        guard(&self.0).get(session).map(|ear| ear.clone() as Arc<dyn Consumer>)
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
