//! Events as bytes, and logs that no room ever wrote.

use bytes::Bytes;
use model::SessionId;
use proptest::prelude::*;
use protocol::messages::{self, input_refused::Refusal};
use room_core::modules::{CallEnd, LogicRef, ModuleHash, none};
use room_core::{EndReason, Founding, LeftWhy, Room, RoomEvent, RunReason};

use crate::kit::*;

fn name() -> impl Strategy<Value = String> + Clone {
    prop_oneof![Just(String::new()), "[a-z]{1,8}", "\\PC{0,20}"]
}

fn session() -> impl Strategy<Value = SessionId> + Clone {
    "[ -~]{0,20}".prop_map(SessionId::new)
}

fn data() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((name(), name()), 0..4)
}

fn logic() -> impl Strategy<Value = LogicRef> + Clone {
    (name(), any::<u32>(), any::<[u8; 32]>()).prop_map(|(game, version, hash)| LogicRef {
        game,
        version,
        hash: ModuleHash(hash),
    })
}

fn call_end() -> impl Strategy<Value = CallEnd> + Clone {
    prop_oneof![
        Just(CallEnd::OutOfFuel),
        Just(CallEnd::OutOfMemory),
        name().prop_map(CallEnd::Trap),
        Just(CallEnd::StackOverflow),
        Just(CallEnd::Interrupted),
        any::<i32>().prop_map(CallEnd::Status),
        Just(CallEnd::SaidTooMuch),
    ]
}

pub fn event() -> impl Strategy<Value = RoomEvent> {
    let ended = (plain_event(), call_end());
    prop_oneof![
        20 => plain_event(),
        1 => (1..=200_u32, logic()).prop_map(|(seats, logic)| {
            let founding = Founding { logic: Some(logic), ..founding(lockstep(seats)) };
            RoomEvent::Founded(Box::new(founding))
        }),
        1 => name().prop_map(|name| RoomEvent::Shown { player: player(&name) }),
        2 => ended.prop_map(|(event, end)| RoomEvent::CallEnded { event: Box::new(event), end }),
        1 => (logic(), any::<u32>(), data())
            .prop_map(|(to, from_version, save)| RoomEvent::Swapped { to, from_version, save }),
        1 => (logic(), name()).prop_map(|(to, why)| RoomEvent::SwapFailed { to, why }),
        1 => (logic(), data()).prop_map(|(to, state)| RoomEvent::RolledBack { to, state }),
    ]
}

fn plain_event() -> impl Strategy<Value = RoomEvent> {
    let refusal = (0..=8).prop_map(|number| Refusal::try_from(number).unwrap());
    let left = prop_oneof![Just(LeftWhy::Left), Just(LeftWhy::Kicked), Just(LeftWhy::Gone)];
    let run = prop_oneof![Just(RunReason::Recovery), Just(RunReason::HandOver), Just(RunReason::Rollback)];
    let end = prop_oneof![
        Just(EndReason::Finished),
        Just(EndReason::Empty),
        Just(EndReason::LifeLimit),
        Just(EndReason::LastTick),
        Just(EndReason::Closed),
        Just(EndReason::LogFull),
        Just(EndReason::LogicFailed),
        Just(EndReason::Damaged),
        Just(EndReason::Unrecorded),
    ];
    let player = name().prop_map(|name| player(&name));
    let comer = || (name(), session(), any::<u32>(), name());
    prop_oneof![
        (1..=200_u32, name(), name(), any::<u64>()).prop_map(|(seats, founder, invite, wall_ms)| {
            let mut founding = founding(lockstep(seats));
            (founding.founder, founding.invite, founding.wall_ms) = (founder.into(), invite, wall_ms);
            RoomEvent::Founded(Box::new(founding))
        }),
        (any::<u16>(), comer()).prop_map(|(seat, (player, session, session_number, name))| {
            RoomEvent::SeatTaken { seat, player: player.into(), session, session_number, name }
        }),
        comer().prop_map(|(player, session, session_number, name)| {
            RoomEvent::SpectatorCame { player: player.into(), session, session_number, name }
        }),
        (player.clone(), left).prop_map(|(player, why)| RoomEvent::Left { player, why }),
        player.clone().prop_map(|player| RoomEvent::Banned { player }),
        player.clone().prop_map(|player| RoomEvent::Lost { player }),
        player.clone().prop_map(|player| RoomEvent::Back { player }),
        player.clone().prop_map(|player| RoomEvent::Gone { player }),
        (any::<u16>(), any::<bool>()).prop_map(|(seat, muted)| RoomEvent::Muted { seat, muted }),
        (any::<u16>(), any::<bool>()).prop_map(|(seat, ready)| RoomEvent::Ready { seat, ready }),
        (any::<Option<u16>>(), pairs()).prop_map(|(seat, changes)| RoomEvent::Properties { seat, changes }),
        player.clone().prop_map(|player| RoomEvent::Owner { player }),
        (player.clone(), any::<u64>())
            .prop_map(|(player, until_ms)| RoomEvent::Reserved { player, until_ms }),
        player.prop_map(|player| RoomEvent::ReservationOver { player }),
        Just(RoomEvent::Started),
        (any::<u16>(), any::<u32>(), any::<u32>(), data())
            .prop_map(|(seat, number, tick, data)| RoomEvent::Input { seat, number, tick, data }),
        (any::<u16>(), any::<u32>(), refusal).prop_map(|(seat, number, reason)| RoomEvent::Refused {
            seat,
            number,
            reason
        }),
        (any::<u32>(), any::<Option<u32>>()).prop_map(|(number, hash)| RoomEvent::Tick { number, hash }),
        (any::<u16>(), any::<u32>(), any::<u32>()).prop_map(|(seat, tick, hash)| RoomEvent::StateHash {
            seat,
            tick,
            hash
        }),
        (any::<u16>(), data(), any::<u32>(), any::<u32>())
            .prop_map(|(seat, result, hash, tick)| RoomEvent::Result { seat, result, hash, tick }),
        (any::<u32>(), any::<u32>(), run).prop_map(|(run, continues_at, reason)| RoomEvent::RunBegan {
            run,
            continues_at,
            reason
        }),
        end.prop_map(|reason| RoomEvent::Ended { reason }),
    ]
}

fn encoded(event: &RoomEvent) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.encode(&mut bytes);
    bytes
}

proptest! {
    #[test]
    fn an_event_survives_its_bytes(event in event()) {
        let bytes = encoded(&event);
        prop_assert_eq!(RoomEvent::decode(&bytes), Ok(event));
        // All of them, and no more.
        for length in 0..bytes.len() {
            prop_assert!(RoomEvent::decode(&bytes[..length]).is_err());
        }
        prop_assert!(RoomEvent::decode(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn garbage_is_refused_or_read_but_never_panics(
        tag in 0..36_u8,
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        event in event(),
        at in any::<prop::sample::Index>(),
        bits in 1..=255_u8,
    ) {
        let _ = RoomEvent::decode(&bytes);
        let _ = RoomEvent::decode(&[&[tag], &bytes[..]].concat());
        let mut damaged = encoded(&event);
        let at = at.index(damaged.len());
        damaged[at] ^= bits;
        let _ = RoomEvent::decode(&damaged);
    }

    #[test]
    fn a_log_that_no_room_wrote_is_refused_and_never_panics(
        events in prop::collection::vec(event(), 0..30),
        playing in any::<bool>(),
    ) {
        let players: &[&str] = if playing { &["ann", "bob"] } else { &[] };
        let mut game = Match::new(lockstep(3));
        players.iter().for_each(|name| game.ask(join(name)));
        if playing {
            game.ask(start("ann"));
        }
        for event in events {
            let before = game.room.image();
            if game.room.admit(&event, &mut game.outputs).is_err() {
                prop_assert_eq!(before, game.room.image());
            }
        }
    }
}

#[test]
fn the_tick_and_input_records_are_small() {
    assert_eq!(encoded(&RoomEvent::Tick { number: 100, hash: None }).len(), 2);
    let input = RoomEvent::Input { seat: 3, number: 100, tick: 100, data: Bytes::from_static(b"ab") };
    assert_eq!(encoded(&input).len(), 7);
}

#[test]
fn a_number_of_eleven_bytes_is_no_number() {
    let bytes = [&[13, 0][..], &[0xff; 10], &[1]].concat();
    assert!(RoomEvent::decode(&bytes).is_err());
    let bytes = [&[13, 0][..], &[0xff; 9], &[2]].concat();
    assert!(RoomEvent::decode(&bytes).is_err());
    let bytes = [&[13, 0][..], &[0xff; 9], &[1]].concat();
    let reserved = RoomEvent::Reserved { player: player(""), until_ms: u64::MAX };
    assert_eq!(RoomEvent::decode(&bytes), Ok(reserved));
}

#[test]
fn a_changed_past_is_found_by_the_state_hash() {
    let mut game = Match::playing(lockstep(2), &["ann"]);
    game.input(0, b"honest");
    game.ticks(20);
    let rebuild = |log: Vec<RoomEvent>| Room::rebuild(log.into_iter().map(Ok), &none(), &mut Vec::new());
    assert!(rebuild(game.log.clone()).is_ok());
    let mut forged = game.log.clone();
    for event in &mut forged {
        if let RoomEvent::Input { data, .. } = event {
            *data = Bytes::from_static(b"forged");
        }
    }
    let damage = rebuild(forged).err().unwrap().to_string();
    assert!(damage.contains("the state before tick 20 is another one"), "{damage}");
}

#[test]
fn a_log_begins_with_its_founding_and_ends_with_its_end() {
    let mut game = Match::playing(lockstep(2), &["ann"]);
    game.ask(leave("ann"));
    let rebuild =
        |log: &[RoomEvent]| Room::rebuild(log.iter().cloned().map(Ok), &none(), &mut Vec::new()).err();
    assert_eq!(rebuild(&game.log), None);
    assert!(rebuild(&[]).is_some());
    assert!(rebuild(&game.log[1..]).is_some());
    assert!(rebuild(&[&game.log[..1], &game.log[..]].concat()).is_some());
    assert!(rebuild(&[&game.log[..], &[RoomEvent::Started]].concat()).is_some());
}

#[test]
fn an_event_that_does_not_fit_the_room_is_refused() {
    let spec = with_lockstep(lockstep(4), |lockstep| lockstep.hash_every = 5);
    let mut game = Match::playing(messages::RoomSpec { bots: 1, ..spec }, &["ann", "bob"]);
    game.ask(spectate("eve"));
    game.ticks(10);
    game.vote(0, 5, 1);
    let taken = |seat, name: &str| RoomEvent::SeatTaken {
        seat,
        player: player(name),
        session: crate::kit::session(name, 1),
        session_number: 1,
        name: String::new(),
    };
    let watching = |name: &str| RoomEvent::SpectatorCame {
        player: player(name),
        session: crate::kit::session(name, 1),
        session_number: 1,
        name: String::new(),
    };
    let input = |seat, number, tick, length| RoomEvent::Input {
        seat,
        number,
        tick,
        data: Bytes::from(vec![0; length]),
    };
    let result = |seat, tick| RoomEvent::Result { seat, result: Bytes::new(), hash: 0, tick };
    let run = |run, continues_at| RoomEvent::RunBegan { run, continues_at, reason: RunReason::Recovery };
    let misfits = [
        RoomEvent::Founded(Box::new(game.room.founding().clone())),
        taken(4, "cid"),
        taken(3, "cid"),
        taken(0, "cid"),
        taken(2, "bob"),
        watching("ann"),
        RoomEvent::Left { player: player("cid"), why: LeftWhy::Left },
        RoomEvent::Lost { player: player("cid") },
        RoomEvent::Owner { player: player("eve") },
        RoomEvent::Muted { seat: 2, muted: true },
        RoomEvent::Ready { seat: 9, ready: true },
        RoomEvent::Properties { seat: Some(3), changes: Vec::new() },
        result(0, 11),
        result(2, 1),
        RoomEvent::Started,
        input(0, 2, 11, 1),
        input(2, 1, 11, 1),
        input(0, 1, 10, 1),
        input(0, 1, 75, 1),
        input(0, 1, 11, 1025),
        RoomEvent::Refused { seat: 0, number: 0, reason: Refusal::Late },
        RoomEvent::Tick { number: 10, hash: None },
        RoomEvent::Tick { number: 12, hash: None },
        RoomEvent::Tick { number: 11, hash: Some(0) },
        RoomEvent::StateHash { seat: 0, tick: 5, hash: 1 },
        RoomEvent::StateHash { seat: 1, tick: 15, hash: 1 },
        RoomEvent::StateHash { seat: 2, tick: 10, hash: 1 },
        run(1, 11),
        run(2, 10),
        run(2, 12),
    ];
    let image = game.room.image();
    for event in misfits {
        assert!(game.room.admit(&event, &mut game.outputs).is_err(), "{event:?}");
        assert_eq!(game.room.image(), image);
    }
    for event in
        [taken(2, "cid"), input(0, 1, 74, 1024), run(2, 11), RoomEvent::Tick { number: 11, hash: None }]
    {
        assert_eq!(game.room.admit(&event, &mut game.outputs), Ok(()), "{event:?}");
    }
    let mut open = Match::new(lockstep(2));
    open.ask(join("ann"));
    for event in [result(0, 0), input(0, 1, 1, 1), RoomEvent::Tick { number: 1, hash: None }] {
        assert!(open.room.admit(&event, &mut open.outputs).is_err(), "{event:?}");
    }
}
