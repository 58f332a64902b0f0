//! What a player does in a step: make the room, join it, catch up, play.

use link::ToRoom;
use model::{Build, PlayerId, RoomKey, SessionId};
use protocol::messages::input_refused::Refusal;
use protocol::messages::{AuthoritativeSpec, LockstepSpec, RoomKind, RoomSpec, StartRule};
use protocol::{ErrorCode, Fault};
use rooms::{CreateRoom, Door, JoinRoom, JoinedRoom, Member};

use super::{World, room_key};
use crate::Odd;
use crate::game::{GAMES, THE_END};
use crate::plan::Kind;
use crate::player::{Heard, Seated, Sight, Standing, slot, taken};

impl World {
    /// The connection breaks; the session may be seen to end before the player is back with a new one.
    pub(super) fn cut(&mut self, index: usize) {
        let until = self.step + self.chance.below(100) as u32;
        let player = &mut self.players[index];
        let before = std::mem::replace(&mut player.standing, Standing::Away { until });
        if let Standing::Playing(seated) | Standing::Resuming(seated, _) = before {
            self.tale.cuts += 1;
            seated.route.inbox.send(&seated.route.key, ToRoom::Lost { session: seated.session });
        }
    }

    pub(super) fn step_player(&mut self, index: usize, acts: bool) -> Result<(), Odd> {
        let may_lose = !self.plan.covers(self.players[index].room);
        let away = Standing::Away { until: 0 };
        let standing = std::mem::replace(&mut self.players[index].standing, away);
        let next = match standing {
            Standing::Away { until } if self.step < until => Standing::Away { until },
            Standing::Done => Standing::Done,
            Standing::Away { .. } if self.may_be_over(index) => self.join(index),
            Standing::Away { .. } => self.create(index),
            Standing::Creating(answer) => match taken(&answer) {
                None => Standing::Creating(answer),
                Some(Ok(_)) => self.join(index),
                Some(Err(fault)) => self.later(index, fault, "create")?,
            },
            Standing::Joining(ear, session, answer) => match taken(&answer) {
                None => Standing::Joining(ear, session, answer),
                Some(Ok(JoinedRoom { route, .. })) => {
                    self.players[index].seat = route.seat;
                    let is_new = self.players[index].sight.back_in(route.run);
                    // A room that was lost with its founding is founded anew, as an `async` one may be in its first run.
                    if !is_new && route.run > 1 {
                        return Err(format!("run {} was told before", route.run));
                    }
                    self.resume(index, Seated { ear, session, route })
                }
                Some(Err(fault)) => self.later(index, fault, "join")?,
            },
            Standing::Resuming(seated, answer) => match taken(&answer) {
                None => {
                    // What is missing now was asked for.
                    let _ = self.listen(index, &seated)?;
                    Standing::Resuming(seated, answer)
                }
                // The answer came before all that is still to be heard.
                Some(Ok(joined)) => {
                    let inputs = &mut self.players[index].inputs;
                    inputs.resend(&seated.route, seated.session, joined.applied, may_lose)?;
                    Standing::Playing(seated)
                }
                Some(Err(fault)) if fault.code == ErrorCode::BadRequest => {
                    self.start_over(index, &fault)?;
                    self.resume(index, seated)
                }
                Some(Err(fault)) => self.later(index, fault, "resume")?,
            },
            Standing::Playing(seated) => {
                let missing = self.listen(index, &seated)?;
                if self.players[index].hears_no_more {
                    Standing::Done
                } else if missing || self.players[index].has_waited_for_gap(self.step) {
                    self.resume(index, seated)
                } else {
                    let player = &mut self.players[index];
                    if acts && player.sight.tick() > 0 && self.chance.below(4) == 0 {
                        player.inputs.act(&seated.route, seated.session);
                    }
                    if self.may_be_over(index) && self.chance.below(40) == 0 {
                        self.players[index].inputs.send_one(&seated.route, seated.session, THE_END);
                    }
                    Standing::Playing(seated)
                }
            }
        };
        self.players[index].standing = next;
        Ok(())
    }

    /// The room has yet to reach our tick: our history is not its own any more.
    fn start_over(&mut self, index: usize, fault: &Fault) -> Result<(), Odd> {
        let player = &mut self.players[index];
        match &mut player.sight {
            Sight::Ticks(ticks) if !self.plan.covers(player.room) => ticks.start_over(),
            _ => return Err(format!("the room lost ticks: {fault}")),
        }
        Ok(())
    }

    /// Takes in what was said; true if something is missing, here or there.
    fn listen(&mut self, index: usize, seated: &Seated) -> Result<bool, Odd> {
        let games_end = self.may_be_over(index);
        let player = &mut self.players[index];
        let may_lose = !self.plan.covers(player.room);
        let mut missing = false;
        for heard in seated.ear.take() {
            match heard {
                Heard::Frame { frame, applied } => missing |= player.frame(frame, applied, may_lose)?,
                Heard::State { state, applied } => {
                    let Sight::States(states) = &mut player.sight else {
                        return Err("a lockstep room told a state".to_owned());
                    };
                    if states.state(state, may_lose)? {
                        // What was sent to a room that stood still did not reach it.
                        player.inputs.resend(&seated.route, seated.session, applied, may_lose)?;
                    }
                    player.inputs.acknowledge(applied);
                }
                Heard::Refused(refused) => {
                    player.inputs.refused(&refused);
                    missing |= refused.reason == i32::from(Refusal::Gap) && player.misses(self.step);
                }
                Heard::BackfillFailed => missing = true,
                Heard::Ended(ended) if games_end && ended.reason == "finished" => player.hears_no_more = true,
                Heard::Ended(ended) => return Err(format!("the room has ended: {}", ended.reason)),
            }
        }
        Ok(missing)
    }

    /// Its match may have ended, and nobody makes it again.
    fn may_be_over(&self, index: usize) -> bool {
        self.games_end && self.plan.rooms[self.players[index].room].is_game()
    }

    fn create(&mut self, index: usize) -> Standing {
        let room = self.players[index].room;
        let RoomKey { app, room: id } = room_key(room);
        // Everybody asks for the room, each time: it is made once.
        let create = CreateRoom {
            app,
            room: Some(id),
            spec: self.spec(room),
            founder: PlayerId::new("founder"),
            build: Build::new("1"),
        };
        let (answer, done) = slot();
        self.rooms.rooms().create_for_match(create, done);
        Standing::Creating(answer)
    }

    fn join(&mut self, index: usize) -> Standing {
        self.sessions += 1;
        let player = &self.players[index];
        let session = SessionId::new(format!("s{}", self.sessions));
        let ear = self.ears.open(session);
        let who = Member {
            player: PlayerId::new(&player.name),
            session,
            session_number: self.sessions,
            name: player.name.clone(),
            build: Build::new("1"),
        };
        let door = Door::Room(room_key(player.room));
        let (answer, done) = slot();
        let knows_kind = RoomKind::Authoritative as u32;
        self.rooms.rooms().join(JoinRoom { door, who, spectate: false, channel: 1, knows_kind }, done);
        Standing::Joining(ear, session, answer)
    }

    fn resume(&mut self, index: usize, seated: Seated) -> Standing {
        let (answer, done) = slot();
        let from = self.players[index].sight.resume_at();
        self.rooms.rooms().resume(seated.route.key.clone(), seated.session, from, done);
        Standing::Resuming(seated, answer)
    }

    /// Some faults are only for now.
    fn later(&mut self, index: usize, fault: Fault, what: &str) -> Result<Standing, Odd> {
        use ErrorCode::{NotInRoom, RoomEnded, RoomPaused, RoomUnknown, TooManyRequests, Unavailable};
        match fault.code {
            RoomEnded | RoomUnknown if self.may_be_over(index) => Ok(Standing::Done),
            NotInRoom | RoomPaused | TooManyRequests | Unavailable => {
                Ok(Standing::Away { until: self.step + 20 })
            }
            _ => Err(format!("{what}: {fault}")),
        }
    }

    fn spec(&self, room: usize) -> RoomSpec {
        let plan = &self.plan.rooms[room];
        let spec = RoomSpec {
            seats: plan.players,
            start: StartRule::WhenFull.into(),
            durability: plan.durability.into(),
            ..RoomSpec::default()
        };
        let game = match plan.kind {
            Kind::Lockstep => {
                let lockstep = LockstepSpec {
                    tick_hz: plan.tick_hz,
                    ticks_per_message: plan.ticks_per_message,
                    seed: 7,
                    ..LockstepSpec::default()
                };
                return RoomSpec { kind: RoomKind::Lockstep.into(), lockstep: Some(lockstep), ..spec };
            }
            Kind::Game => GAMES[0],
            Kind::SlowGame => GAMES[1],
        };
        let part = AuthoritativeSpec { game: game.to_owned(), tick_hz: plan.tick_hz, seed: 7 };
        RoomSpec { kind: RoomKind::Authoritative.into(), authoritative: Some(part), ..spec }
    }
}
