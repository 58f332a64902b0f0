//! A link as it is between nodes: everything is serialised, waits, comes in batches, and at times is lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::Chance;
use link::{Audience, Class, LocalLink, Member, Publication, RoomLink, RoomPort};
use model::{RoomKey, SessionId};
use protocol::messages::push::Event;

/// Passes on what [`WireLink::pump`] lets through.
pub struct WireLink {
    local: LocalLink,
    wire: Arc<Mutex<Wire>>,
}

struct Wire {
    queue: VecDeque<Message>,
    chance: Chance,
}

struct Message {
    port: Arc<dyn RoomPort>,
    what: What,
}

enum What {
    Attach(Member),
    Listen(SessionId),
    Silence(SessionId),
    Detach(SessionId),
    /// To one session or to all, as bytes.
    Publish(Option<SessionId>, Vec<u8>),
    Push(SessionId, Box<Event>),
}

impl WireLink {
    pub fn new(local: LocalLink, seed: u64) -> WireLink {
        WireLink {
            local,
            wire: Arc::new(Mutex::new(Wire { queue: VecDeque::new(), chance: Chance::seeded(seed) })),
        }
    }

    /// Delivers some of what waits.
    pub fn pump(&self) {
        let batch: Vec<Message> = {
            let mut wire = guard(&self.wire);
            let waiting = wire.queue.len() as u64;
            let count = wire.chance.below(waiting + 1) as usize;
            wire.queue.drain(..count).collect()
        };
        batch.into_iter().for_each(Message::arrive);
    }

    /// Publications under way.
    pub fn waiting(&self) -> usize {
        let wire = guard(&self.wire);
        wire.queue.iter().filter(|message| matches!(message.what, What::Publish(..))).count()
    }

    /// The stream breaks: what was under way is lost, but who is attached is agreed on again. Pushes are kept by the
    /// sessions and sent again.
    pub fn snap(&self) -> usize {
        let queue = std::mem::take(&mut guard(&self.wire).queue);
        let (lost, kept): (Vec<_>, Vec<_>) = queue
            .into_iter()
            .partition(|message| matches!(message.what, What::Publish(..) | What::Listen(_)));
        kept.into_iter().for_each(Message::arrive);
        lost.iter().filter(|message| matches!(message.what, What::Publish(..))).count()
    }
}

impl RoomLink for WireLink {
    fn open(&self, room: &RoomKey) -> Arc<dyn RoomPort> {
        Arc::new(WirePort { far: self.local.open(room), wire: self.wire.clone() })
    }
}

struct WirePort {
    far: Arc<dyn RoomPort>,
    wire: Arc<Mutex<Wire>>,
}

impl WirePort {
    fn send(&self, what: What) {
        guard(&self.wire).queue.push_back(Message { port: self.far.clone(), what });
    }
}

impl RoomPort for WirePort {
    fn attach(&self, member: Member) {
        self.send(What::Attach(member));
    }

    fn listen(&self, session: &SessionId) {
        self.send(What::Listen(*session));
    }

    fn silence(&self, session: &SessionId) {
        self.send(What::Silence(*session));
    }

    fn detach(&self, session: &SessionId) {
        self.send(What::Detach(*session));
    }

    fn publish(&self, publication: Publication<'_>) {
        self.send(What::Publish(None, to_bytes(&publication)));
    }

    fn send_to(&self, session: &SessionId, publication: Publication<'_>) {
        self.send(What::Publish(Some(*session), to_bytes(&publication)));
    }

    fn push(&self, session: &SessionId, push: Event) {
        self.send(What::Push(*session, Box::new(push)));
    }

    fn backlog(&self, session: &SessionId) -> Option<usize> {
        // What is under way is not known here; an attach may be under way, too.
        Some(self.far.backlog(session).unwrap_or(0))
    }
}

impl Message {
    fn arrive(self) {
        let port = self.port;
        match self.what {
            What::Attach(member) => port.attach(member),
            What::Listen(session) => port.listen(&session),
            What::Silence(session) => port.silence(&session),
            What::Detach(session) => port.detach(&session),
            What::Push(session, event) => port.push(&session, *event),
            What::Publish(to, bytes) => {
                let (operation, rest) = bytes.split_first().expect("an operation");
                let (count, rest) = rest.split_first_chunk::<2>().expect("a count");
                let (applied, body) = rest.split_at(4 * usize::from(u16::from_be_bytes(*count)));
                let applied: Vec<u32> =
                    applied.as_chunks::<4>().0.iter().map(|number| u32::from_be_bytes(*number)).collect();
                let publication = Publication {
                    operation: *operation,
                    body,
                    applied: &applied,
                    audience: Audience::All,
                    class: Class::Reliable,
                };
                match to {
                    None => port.publish(publication),
                    Some(session) => port.send_to(&session, publication),
                }
            }
        }
    }
}

/// Operation, number of seats, what is applied for each, body.
fn to_bytes(publication: &Publication<'_>) -> Vec<u8> {
    assert!(matches!(publication.audience, Audience::All), "lockstep speaks to all");
    let mut bytes = vec![publication.operation];
    bytes.extend((publication.applied.len() as u16).to_be_bytes());
    bytes.extend(publication.applied.iter().flat_map(|number| number.to_be_bytes()));
    bytes.extend(publication.body);
    bytes
}

fn guard(wire: &Mutex<Wire>) -> MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}
