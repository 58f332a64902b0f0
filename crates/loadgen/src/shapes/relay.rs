//! Rooms in which every player sends at a rate and all others receive.

use anyhow::Result;
use clock::Moment;
use protocol::{messages, operation};

use super::{Shape, Tally};
use crate::engine::Play;
use crate::lines::{Lines, Window};
use crate::lobby::Lobby;
use crate::pacer::Pacer;
use crate::wire;

pub struct Relay {
    lobby: Lobby,
    pacer: Pacer,
    players: usize,
    data: Vec<u8>,
    /// By line: the number of its last message.
    sent: Vec<u32>,
    /// By receiving line and sender's place in the room: the number of the last message.
    received: Vec<u32>,
    window: Option<Window>,
    tally: Tally,
}

/// What the generator writes in front of the data: the sender's place, the message's number, when it was to be sent.
const STAMP_BYTES: usize = 16;

impl Relay {
    /// `rooms` are the ids to make, `None` on the floor. `bytes` is the length of `data`, at least 16.
    pub fn new(
        count: usize,
        players: usize,
        bytes: usize,
        rate_hz: f64,
        rooms: Option<Vec<String>>,
        seed: u64,
    ) -> Relay {
        let lines = count * players;
        Relay {
            lobby: Lobby::new(count, room_spec(players), rooms),
            pacer: Pacer::new(lines, rate_hz, seed),
            players,
            data: vec![0x5a; bytes.max(STAMP_BYTES)],
            sent: vec![0; lines],
            received: vec![0; lines * players],
            window: None,
            tally: Tally::default(),
        }
    }

    fn send(&mut self, line: usize, intended: Moment, lines: &mut Lines) {
        self.sent[line] += 1;
        let place = (line % self.players) as u32;
        self.data[0..4].copy_from_slice(&place.to_le_bytes());
        self.data[4..8].copy_from_slice(&self.sent[line].to_le_bytes());
        self.data[8..16].copy_from_slice(&intended.as_micros().to_le_bytes());
        let channel = self.lobby.channel(line);
        lines.send(line, operation::RELAY, |body| wire::put_relay(body, channel, &self.data));
    }

    fn receive(&mut self, line: usize, body: &[u8], now: Moment) -> Result<()> {
        let Some((place, number, intended)) = stamp(wire::relay_data(body)?) else {
            self.tally.mistake("foreign_messages");
            return Ok(());
        };
        if place >= self.players || place == line % self.players {
            self.tally.mistake("misrouted_messages");
            return Ok(());
        }
        let last = &mut self.received[line * self.players + place];
        match number.cmp(&(*last + 1)) {
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => self.tally.mistake("gaps"),
            std::cmp::Ordering::Less => {
                self.tally.mistake("repeated_or_reordered");
                return Ok(());
            }
        }
        *last = number;
        let Some(window) = self.window else { return Ok(()) };
        if window.holds(now) {
            self.tally.arrived += 1;
        }
        if window.holds(intended) {
            self.tally.seen += 1;
            self.tally.record(intended, now);
        }
        Ok(())
    }
}

impl Play for Relay {
    fn opened(&mut self, line: usize, lines: &mut Lines) {
        self.lobby.opened(line, lines);
    }

    fn message(
        &mut self,
        line: usize,
        operation: u8,
        body: &[u8],
        now: Moment,
        lines: &mut Lines,
    ) -> Result<()> {
        match operation {
            operation::RELAY => self.receive(line, body, now),
            operation::ANSWER => self.lobby.answered(line, body, lines),
            _ => Ok(()),
        }
    }

    fn pace(&mut self, now: Moment, lines: &mut Lines) -> Moment {
        const NEVER: Moment = Moment::from_micros(u64::MAX);
        let Some(window) = self.window else { return NEVER };
        while let Some((line, due)) = self.pacer.take(now.min(window.to)) {
            self.send(line, due, lines);
            if window.holds(due) {
                self.tally.sent += 1;
                self.tally.wanted += self.players as u64 - 1;
                self.tally.record_lag(due, now);
            }
        }
        if self.pacer.next() >= window.to { NEVER } else { self.pacer.next() }
    }
}

impl Shape for Relay {
    fn ready(&self) -> bool {
        self.lobby.everybody_inside()
    }

    fn start(&mut self, now: Moment, window: Window) {
        self.window = Some(window);
        self.pacer.start(now);
    }

    fn settled(&self) -> bool {
        let all_sent = self.window.is_some_and(|window| self.pacer.next() >= window.to);
        all_sent && self.tally.seen >= self.tally.wanted
    }

    fn into_tally(self) -> Tally {
        self.tally
    }
}

fn room_spec(players: usize) -> messages::RoomSpec {
    messages::RoomSpec {
        kind: messages::RoomKind::Relay.into(),
        mode: "bench".to_owned(),
        seats: players as u32,
        private: true,
        start: messages::StartRule::WhenFull.into(),
        ..Default::default()
    }
}

fn stamp(data: &[u8]) -> Option<(usize, u32, Moment)> {
    let (place, rest) = data.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<4>()?;
    let (micros, _) = rest.split_first_chunk::<8>()?;
    let moment = Moment::from_micros(u64::from_le_bytes(*micros));
    Some((u32::from_le_bytes(*place) as usize, u32::from_le_bytes(*number), moment))
}
