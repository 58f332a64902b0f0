//! Lockstep rooms, and rooms whose rules run in the server: every player sends an input per tick and receives every frame.
//!
//! Latency is from the moment at which an input was to be sent to the arrival of the frame that acknowledges it.
//! On the way everything is checked: ticks without gap and without repetition, each own input carried once and in
//! order, and all players of a room given the same frames. As a game does, each player reports a hash of the state: here
//! that of all frames so far. Rules in the server keep the inputs to themselves and tell a state in each tick instead, which
//! must be the same for all players.

use std::time::Duration;

use anyhow::Result;
use clock::Moment;
use prost::Message;
use protocol::messages::{self, Durability};
use protocol::operation;

use super::story::{Move, Phase, Seen, Watcher};
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
    /// By room: run, tick and the chain of all frames up to it, as the first player who got there had it.
    chains: Vec<(u32, u32, u64)>,
    /// Of rooms with rules in the server.
    watcher: Option<Watcher>,
    window: Option<Window>,
    tally: Tally,
}

#[derive(Clone, Copy, Default)]
struct Player {
    sent: u32,
    acknowledged: u32,
    /// The highest number that was ever acknowledged: a new run may take some back.
    answered: u32,
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
    pub durability: Durability,
    /// The rules that run in the server; none for lockstep.
    pub game: Option<Game>,
}

#[derive(Clone, Copy, Debug)]
pub struct Game {
    pub name: &'static str,
    pub seed: u32,
}

const UNACKNOWLEDGED_MAX: u32 = 256;
const CHAIN_EVERY: u32 = 32;

impl Lockstep {
    pub fn new(count: usize, pace: Pace, rooms: Vec<String>, seed: u64) -> Lockstep {
        let lines = count * pace.players;
        let (tick_hz, inputs_per_message) = (pace.tick_hz.max(1), pace.inputs_per_message.max(1));
        Lockstep {
            lobby: Lobby::new(count, room_spec(pace), Some(rooms)),
            watcher: pace.game.map(|_| Watcher::new(lines, tick_hz, Phase::default())),
            pacer: Pacer::new(lines, f64::from(tick_hz) / f64::from(inputs_per_message), seed),
            players: pace.players,
            hash_every: pace.hash_every,
            inputs_per_message,
            period: Duration::from_secs(1) / tick_hz,
            data: vec![0x5a; pace.input_bytes.max(1)],
            seats: vec![Player::default(); lines],
            intended: vec![Moment::ZERO; lines * UNACKNOWLEDGED_MAX as usize],
            chains: vec![(0, 0, 0); count],
            window: None,
            tally: Tally::default(),
        }
    }

    /// The phases of the run are told there.
    pub fn in_phases(mut self, phase: Phase) -> Lockstep {
        let tick_hz = (1_000_000 / self.period.as_micros().max(1)) as u32;
        self.watcher = Some(Watcher::new(self.seats.len(), tick_hz, phase));
        self
    }

    /// When the last inputs of the window leave: those that are collected leave later than they were made.
    fn last_due(&self, window: Window) -> Moment {
        window.to + self.period * (self.inputs_per_message - 1)
    }

    /// Sends what the player has collected: one input per tick, the last one now.
    fn send(&mut self, line: usize, due: Moment, window: Window, lines: &mut Lines) {
        let channel = self.lobby.channel(line);
        let to_rules = self.watcher.is_some();
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
                stamp(&mut self.data, number, to_rules);
                let data = &self.data;
                put_frame(message, operation::INPUT, |body| wire::put_input(body, channel, number, data));
            }
        });
    }

    fn receive(&mut self, line: usize, body: &[u8], now: Moment, lines: &mut Lines) -> Result<()> {
        let seat = self.lobby.seat(line);
        let player = &mut self.seats[line];
        let by_rules = self.watcher.is_some();
        let mut chain = player.chain;
        let mut silent = false;
        let mut carried = player.carried;
        let mut out_of_order = false;
        let mut tick = player.tick;
        let mut hash = None;
        let frame = wire::frame(body, |entry| {
            // Players of rules in the server come in at a state, not at the first tick.
            chain = fnv1a(if by_rules { 0 } else { chain }, entry);
            silent |= entry.is_empty();
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
        if by_rules && frame.run != player.run {
            self.tally.mistake("frames_without_a_state");
            return Ok(());
        }
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
        if !by_rules && !frame.backfill && frame.applied > carried + player.refused {
            self.tally.mistake("acknowledged_but_not_carried");
        }
        if let Some((tick, hash)) = hash.filter(|_| in_step) {
            let channel = self.lobby.channel(line);
            lines.send(line, operation::STATE_HASH, |body| wire::put_state_hash(body, channel, tick, hash));
        }
        self.compare_chains(line);
        self.acknowledge(line, frame.applied, now);
        let counts = self.window.is_some_and(|window| window.holds(now));
        if counts {
            self.tally.arrived += 1;
        }
        if let Some(watcher) = &mut self.watcher {
            let seen = Seen { tick: frame.tick, at: now, silent, counts };
            watcher.frame(line, seen, &mut self.tally.story);
        }
        Ok(())
    }

    /// Where the frames of rules in the server go on from: on entering, after a swap, and in a new run.
    fn state_told(&mut self, line: usize, body: &[u8], lines: &mut Lines) -> Result<()> {
        let state = messages::RoomState::decode(body)?;
        let player = &mut self.seats[line];
        let before = player.run;
        if state.run < before {
            self.tally.mistake("states_of_an_older_run");
            return Ok(());
        }
        (player.run, player.tick) = (state.run, state.tick);
        let Some(watcher) = self.watcher.as_mut().filter(|_| before != 0) else { return Ok(()) };
        if state.run == before {
            watcher.moved(line, Move::Swapped);
            return Ok(());
        }
        watcher.moved(line, Move::NewRun);
        self.tally.story.taken_back += u64::from(player.acknowledged.saturating_sub(state.applied));
        player.acknowledged = state.applied.min(player.sent);
        self.send_again(line, lines);
        Ok(())
    }

    /// What a new run does not hold, with the same numbers.
    fn send_again(&mut self, line: usize, lines: &mut Lines) {
        let channel = self.lobby.channel(line);
        let Player { acknowledged, sent, .. } = self.seats[line];
        lines.send_message(line, |message| {
            for number in acknowledged + 1..=sent {
                stamp(&mut self.data, number, true);
                let data = &self.data;
                put_frame(message, operation::INPUT, |body| wire::put_input(body, channel, number, data));
            }
        });
    }

    fn refused(&mut self, line: usize, body: &[u8]) -> Result<()> {
        use messages::input_refused::Refusal;
        let refused = messages::InputRefused::decode(body)?;
        // Its number was used up by none: what was on its way when a new run began has been sent again meanwhile.
        if self.watcher.is_some() && refused.reason() == Refusal::Gap {
            self.tally.story.overtaken += 1;
            return Ok(());
        }
        self.seats[line].refused += 1;
        self.tally.mistake("inputs_refused");
        self.tally.mistake(match refused.reason() {
            Refusal::Unknown => "refused_for_no_reason_known",
            Refusal::Late => "refused_as_late",
            Refusal::TooMany => "refused_as_too_many",
            Refusal::TooLong => "refused_as_too_long",
            Refusal::NotPlaying => "refused_as_not_playing",
            Refusal::Spectator => "refused_as_spectators",
            Refusal::Muted => "refused_as_muted",
            Refusal::Gap => "refused_for_a_gap",
            Refusal::EndedBadly => "refused_as_ended_badly",
        });
        Ok(())
    }

    fn acknowledge(&mut self, line: usize, applied: u32, now: Moment) {
        let player = &mut self.seats[line];
        let applied = applied.min(player.sent);
        player.acknowledged = player.acknowledged.max(applied);
        let before = player.answered;
        player.answered = before.max(applied);
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
        let (run, tick, chain) = &mut self.chains[line / self.players];
        if (*run, *tick) < (player.run, player.tick) {
            (*run, *tick, *chain) = (player.run, player.tick, player.chain);
        } else if (*run, *tick) == (player.run, player.tick) && *chain != player.chain {
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
            operation::ROOM_STATE => self.state_told(line, body, lines)?,
            operation::ANSWER => self.lobby.answered(line, body, lines)?,
            operation::INPUT_REFUSED => self.refused(line, body)?,
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

pub fn room_spec(pace: Pace) -> messages::RoomSpec {
    let kind = match pace.game {
        None => messages::RoomKind::Lockstep,
        Some(_) => messages::RoomKind::Authoritative,
    };
    let lockstep = messages::LockstepSpec {
        tick_hz: pace.tick_hz,
        ticks_per_message: pace.ticks_per_message,
        seed: 1,
        hash_every: pace.hash_every,
        ..Default::default()
    };
    let authoritative = pace.game.map(|game| messages::AuthoritativeSpec {
        game: game.name.to_owned(),
        tick_hz: pace.tick_hz,
        seed: game.seed,
    });
    messages::RoomSpec {
        kind: kind.into(),
        mode: "bench".to_owned(),
        seats: pace.players as u32,
        private: true,
        start: messages::StartRule::WhenFull.into(),
        durability: pace.durability.into(),
        lockstep: pace.game.is_none().then_some(lockstep),
        authoritative,
        ..Default::default()
    }
}

/// Puts an input's number in front of its data, as much of it as there is room for. Rules in the server (those of 毽子) get
/// one of their four orders instead.
fn stamp(data: &mut [u8], number: u32, to_rules: bool) {
    if to_rules {
        data[0] = (number % 4) as u8;
    } else {
        let stamp = data.len().min(4);
        data[..stamp].copy_from_slice(&number.to_le_bytes()[..stamp]);
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
