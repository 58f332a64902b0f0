//! The link within one node: delivery is a function call.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use model::{RoomKey, SessionId};
use protocol::messages;

use crate::{Consumer, Member, Publication, RoomLink, RoomPort, Tail};

/// Where the link finds the session that a member names. Implemented by the gateway.
pub trait Consumers: Send + Sync {
    fn find(&self, session: &SessionId) -> Option<Arc<dyn Consumer>>;
}

/// The link of a single node.
pub struct LocalLink {
    consumers: Arc<dyn Consumers>,
}

impl LocalLink {
    pub fn new(consumers: Arc<dyn Consumers>) -> LocalLink {
        LocalLink { consumers }
    }
}

impl RoomLink for LocalLink {
    fn open(&self, room: &RoomKey) -> Arc<dyn RoomPort> {
        let (room, consumers) = (room.clone(), self.consumers.clone());
        Arc::new(LocalPort { room, consumers, members: RwLock::default() })
    }
}

struct LocalPort {
    room: RoomKey,
    consumers: Arc<dyn Consumers>,
    members: RwLock<Members>,
}

#[derive(Default)]
struct Members {
    attached: HashMap<SessionId, Attached>,
    /// The listening ones, side by side: what every publication walks.
    listening: Vec<Attached>,
}

#[derive(Clone)]
struct Attached {
    member: Member,
    consumer: Arc<dyn Consumer>,
}

impl Attached {
    fn deliver(&self, publication: &Publication<'_>) {
        let seat = self.member.seat;
        let applied = seat.and_then(|seat| publication.applied.get(usize::from(seat)).copied()).unwrap_or(0);
        let tail = Tail { channel: self.member.channel, applied };
        self.consumer.deliver(publication.operation, publication.body, tail, publication.class);
    }
}

impl LocalPort {
    fn read<T>(&self, with: impl FnOnce(&Members) -> T) -> T {
        with(&self.members.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn write<T>(&self, with: impl FnOnce(&mut Members) -> T) -> T {
        with(&mut self.members.write().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl RoomPort for LocalPort {
    fn attach(&self, member: Member) {
        let Some(consumer) = self.consumers.find(&member.session) else { return };
        self.write(|members| {
            members.listening.retain(|listener| listener.member.session != member.session);
            members.attached.insert(member.session, Attached { member, consumer });
        });
    }

    fn listen(&self, session: &SessionId) {
        self.write(|members| {
            let already = members.listening.iter().any(|listener| listener.member.session == *session);
            if let (false, Some(attached)) = (already, members.attached.get(session)) {
                members.listening.push(attached.clone());
            }
        });
    }

    fn silence(&self, session: &SessionId) {
        self.write(|members| members.listening.retain(|listener| listener.member.session != *session));
    }

    fn detach(&self, session: &SessionId) {
        let detached = self.write(|members| {
            members.listening.retain(|listener| listener.member.session != *session);
            members.attached.remove(session)
        });
        // Without the lock: a session publishes while it holds its own.
        if let Some(Attached { member, consumer }) = detached {
            consumer.left(&self.room, member.channel);
        }
    }

    fn publish(&self, publication: Publication<'_>) {
        self.read(|members| {
            for listener in &members.listening {
                if publication.audience.includes(listener.member.seat) {
                    listener.deliver(&publication);
                }
            }
        });
    }

    fn send_to(&self, session: &SessionId, publication: Publication<'_>) {
        if let Some(attached) = self.read(|members| members.attached.get(session).cloned()) {
            attached.deliver(&publication);
        }
    }

    fn push(&self, session: &SessionId, event: messages::push::Event) {
        if let Some(attached) = self.read(|members| members.attached.get(session).cloned()) {
            attached.consumer.push(event);
        }
    }

    fn backlog(&self, session: &SessionId) -> Option<usize> {
        self.read(|members| members.attached.get(session).cloned())?.consumer.backlog()
    }
}
