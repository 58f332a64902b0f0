//! Puts every line into its room: the first player of a room makes it, the others join once it is there. What the room
//! tells begins with `rooms.resume`.

use anyhow::{Context, Result, bail};
use prost::Message;
use protocol::{messages, operation};

use crate::lines::Lines;
use crate::wire;

/// Lines `room × players … + players − 1` share a room.
pub struct Lobby {
    players: usize,
    /// Nothing to enter: the floor groups its connections by their path.
    floor: bool,
    spec: messages::RoomSpec,
    rooms: Vec<String>,
    seats: Vec<Seat>,
    inside: usize,
}

#[derive(Clone, Copy)]
struct Seat {
    stage: Stage,
    /// The room's number in the line's session.
    channel: u32,
    number: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Outside,
    AtTheDoor,
    Entering,
    Resuming,
    Inside,
}

impl Lobby {
    /// `rooms` are the ids to make; none for the floor.
    pub fn new(count: usize, spec: messages::RoomSpec, rooms: Option<Vec<String>>) -> Lobby {
        let players = spec.seats as usize;
        let seat = |line: usize| Seat { stage: Stage::Outside, channel: 1, number: (line % players) as u32 };
        Lobby {
            players,
            floor: rooms.is_none(),
            spec,
            rooms: rooms.unwrap_or_default(),
            seats: (0..count * players).map(seat).collect(),
            inside: 0,
        }
    }

    pub fn everybody_inside(&self) -> bool {
        self.inside == self.seats.len()
    }

    pub fn channel(&self, line: usize) -> u32 {
        self.seats[line].channel
    }

    /// The seat that the server gave.
    pub fn seat(&self, line: usize) -> u32 {
        self.seats[line].number
    }

    pub fn opened(&mut self, line: usize, lines: &mut Lines) {
        if self.floor {
            self.enter(line);
            return;
        }
        let first = line - line % self.players;
        if line == first {
            self.seats[line].stage = Stage::Entering;
            let call = messages::CreateRoom {
                room: self.rooms[line / self.players].clone(),
                spec: Some(self.spec.clone()),
                join: true,
            };
            send_call(lines, line, 1, "rooms.create", &call);
        } else if matches!(self.seats[first].stage, Stage::Resuming | Stage::Inside) {
            self.join(line, lines);
        } else {
            self.seats[line].stage = Stage::AtTheDoor;
        }
    }

    /// Goes on with the line's way into its room when a call was answered.
    pub fn answered(&mut self, line: usize, body: &[u8], lines: &mut Lines) -> Result<()> {
        let answer = messages::Answer::decode(body)?;
        if let Some(error) = answer.error {
            bail!("the server refused the room of line {line}: {} {}", error.code, error.message);
        }
        match self.seats[line].stage {
            Stage::Entering => {
                let joined = messages::Joined::decode(&answer.body[..])?;
                let seat = joined.seat.context("the server gave no seat in a new room")?;
                self.seats[line] = Seat { stage: Stage::Resuming, channel: joined.channel, number: seat };
                let call = messages::ResumeRoom { channel: joined.channel, from_tick: 1 };
                send_call(lines, line, 2, "rooms.resume", &call);
                if line.is_multiple_of(self.players) {
                    for other in line + 1..line + self.players {
                        if self.seats[other].stage == Stage::AtTheDoor {
                            self.join(other, lines);
                        }
                    }
                }
            }
            Stage::Resuming => self.enter(line),
            Stage::Outside | Stage::AtTheDoor | Stage::Inside => {}
        }
        Ok(())
    }

    fn join(&mut self, line: usize, lines: &mut Lines) {
        self.seats[line].stage = Stage::Entering;
        let room = self.rooms[line / self.players].clone();
        let call = messages::JoinRoom { room, knows_kind: self.spec.kind as u32, ..Default::default() };
        send_call(lines, line, 1, "rooms.join", &call);
    }

    fn enter(&mut self, line: usize) {
        self.seats[line].stage = Stage::Inside;
        self.inside += 1;
    }
}

fn send_call(lines: &mut Lines, line: usize, id: u32, method: &str, message: &impl Message) {
    let encoded = message.encode_to_vec();
    lines.send(line, operation::CALL, |body| wire::put_call(body, id, method, &encoded));
}
