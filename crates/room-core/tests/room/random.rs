//! Random requests, inputs and ticks against invariants and a naive model of lockstep.

mod naive;

use std::collections::BTreeSet;

use bytes::Bytes;
use model::{Seat, Tick};
use proptest::prelude::*;
use protocol::messages::{self, RoomSpec};
use protocol::{ErrorCode, Fault};
use room_core::modules::none;
use room_core::{Deadline, EndReason, InputDecision, Output, Phase, Room, RoomEvent, RoomRequest, RunReason};

use crate::kit::*;
use naive::Naive;

const NAMES: [&str; 6] = ["ann", "bob", "cid", "dan", "eve", "fay"];

#[derive(Clone, Debug)]
enum Step {
    Ask(RoomRequest),
    /// The n-th of the deadlines that the room names, or one of long ago.
    TimeUp(usize),
    /// `skip` 1 is the number that is due.
    Input {
        seat: Seat,
        skip: u32,
        ahead: Option<i64>,
        length: usize,
    },
    Ticks(u32),
    Vote {
        seat: Seat,
        back: Tick,
        hash: u32,
    },
    NewRun,
    /// The room is replaced by one restored from its image.
    Restore,
}

fn who() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(&NAMES[..])
}

fn properties() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[abc]?", "[xy]?"), 0..3)
}

fn request() -> impl Strategy<Value = RoomRequest> {
    let number = 1..4_u32;
    let session_of = (who(), number.clone()).prop_map(|(name, number)| session(name, number));
    let ends = prop_oneof![Just(EndReason::Closed), Just(EndReason::LifeLimit)];
    prop_oneof![
        10 => (who(), number, any::<bool>()).prop_map(|(name, number, watch)| join_as(name, number, watch)),
        3 => who().prop_map(leave),
        2 => (who(), who(), any::<bool>()).prop_map(|(by, name, ban)| kick(by, name, ban)),
        5 => (who(), any::<bool>()).prop_map(|(name, value)| ready(name, value)),
        3 => who().prop_map(start),
        1 => (who(), properties()).prop_map(|(by, properties)| {
            RoomRequest::SetRoom { by: player(by), properties }
        }),
        1 => (who(), properties()).prop_map(|(name, properties)| {
            RoomRequest::SetSeat { player: player(name), properties }
        }),
        1 => (who(), who()).prop_map(|(by, name)| RoomRequest::GiveOwner { by: player(by), player: player(name) }),
        1 => (who(), who(), prop::option::of(1..5_u64)).prop_map(|(by, name, until_ms)| {
            RoomRequest::Reserve { by: player(by), player: player(name), until_ms }
        }),
        1 => (who(), 0..2_u8, 0..30_u32).prop_map(|(name, value, tick)| RoomRequest::Result {
            player: player(name),
            result: vec![value].into(),
            hash: 1,
            tick,
        }),
        1 => (who(), any::<bool>()).prop_map(|(name, muted)| RoomRequest::Mute { player: player(name), muted }),
        2 => session_of.clone().prop_map(|session| RoomRequest::Lost { session }),
        2 => session_of.clone().prop_map(|session| RoomRequest::Back { session }),
        1 => session_of.prop_map(|session| RoomRequest::Gone { session }),
        1 => prop::bool::weighted(0.05).prop_flat_map(move |_| ends.clone())
            .prop_map(|reason| RoomRequest::Close { reason }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![4 => 0..20_usize, 1 => 900..1030_usize];
    let input =
        (0..5_u16, prop_oneof![8 => Just(1_u32), 1 => 0..4_u32], prop::option::of(-4..70_i64), length)
            .prop_map(|(seat, skip, ahead, length)| Step::Input { seat, skip, ahead, length });
    prop_oneof![
        6 => request().prop_map(Step::Ask),
        1 => (0..8_usize).prop_map(Step::TimeUp),
        20 => input,
        8 => (1..6_u32).prop_map(Step::Ticks),
        4 => (0..5_u16, 0..12_u32, 0..2_u32).prop_map(|(seat, back, hash)| Step::Vote { seat, back, hash }),
        1 => Just(Step::NewRun),
        1 => Just(Step::Restore),
    ]
}

fn spec() -> impl Strategy<Value = RoomSpec> {
    let shape = (2..5_u32, 0..2_u32, 1..3_u32, any::<bool>(), 0..4_i32, any::<bool>());
    let lockstep = (1..=8_u32, 0..3_i32, prop_oneof![Just(0_u32), 20..60_u32]);
    (shape, lockstep).prop_map(|((seats, bots, min_players, late_join, start, private), lockstep)| {
        let (ticks_per_message, late_input, last_tick) = lockstep;
        RoomSpec {
            kind: 1,
            mode: "random".into(),
            seats,
            bots,
            min_players,
            late_join,
            start,
            private,
            start_after_ms: 100,
            max_spectators: 2,
            lockstep: Some(messages::LockstepSpec {
                ticks_per_message,
                late_input,
                last_tick,
                seed: 1,
                hash_every: 4,
                ..Default::default()
            }),
            ..Default::default()
        }
    })
}

/// The room, the naive model beside it, and what must never fall.
struct World {
    game: Match,
    naive: Naive,
    applied: Vec<u32>,
    revision: u32,
    old_deadlines: Vec<Deadline>,
}

impl World {
    fn new(spec: RoomSpec) -> World {
        let lockstep = spec.lockstep.unwrap();
        let applied = vec![0; spec.seats as usize];
        let game = Match::new(spec);
        World { game, naive: Naive::new(lockstep), applied, revision: 0, old_deadlines: Vec::new() }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Ask(request) => self.ask(request),
            Step::TimeUp(index) => {
                let current = self.game.room.deadlines().into_iter().map(|(deadline, _)| deadline);
                self.old_deadlines.extend(current);
                let index = index % self.old_deadlines.len().max(1);
                if let Some(deadline) = self.old_deadlines.get(index).cloned() {
                    // These two would end nearly every run at once.
                    let ends = matches!(deadline, Deadline::LifeLimit | Deadline::Empty { .. });
                    if !ends || self.game.log.len() > 60 {
                        self.ask(RoomRequest::TimeUp(deadline));
                    }
                }
            }
            Step::Input { seat, skip, ahead, length } => self.input(seat, skip, ahead, length),
            Step::Ticks(count) => (0..count).for_each(|_| {
                if let Some(event) = self.game.room.next_tick() {
                    self.apply(event);
                }
            }),
            Step::Vote { seat, back, hash } => {
                let tick = self.game.room.tick().saturating_sub(back);
                if let Some(event) = self.game.room.offer_state_hash(seat, tick, hash) {
                    self.apply(event);
                    assert_eq!(
                        self.game.room.offer_state_hash(seat, tick, hash),
                        None,
                        "a vote counted twice"
                    );
                }
            }
            Step::NewRun if !self.game.room.is_ended() => {
                let event = self.game.room.new_run(RunReason::HandOver);
                self.apply(event);
            }
            Step::NewRun => {}
            Step::Restore => {
                let restored = Room::restore(&self.game.room.image(), &none()).unwrap();
                assert_eq!(restored.view(), self.game.room.view());
                assert_eq!(restored.deadlines(), self.game.room.deadlines());
                self.game.room = restored;
            }
        }
        self.check();
    }

    fn ask(&mut self, request: RoomRequest) {
        let before = self.game.room.image();
        let decision = self.game.room.decide(&request);
        assert_eq!(before, self.game.room.image(), "deciding changed the room");
        let Ok(events) = decision else { return };
        let changes = !events.is_empty();
        events.into_iter().for_each(|event| self.apply(event));
        let again = self.game.room.decide(&request);
        let ended = matches!(again, Err(Fault { code: ErrorCode::RoomEnded, .. }));
        assert!(again == Ok(Vec::new()) || (changes && ended), "{request:?} again: {again:?}");
    }

    fn input(&mut self, seat: Seat, skip: u32, ahead: Option<i64>, length: usize) {
        let room = &self.game.room;
        let tick = ahead.map_or(0, |ahead| (i64::from(room.tick()) + ahead).max(0) as Tick);
        let number = room.applied(seat) + skip;
        let data = Bytes::from(vec![number as u8; length]);
        let playing = room.phase() == Phase::Playing;
        let decision = room.offer_input(seat, number, tick, &data);
        let seated = room.seated(seat).is_some();
        match &decision {
            InputDecision::Duplicate => assert!(seated && skip == 0),
            InputDecision::Reject(_) => assert!(!seated || skip > 1 || room.is_ended()),
            InputDecision::Refuse(_) => assert!(seated && skip == 1),
            InputDecision::Apply(_) => assert!(seated && skip == 1 && playing),
        }
        if let InputDecision::Apply(event) | InputDecision::Refuse(event) = decision {
            self.naive.expect_input(room.tick(), playing, tick, &data, &event);
            self.apply(event);
            assert_eq!(self.game.room.offer_input(seat, number, tick, &data), InputDecision::Duplicate);
        }
    }

    fn apply(&mut self, event: RoomEvent) {
        let mut bytes = Vec::new();
        event.encode(&mut bytes);
        assert_eq!(RoomEvent::decode(&bytes).as_ref(), Ok(&event));
        let told = self.game.outputs.len();
        self.naive.apply(&event, &self.game.room);
        self.game.room.admit(&event, &mut self.game.outputs).expect("the room does not admit its own event");
        self.game.log.push(event);
        let changes =
            self.game.outputs[told..].iter().filter(|output| matches!(output, Output::Changed { .. }));
        self.revision += changes.count() as u32;
    }

    fn check(&mut self) {
        let room = &self.game.room;
        assert_eq!(room.revision(), self.revision);
        assert!(room.applied_all().iter().zip(&self.applied).all(|(now, before)| now >= before));
        self.applied = room.applied_all().to_vec();
        let players: Vec<_> = room.members().map(|(_, member)| member.player.clone()).collect();
        assert_eq!(players.iter().collect::<BTreeSet<_>>().len(), players.len(), "a player is there twice");
        let seated = |player| room.seat_of(player).is_some();
        let owned = room.owner().is_some_and(|owner| seated(owner) || owner.as_str() == "ann");
        assert!(owned || !players.iter().any(seated), "a room with players and without owner");
        for seat in room.view().seats {
            assert!(seat.bot == seat.player.is_empty());
        }
        let has_empty_deadline =
            room.deadlines().iter().any(|(deadline, _)| matches!(deadline, Deadline::Empty { .. }));
        let online = room.members().any(|(seat, member)| seat.is_some() && member.online);
        assert_eq!(has_empty_deadline, !online && !room.is_ended());
    }

    /// What the log leads to is what there is.
    fn finish(mut self) {
        self.naive.check_frames(&self.game);
        let mut outputs = Vec::new();
        let mut rebuilt = self.game.rebuilt(&mut outputs);
        assert_eq!(rebuilt.image(), self.game.room.image());
        assert_eq!(rebuilt.hash(), self.game.room.hash());
        assert_eq!(outputs, self.game.told());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_the_room_holds(spec in spec(), steps in prop::collection::vec(step(), 1..160)) {
        let mut world = World::new(spec);
        steps.into_iter().for_each(|step| world.take(step));
        world.finish();
    }

    /// The same with the players there and the match begun, so that play is what is mostly tried.
    #[test]
    fn whatever_is_played_the_frames_are_right(
        spec in spec(),
        steps in prop::collection::vec(step(), 1..160),
    ) {
        let mut world = World::new(RoomSpec { start: 3, bots: 0, ..spec });
        ["ann", "bob"].iter().for_each(|name| world.ask(join(name)));
        world.ask(start("ann"));
        assert_eq!(world.game.room.phase(), Phase::Playing);
        steps.into_iter().for_each(|step| world.take(step));
        world.finish();
    }
}
