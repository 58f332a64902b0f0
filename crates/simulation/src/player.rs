//! A player as the SDK plays it: numbered inputs kept until acknowledged, every tick kept, back after each loss.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use link::{Class, Consumer, Consumers, RoomRoute, Tail, ToRoom};
use model::{Run, Seat, SessionId, Tick};
use prost::Message;
use protocol::messages::input_refused::Refusal;
use protocol::messages::{self, push};
use protocol::operation;

/// What a room says to one session, in order.
#[derive(Default)]
pub struct Ear {
    heard: Mutex<VecDeque<Heard>>,
}

pub enum Heard {
    Frame { frame: messages::Frame, applied: u32 },
    Refused(messages::InputRefused),
    Ended(messages::RoomEnded),
}

impl Ear {
    pub fn take(&self) -> VecDeque<Heard> {
        std::mem::take(&mut *guard(&self.heard))
    }
}

impl Consumer for Ear {
    fn deliver(&self, operation: u8, body: &[u8], tail: Tail, _class: Class) {
        let heard = match operation {
            operation::FRAME => {
                messages::Frame::decode(body).ok().map(|frame| Heard::Frame { frame, applied: tail.applied })
            }
            operation::INPUT_REFUSED => messages::InputRefused::decode(body).ok().map(Heard::Refused),
            _ => None,
        };
        guard(&self.heard).extend(heard);
    }

    fn push(&self, event: push::Event) {
        if let push::Event::RoomEnded(ended) = event {
            guard(&self.heard).push_back(Heard::Ended(ended));
        }
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

/// One player's memory. It outlives its sessions, as a page outlives its connections.
#[derive(Default)]
pub struct Memory {
    pub run: Run,
    /// The entry of each tick, from tick 1.
    pub history: Vec<Bytes>,
    /// Sent, and not acknowledged.
    pending: VecDeque<Input>,
    /// Acknowledged: numbers go up without a hole.
    kept: Vec<Input>,
    next_number: u32,
    next_value: u32,
    /// The room went back behind what this player was told.
    pub rewinds: u32,
    /// The room may have gone back and on again unseen: its history is read anew and put in the place of ours.
    doubts: bool,
}

#[derive(Clone)]
struct Input {
    number: u32,
    value: u32,
    refused: bool,
}

/// Ticks or inputs: the room is asked to resume.
pub struct Missing;

/// A sentence about a broken promise.
pub type Fault = String;

impl Memory {
    pub fn new(first_value: u32) -> Memory {
        Memory { next_number: 1, next_value: first_value, ..Memory::default() }
    }

    /// The run in which the room is now, when this player comes back: what it knows may be of an older one.
    pub fn back_in(&mut self, run: Run, may_lose: bool) {
        self.doubts |= may_lose && run > self.run;
    }

    /// Where to have the room go on telling.
    pub fn resume_at(&self) -> Tick {
        if self.doubts { 1 } else { self.next_tick() }
    }

    pub fn next_tick(&self) -> Tick {
        self.history.len() as Tick + 1
    }

    pub fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Sends one more input, if the match has begun and few enough wait.
    pub fn act(&mut self, route: &RoomRoute, session: SessionId) {
        if self.pending.len() >= MOST_PENDING || self.history.is_empty() {
            return;
        }
        let input = Input { number: self.next_number, value: self.next_value, refused: false };
        self.next_number += 1;
        self.next_value += 1;
        send(route, session, &input);
        self.pending.push_back(input);
    }

    /// The room stands at `applied`: what came after goes again, acknowledged or not, without a hole in the numbers.
    pub fn resend(
        &mut self,
        route: &RoomRoute,
        session: SessionId,
        applied: u32,
        may_lose: bool,
    ) -> Result<(), Fault> {
        let acknowledged = self.kept.last().map_or(0, |input| input.number);
        if applied < acknowledged && !may_lose {
            return Err(format!("the room stands at input {applied}, and had acknowledged {acknowledged}"));
        }
        let stays = self.kept.iter().take_while(|input| input.number <= applied).count();
        let mut again: VecDeque<Input> = self.kept.drain(stays..).chain(self.pending.drain(..)).collect();
        let reached = again.iter().take_while(|input| input.number <= applied).count();
        self.kept.extend(again.drain(..reached));
        for (input, number) in again.iter_mut().zip(applied + 1..) {
            input.number = number;
            input.refused = false;
            send(route, session, input);
        }
        self.next_number = applied + 1 + again.len() as u32;
        self.pending = again;
        Ok(())
    }

    /// Takes a frame in. `may_lose`: the room may go back, which is told once it has gone on beyond; what lies between is
    /// asked for then (`Some`).
    pub fn frame(
        &mut self,
        frame: messages::Frame,
        applied: u32,
        may_lose: bool,
    ) -> Result<Option<Missing>, Fault> {
        if frame.run < self.run {
            return Ok(None);
        }
        if frame.run > self.run {
            self.run = frame.run;
            if frame.continues_at > 0 && frame.continues_at < self.next_tick() {
                if !may_lose {
                    return Err(format!("run {} went back to tick {}", frame.run, frame.continues_at));
                }
                self.rewinds += 1;
                self.history.truncate(frame.continues_at as usize - 1);
            }
        }
        for (tick, entry) in (frame.tick..).zip(frame.ticks) {
            match self.history.get(tick as usize - 1) {
                Some(known) if *known == entry => {}
                Some(_) if self.doubts => {
                    self.rewinds += 1;
                    self.history.truncate(tick as usize - 1);
                    self.history.push(entry);
                }
                Some(_) => return Err(format!("tick {tick} of run {} has two contents", frame.run)),
                None if tick == self.next_tick() => self.history.push(entry),
                None if self.rewinds > 0 => return Ok(Some(Missing)),
                None => return Err(format!("tick {tick} came where {} was next", self.next_tick())),
            }
        }
        self.acknowledge(applied);
        Ok(None)
    }

    pub fn refused(&mut self, refused: &messages::InputRefused) {
        // A gap does not count: the number is still expected, and `resend` sees to it.
        if refused.reason == i32::from(Refusal::Gap) {
            return;
        }
        for input in self.pending.iter_mut().chain(&mut self.kept) {
            if input.number == refused.number {
                input.refused = true;
            }
        }
    }

    /// Forgets the room's past, to be told it again.
    pub fn start_over(&mut self) {
        self.rewinds += 1;
        self.history.clear();
    }

    /// Everything acknowledged is in the history once, in order, and nothing else of this seat is there twice.
    pub fn check(&self, seat: Seat, may_lose: bool) -> Result<(), Fault> {
        let told: Vec<u32> = self.history.iter().flat_map(|entry| values(entry, seat)).collect();
        if let Some(pair) = told.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("of seat {seat} input {} came after {}", pair[1], pair[0]));
        }
        if may_lose {
            return Ok(());
        }
        let lost = self.kept.iter().find(|input| !input.refused && told.binary_search(&input.value).is_err());
        lost.map_or(Ok(()), |input| {
            Err(format!(
                "of seat {seat} input {} (value {}) was acknowledged and is gone",
                input.number, input.value
            ))
        })
    }

    fn acknowledge(&mut self, applied: u32) {
        let reached = self.pending.iter().take_while(|input| input.number <= applied).count();
        self.kept.extend(self.pending.drain(..reached));
    }
}

const MOST_PENDING: usize = 24;

fn send(route: &RoomRoute, session: SessionId, input: &Input) {
    let Some(seat) = route.seat else { return };
    let data = Bytes::copy_from_slice(&input.value.to_be_bytes());
    route.inbox.send(&route.key, ToRoom::Input { session, seat, number: input.number, tick: 0, data });
}

fn values(entry: &[u8], of: Seat) -> Vec<u32> {
    let value = |data: &[u8]| <[u8; 4]>::try_from(data).map_or(u32::MAX, u32::from_be_bytes);
    room_core::tick_entries(entry).filter(|(seat, _)| *seat == of).map(|(_, data)| value(data)).collect()
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
