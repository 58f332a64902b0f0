//! Lockstep rooms: every player sends an input per tick and receives every frame.
//!
//! Latency is from the moment at which an input was to be sent to the arrival of the frame that acknowledges it.
//! On the way everything is checked: ticks without gap and without repetition, each own input carried once and in
//! order, and all players of a room given the same frames. As a game does, each player reports a hash of the state: here
//! that of all frames so far.

use std::time::Duration;

use anyhow::Result;
use clock::Moment;
use protocol::{messages, operation};

use super::{Shape, Tally};
use crate::engine::Play;
use crate::lines::{Lines, Window, put_frame};
use crate::lobby::Lobby;
use crate::pacer::Pacer;
use crate::wire;

pub struct Lockstep {
    lobby: Lobby,
    pacer: Pacer,
    players: usize,
    hash_every: u32,
    inputs_per_message: u32,
    period: Duration,
    data: Vec<u8>,
    seats: Vec<Player>,
    /// By line and number modulo `UNACKNOWLEDGED_MAX`: when the input was to be sent.
    intended: Vec<Moment>,
    /// By room: a tick and the chain of all frames up to it, as the first player who got there had it.
    chains: Vec<(u32, u64)>,
    window: Option<Window>,
    tally: Tally,
}

#[derive(Clone, Copy, Default)]
struct Player {
    sent: u32,
    acknowledged: u32,
    refused: u32,
    /// Own inputs seen in frames.
    carried: u32,
    run: u32,
    tick: u32,
    chain: u64,
}

/// How a lockstep room plays.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub players: usize,
    pub tick_hz: u32,
    pub ticks_per_message: u32,
    /// Length of an input's data, at least 1: its number is in front, as much of it as there is room for.
    pub input_bytes: usize,
    /// Inputs that a player collects before it sends them in one message.
    pub inputs_per_message: u32,
    /// Ticks from one report of a state hash to the next; 0 for none.
    pub hash_every: u32,
}

const UNACKNOWLEDGED_MAX: u32 = 256;
const CHAIN_EVERY: u32 = 32;

impl Lockstep {
    pub fn new(count: usize, pace: Pace, rooms: Vec<String>, seed: u64) -> Lockstep {
        let lines = count * pace.players;
        let (tick_hz, inputs_per_message) = (pace.tick_hz.max(1), pace.inputs_per_message.max(1));
        Lockstep {
            lobby: Lobby::new(count, room_spec(pace), Some(rooms)),
            pacer: Pacer::new(lines, f64::from(tick_hz) / f64::from(inputs_per_message), seed),
            players: pace.players,
            hash_every: pace.hash_every,
            inputs_per_message,
            period: Duration::from_secs(1) / tick_hz,
            data: vec![0x5a; pace.input_bytes.max(1)],
            seats: vec![Player::default(); lines],
            intended: vec![Moment::ZERO; lines * UNACKNOWLEDGED_MAX as usize],
            chains: vec![(0, 0); count],
            window: None,
            tally: Tally::default(),
        }
    }

    /// When the last inputs of the window leave: those that are collected leave later than they were made.
    fn last_due(&self, window: Window) -> Moment {
        window.to + self.period * (self.inputs_per_message - 1)
    }

    /// Sends what the player has collected: one input per tick, the last one now.
    fn send(&mut self, line: usize, due: Moment, window: Window, lines: &mut Lines) {
        let channel = self.lobby.channel(line);
        lines.send_message(line, |message| {
            for back in (0..self.inputs_per_message).rev() {
                let intended = Moment::from_micros(
                    due.as_micros().saturating_sub(self.period.as_micros() as u64 * u64::from(back)),
                );
                if window.holds(intended) {
                    self.tally.sent += 1;
                    self.tally.wanted += 1;
                }
                let player = &mut self.seats[line];
                if player.sent - player.acknowledged >= UNACKNOWLEDGED_MAX {
                    self.tally.mistake("inputs_held_back");
                    continue;
                }
                player.sent += 1;
                let number = player.sent;
                self.intended[slot(line, number)] = intended;
                let stamp = self.data.len().min(4);
                self.data[..stamp].copy_from_slice(&number.to_le_bytes()[..stamp]);
                let data = &self.data;
                put_frame(message, operation::INPUT, |body| wire::put_input(body, channel, number, data));
            }
        });
    }

    fn receive(&mut self, line: usize, body: &[u8], now: Moment, lines: &mut Lines) -> Result<()> {
        let seat = self.lobby.seat(line);
        let player = &mut self.seats[line];
        let mut chain = player.chain;
        let mut carried = player.carried;
        let mut out_of_order = false;
        let mut tick = player.tick;
        let mut hash = None;
        let frame = wire::frame(body, |entry| {
            chain = fnv1a(chain, entry);
            tick += 1;
            if tick.checked_rem(self.hash_every) == Some(0) {
                hash = Some((tick, chain as u32));
            }
            for input in wire::tick_inputs(entry) {
                let (from, data) = input?;
                if from == seat {
                    carried += 1;
                    let stamp = data.len().min(4);
                    out_of_order |= data.is_empty() || data[..stamp] != carried.to_le_bytes()[..stamp];
                }
            }
            Ok(())
        })?;
        if frame.run < player.run {
            self.tally.mistake("frames_of_an_older_run");
            return Ok(());
        }
        player.run = frame.run;
        if frame.tick <= player.tick {
            self.tally.mistake("repeated_ticks");
            return Ok(());
        }
        let in_step = frame.tick == player.tick + 1;
        if !in_step {
            self.tally.mistake("missing_ticks");
        }
        if out_of_order {
            self.tally.mistake("inputs_out_of_order");
        }
        (player.chain, player.carried, player.tick) = (chain, carried, frame.tick + frame.ticks.max(1) - 1);
        if !frame.backfill && frame.applied > carried + player.refused {
            self.tally.mistake("acknowledged_but_not_carried");
        }
        if let Some((tick, hash)) = hash.filter(|_| in_step) {
            let channel = self.lobby.channel(line);
            lines.send(line, operation::STATE_HASH, |body| wire::put_state_hash(body, channel, tick, hash));
        }
        self.compare_chains(line);
        self.acknowledge(line, frame.applied, now);
        if self.window.is_some_and(|window| window.holds(now)) {
            self.tally.arrived += 1;
        }
        Ok(())
    }

    fn acknowledge(&mut self, line: usize, applied: u32, now: Moment) {
        let player = &mut self.seats[line];
        let before = player.acknowledged;
        let applied = applied.min(player.sent);
        player.acknowledged = before.max(applied);
        let Some(window) = self.window else { return };
        for number in before + 1..=applied {
            let intended = self.intended[slot(line, number)];
            if window.holds(intended) {
                self.tally.seen += 1;
                self.tally.record(intended, now);
            }
        }
    }

    /// Two players at the same tick of a room must have seen the same frames.
    fn compare_chains(&mut self, line: usize) {
        let player = &self.seats[line];
        if !player.tick.is_multiple_of(CHAIN_EVERY) {
            return;
        }
        let (tick, chain) = &mut self.chains[line / self.players];
        if *tick < player.tick {
            (*tick, *chain) = (player.tick, player.chain);
        } else if *tick == player.tick && *chain != player.chain {
            self.tally.mistake("frames_differ_between_players");
        }
    }
}

impl Play for Lockstep {
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
            operation::FRAME => self.receive(line, body, now, lines)?,
            operation::ANSWER => self.lobby.answered(line, body, lines)?,
            operation::INPUT_REFUSED => {
                self.seats[line].refused += 1;
                self.tally.mistake("inputs_refused");
            }
            operation::DESYNC => self.tally.mistake("desyncs_told"),
            _ => {}
        }
        Ok(())
    }

    fn pace(&mut self, now: Moment, lines: &mut Lines) -> Moment {
        const NEVER: Moment = Moment::from_micros(u64::MAX);
        let Some(window) = self.window else { return NEVER };
        let end = self.last_due(window);
        while let Some((line, due)) = self.pacer.take(now.min(end)) {
            self.send(line, due, window, lines);
            if window.holds(due) {
                self.tally.record_lag(due, now);
            }
        }
        if self.pacer.next() >= end { NEVER } else { self.pacer.next() }
    }
}

impl Shape for Lockstep {
    /// The rooms play: everybody is inside and has had a frame.
    fn ready(&self) -> bool {
        self.lobby.everybody_inside() && self.seats.iter().all(|player| player.tick > 0)
    }

    fn start(&mut self, now: Moment, window: Window) {
        self.window = Some(window);
        self.pacer.start(now);
    }

    fn settled(&self) -> bool {
        let all_sent = self.window.is_some_and(|window| self.pacer.next() >= self.last_due(window));
        all_sent && self.tally.seen >= self.tally.wanted
    }

    fn into_tally(self) -> Tally {
        self.tally
    }
}

fn room_spec(pace: Pace) -> messages::RoomSpec {
    messages::RoomSpec {
        kind: messages::RoomKind::Lockstep.into(),
        mode: "bench".to_owned(),
        seats: pace.players as u32,
        private: true,
        start: messages::StartRule::WhenFull.into(),
        lockstep: Some(messages::LockstepSpec {
            tick_hz: pace.tick_hz,
            ticks_per_message: pace.ticks_per_message,
            seed: 1,
            hash_every: pace.hash_every,
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn slot(line: usize, number: u32) -> usize {
    line * UNACKNOWLEDGED_MAX as usize + (number % UNACKNOWLEDGED_MAX) as usize
}

fn fnv1a(chain: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x100_0000_01b3;
    let start = (chain ^ bytes.len() as u64).wrapping_mul(PRIME);
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}
