//! The fake server's rooms.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::Clock;
use prost::Message;
use protocol::{messages, operation};

use crate::fake::{Mistake, Wire};

pub struct Rooms {
    mistake: Mistake,
    state_hashes: AtomicUsize,
    levels: Mutex<Vec<messages::Durability>>,
    rooms: Mutex<HashMap<String, Arc<Mutex<Room>>>>,
}

/// Where a connection sits.
pub struct Sitting {
    room: Arc<Mutex<Room>>,
    seat: usize,
}

struct Room {
    spec: messages::RoomSpec,
    seats: Vec<Seat>,
    /// Inputs for the next tick: seat and data.
    inbox: Vec<(usize, Vec<u8>)>,
    relayed: u32,
    /// By tick.
    hashes: HashMap<u32, u32>,
}

struct Seat {
    wire: Wire,
    ready: bool,
    applied: u32,
}

impl Rooms {
    pub fn new(mistake: Mistake) -> Rooms {
        Rooms {
            mistake,
            state_hashes: AtomicUsize::new(0),
            levels: Mutex::default(),
            rooms: Mutex::default(),
        }
    }

    pub fn call(&self, method: &str, body: &[u8], wire: &Wire, sitting: &mut Option<Sitting>) -> Vec<u8> {
        match method {
            "rooms.create" => {
                let call = messages::CreateRoom::decode(body).unwrap();
                assert!(call.join);
                self.levels.lock().unwrap().push(call.spec.as_ref().unwrap().durability());
                let room = Room {
                    spec: call.spec.unwrap(),
                    seats: vec![],
                    inbox: vec![],
                    relayed: 0,
                    hashes: HashMap::new(),
                };
                let room = Arc::new(Mutex::new(room));
                assert!(self.rooms.lock().unwrap().insert(call.room, Arc::clone(&room)).is_none());
                sit(room, wire, sitting)
            }
            "rooms.join" => {
                let call = messages::JoinRoom::decode(body).unwrap();
                let room = Arc::clone(&self.rooms.lock().unwrap()[&call.room]);
                sit(room, wire, sitting)
            }
            "rooms.resume" => {
                let call = messages::ResumeRoom::decode(body).unwrap();
                assert_eq!((call.channel, call.from_tick), (CHANNEL, 1));
                let sitting = sitting.as_ref().unwrap();
                let mut room = sitting.room.lock().unwrap();
                room.seats[sitting.seat].ready = true;
                let kind = room.spec.kind();
                if kind == messages::RoomKind::Authoritative {
                    wire.send(operation::ROOM_STATE, &state(1, 0, 0));
                }
                if kind != messages::RoomKind::Relay
                    && room.seats.len() == room.spec.seats as usize
                    && room.seats.iter().all(|seat| seat.ready)
                {
                    let (room, mistake) = (Arc::clone(&sitting.room), self.mistake);
                    std::thread::spawn(move || play(&room, mistake));
                }
                Vec::new()
            }
            other => panic!("method {other}"),
        }
    }

    pub fn relay(&self, from: &Sitting, message: messages::Relay) {
        let rooms = self.rooms.lock().unwrap().len();
        let mut room = from.room.lock().unwrap();
        room.relayed += 1;
        let drop = match self.mistake {
            Mistake::DropsRelays { every } => room.relayed.is_multiple_of(every),
            Mistake::DropsRelaysAbove { rooms: limit } => rooms > limit && room.relayed.is_multiple_of(5),
            _ => false,
        };
        if drop {
            return;
        }
        let message = messages::Relay { from: from.seat as u32, ..message };
        for (seat, other) in room.seats.iter().enumerate() {
            if seat != from.seat && other.ready {
                other.wire.send(operation::RELAY, &message);
            }
        }
    }

    pub fn input(&self, from: &Sitting, input: messages::Input) {
        let mut room = from.room.lock().unwrap();
        let seat = &mut room.seats[from.seat];
        if matches!(self.mistake, Mistake::BeginsNewRun { .. }) && input.number != seat.applied + 1 {
            return; // On its way since before the new run.
        }
        assert_eq!(input.number, seat.applied + 1);
        seat.applied = input.number;
        match self.mistake {
            Mistake::LosesInputs { every } if input.number.is_multiple_of(every) => {}
            Mistake::SwapsInputs => {
                let mut data = input.data.to_vec();
                data[0] ^= 1;
                room.inbox.push((from.seat, data));
            }
            _ => room.inbox.push((from.seat, input.data.to_vec())),
        }
    }

    /// A server without mistakes hears the same hash from everybody.
    pub fn state_hash(&self, from: &Sitting, report: messages::StateHash) {
        assert_eq!((report.channel, report.tick % 20), (CHANNEL, 0));
        let mut room = from.room.lock().unwrap();
        let first = *room.hashes.entry(report.tick).or_insert(report.hash);
        assert!(
            first == report.hash || self.mistake != Mistake::None,
            "hashes differ at tick {}",
            report.tick
        );
        self.state_hashes.fetch_add(1, Ordering::SeqCst);
    }

    pub fn state_hashes(&self) -> usize {
        self.state_hashes.load(Ordering::SeqCst)
    }

    pub fn levels(&self) -> Vec<messages::Durability> {
        self.levels.lock().unwrap().clone()
    }

    /// Rooms end when their first player leaves, so that the next measurement counts its own only.
    pub fn leave(&self, sitting: &Sitting) {
        self.rooms.lock().unwrap().retain(|_, room| !Arc::ptr_eq(room, &sitting.room));
    }
}

const CHANNEL: u32 = 3;

fn sit(room: Arc<Mutex<Room>>, wire: &Wire, sitting: &mut Option<Sitting>) -> Vec<u8> {
    let mut locked = room.lock().unwrap();
    let seat = locked.seats.len();
    assert!(seat < locked.spec.seats as usize);
    locked.seats.push(Seat { wire: wire.clone(), ready: false, applied: 0 });
    drop(locked);
    *sitting = Some(Sitting { room, seat });
    messages::Joined { channel: CHANNEL, seat: Some(seat as u32), ..Default::default() }.encode_to_vec()
}

fn state(run: u32, tick: u32, applied: u32) -> messages::RoomState {
    messages::RoomState { run, tick, applied, channel: CHANNEL, ..Default::default() }
}

/// Ticks until the test process ends.
fn play(room: &Mutex<Room>, mistake: Mistake) {
    let clock = Clock::System;
    let spec = room.lock().unwrap().spec.clone();
    let by_rules = spec.kind() == messages::RoomKind::Authoritative;
    let (tick_hz, ticks_per_message) = match (spec.lockstep, spec.authoritative) {
        (Some(spec), _) => (spec.tick_hz, spec.ticks_per_message.max(1)),
        (_, spec) => (spec.unwrap().tick_hz, 1),
    };
    let period = Duration::from_secs(1) / tick_hz;
    let mut run = 1;
    let (_sender, never) = std::sync::mpsc::channel::<()>();
    let mut due = clock.now();
    let mut tick = 0;
    let mut entries = Vec::new();
    loop {
        due = due + period;
        let _ = never.recv_timeout(due.since(clock.now()));
        tick += 1;
        let mut room = room.lock().unwrap();
        if mistake == (Mistake::BeginsNewRun { at: tick }) && run == 1 {
            (run, tick) = (2, tick - 5);
            room.inbox.clear();
            for seat in &mut room.seats {
                seat.applied -= seat.applied.min(3);
                seat.wire.send(operation::ROOM_STATE, &state(run, tick, seat.applied));
            }
            continue;
        }
        let mut entry = Vec::new();
        if by_rules {
            room.inbox.clear();
            entry.extend_from_slice(&[0xff, 0xff, 3, 1, tick as u8]); // From seat 65535.
        }
        for (seat, data) in std::mem::take(&mut room.inbox) {
            entry.extend_from_slice(&[u8::try_from(seat).unwrap(), u8::try_from(data.len()).unwrap()]);
            entry.extend_from_slice(&data);
        }
        entries.push(entry);
        if entries.len() < ticks_per_message as usize {
            continue;
        }
        let told: Vec<_> = std::mem::take(&mut entries);
        let first = tick + 1 - told.len() as u32;
        for (number, seat) in room.seats.iter().enumerate() {
            let mut frame = messages::Frame {
                run,
                tick: first,
                ticks: told.iter().cloned().map(Into::into).collect(),
                channel: CHANNEL,
                applied: seat.applied,
                ..Default::default()
            };
            match mistake {
                Mistake::SkipsTicks { every } if tick.is_multiple_of(every) => continue,
                Mistake::RepeatsTicks { every } if tick.is_multiple_of(every) => {
                    seat.wire.send(operation::FRAME, &frame);
                }
                // A seat that does not exist acts, but only in the eyes of player 0.
                Mistake::TellsSeatsApart if number == 0 => frame.ticks[0] = [9, 1, 0].to_vec().into(),
                _ => {}
            }
            seat.wire.send(operation::FRAME, &frame);
        }
    }
}
