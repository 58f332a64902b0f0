//! A client's session without a socket: keeps what it is sent, and judges it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use link::{Class, Consumer, Consumers, Tail};
use model::{Run, Seat, SessionId, Tick};
use prost::Message;
use protocol::messages::{self, push::Event};
use protocol::operation;

/// All sessions of a test, as the link finds them.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<SessionId, Arc<Player>>>);

impl Sessions {
    pub fn open(&self, session: &str) -> Arc<Player> {
        let player = Arc::new(Player::new(SessionId::new(session)));
        guard(&self.0).insert(player.session, player.clone());
        player
    }
}

impl Consumers for Sessions {
    fn find(&self, session: &SessionId) -> Option<Arc<dyn Consumer>> {
        guard(&self.0).get(session).map(|player| player.clone() as Arc<dyn Consumer>)
    }
}

pub struct Player {
    pub session: SessionId,
    heard: Mutex<Heard>,
    backlog: AtomicUsize,
    online: AtomicBool,
}

/// What arrived so far. Runs are followed as a client does: later ticks of an older run are given up.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The entry of each tick, from tick 1.
    pub ticks: Vec<Bytes>,
    pub run: Run,
    /// Ticks that a newer run did not have: the last one held, and the last one kept.
    pub rewound: Vec<(Tick, Tick)>,
    /// Frames of which nothing was new.
    pub repeated: usize,
    /// Frames that came before their time: something was missed.
    pub early: Vec<Tick>,
    pub backfilled: usize,
    pub applied: u32,
    pub channel: u32,
    pub refused: Vec<messages::InputRefused>,
    pub desyncs: Vec<messages::Desync>,
    pub pushes: Vec<Event>,
    /// Of authoritative rooms, with the inputs that each acknowledged.
    pub states: Vec<(messages::RoomState, u32)>,
    pub messages: Vec<messages::RoomMessage>,
    /// Relay messages' data.
    pub relays: Vec<String>,
    /// The longest body of a backfill message.
    pub longest_backfill: usize,
}

impl Player {
    fn new(session: SessionId) -> Player {
        let heard = Mutex::new(Heard::default());
        Player { session, heard, backlog: AtomicUsize::new(0), online: AtomicBool::new(true) }
    }

    pub fn heard(&self) -> Heard {
        guard(&self.heard).clone()
    }

    pub fn ticks(&self) -> usize {
        guard(&self.heard).ticks.len()
    }

    pub fn applied(&self) -> u32 {
        guard(&self.heard).applied
    }

    /// As after a reload of the page: nothing is known of the past.
    pub fn forget_ticks(&self) {
        let mut heard = guard(&self.heard);
        heard.ticks.clear();
        heard.repeated = 0;
    }

    /// A new session of somebody who has played before; `tick` is the room's.
    pub fn remember(&self, before: &Heard, tick: Tick) {
        let mut heard = guard(&self.heard);
        (heard.ticks, heard.run) = (before.ticks.clone(), before.run);
        heard.keep_ticks(tick);
    }

    pub fn forget_rewinds(&self) {
        guard(&self.heard).rewound.clear();
    }

    pub fn next_tick(&self) -> Tick {
        self.ticks() as Tick + 1
    }

    pub fn set_backlog(&self, bytes: usize) {
        self.backlog.store(bytes, Ordering::SeqCst);
    }

    pub fn set_online(&self, online: bool) {
        self.online.store(online, Ordering::SeqCst);
    }

    pub fn has_notice(&self, kind: &str) -> bool {
        guard(&self.heard)
            .pushes
            .iter()
            .any(|push| matches!(push, Event::Notice(notice) if notice.kind == kind))
    }

    pub fn ended(&self) -> Option<messages::RoomEnded> {
        guard(&self.heard).pushes.iter().find_map(|push| match push {
            Event::RoomEnded(ended) => Some(ended.clone()),
            _ => None,
        })
    }

    pub fn reasons(&self) -> Vec<String> {
        let reason = |push: &Event| match push {
            Event::RoomChanged(change) => Some(format!("{} {}", change.why, change.player)),
            _ => None,
        };
        guard(&self.heard).pushes.iter().filter_map(reason).collect()
    }
}

impl Heard {
    /// Every input heard, in order, with its tick.
    pub fn inputs(&self) -> Vec<(Tick, Seat, Vec<u8>)> {
        let of_tick = |(index, entry): (usize, &Bytes)| {
            let tick = index as Tick + 1;
            room_core::tick_entries(entry).map(|(seat, data)| (tick, seat, data.to_vec())).collect::<Vec<_>>()
        };
        self.ticks.iter().enumerate().flat_map(of_tick).collect()
    }

    /// The room's own word on where it stands.
    fn keep_ticks(&mut self, last: Tick) {
        let held = self.ticks.len() as Tick;
        if held > last {
            self.ticks.truncate(last as usize);
            self.rewound.push((held, last));
        }
    }

    fn take_frame(&mut self, frame: messages::Frame, length: usize) {
        if frame.run < self.run {
            return;
        }
        if frame.run > self.run && self.run > 0 && frame.continues_at > 0 {
            self.keep_ticks(frame.continues_at - 1);
        }
        self.run = frame.run;
        assert!(frame.tick > 0 && !frame.ticks.is_empty());
        if frame.backfill {
            self.backfilled += frame.ticks.len();
            self.longest_backfill = self.longest_backfill.max(length);
        }
        let before = self.ticks.len();
        for (tick, entry) in (frame.tick..).zip(frame.ticks) {
            match self.ticks.get(tick as usize - 1) {
                Some(known) => assert_eq!(*known, entry, "tick {tick} was told twice, and differently"),
                None if tick as usize == self.ticks.len() + 1 => self.ticks.push(entry),
                None => self.early.push(tick),
            }
        }
        if self.ticks.len() == before {
            self.repeated += 1;
        }
    }
}

impl Consumer for Player {
    fn deliver(&self, operation: u8, body: &[u8], tail: Tail, _class: Class) {
        if !self.online.load(Ordering::SeqCst) {
            return;
        }
        let mut heard = guard(&self.heard);
        match operation {
            operation::FRAME => {
                let frame = messages::Frame::decode(body).expect("a frame");
                assert!(tail.applied >= heard.applied || tail.applied == 0, "applied fell");
                heard.applied = heard.applied.max(tail.applied);
                heard.channel = tail.channel;
                heard.take_frame(frame, body.len());
            }
            operation::INPUT_REFUSED => {
                heard.refused.push(messages::InputRefused::decode(body).expect("a refusal"));
            }
            operation::ROOM_STATE => {
                let state = messages::RoomState::decode(body).expect("a state");
                heard.ticks.resize(state.tick as usize, Bytes::new());
                heard.run = state.run;
                heard.states.push((state, tail.applied));
            }
            operation::ROOM_MESSAGE => {
                heard.messages.push(messages::RoomMessage::decode(body).expect("a message"));
            }
            operation::DESYNC => heard.desyncs.push(messages::Desync::decode(body).expect("a desync")),
            operation::RELAY => {
                let relay = messages::Relay::decode(body).expect("a message");
                heard.relays.push(String::from_utf8(relay.data.into()).expect("words"));
            }
            other => panic!("operation {other} is not a room's"),
        }
    }

    fn push(&self, event: Event) {
        guard(&self.heard).pushes.push(event);
    }

    fn backlog(&self) -> Option<usize> {
        self.online.load(Ordering::SeqCst).then(|| self.backlog.load(Ordering::SeqCst))
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
