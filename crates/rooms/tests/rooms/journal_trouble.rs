//! What members see of a journal that is late, broken, or another's.

use std::time::Duration;

use journal::Journal;
use journal::testing::Faults;
use model::PlayerId;
use protocol::ErrorCode;
use protocol::messages::Durability;
use room_core::RoomRequest;

use rooms::RoomsConfig;

use crate::stage::{Stage, begin, code, config, lockstep, room_id, with_durability};

const HOLD: Faults = Faults { hold_answers: true, reorder: false, refuse: 0, lose_batch: 0, lose_answer: 0 };
const REFUSE: Faults =
    Faults { hold_answers: false, reorder: false, refuse: 100, lose_batch: 0, lose_answer: 0 };

#[test]
fn nothing_is_told_before_it_is_durable() {
    let stage = Stage::new();
    let mut players = stage.full_room("durable", lockstep(2));
    stage.until("they play", || players.iter().all(|player| player.player.ticks() > 3));
    stage.journal.set(HOLD);
    stage.pass(Duration::from_millis(100));
    let before = players[0].player.heard();
    players[0].send("held");
    let ready = RoomRequest::SetSeat {
        player: PlayerId::new(players[0].player.session.as_str()),
        properties: vec![("colour".into(), "red".into())],
    };
    let answer = begin(|done| stage.rooms.request(players[0].route.key.clone(), ready, done));
    stage.pass(Duration::from_millis(250));
    let during = players[0].player.heard();
    assert_eq!((during.ticks.len(), during.pushes.len()), (before.ticks.len(), before.pushes.len()));
    assert_eq!(during.applied, 0);
    assert!(answer.try_recv().is_err(), "a change is not answered before it is durable");
    assert!(stage.rooms.counts().unreleased_frames >= 2, "ticks went on meanwhile");
    assert!(stage.rooms.is_ready().is_ok());

    stage.journal.set(Faults::default());
    assert!(stage.journal.let_go() > 0);
    stage.until("the input is acknowledged", || players[0].player.applied() == 1);
    answer.recv_timeout(crate::stage::LIMIT).expect("an answer").expect("a view");
    assert!(players[0].player.ticks() >= before.ticks.len() + 4);
    assert_eq!(players[0].player.heard().inputs().len(), 1);
    assert!(players[0].player.heard().early.is_empty());
}

#[test]
fn a_repeated_call_is_not_answered_before_the_first_is_durable() {
    let stage = Stage::new();
    stage.journal.set(HOLD);
    let create = || {
        let create = rooms::CreateRoom {
            app: model::AppId::new("a"),
            room: Some(room_id("repeated")),
            spec: lockstep(2),
            founder: PlayerId::new("founder"),
            build: model::Build::new("1.0"),
        };
        begin(|done| stage.rooms.create(create, done))
    };
    let first = create();
    stage.until("the first is on its way", || stage.journal.batches() > 0);
    let second = create();
    stage.pass(Duration::from_millis(100));
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
    stage.journal.let_go();
    let views = [first, second].map(|answer| answer.recv_timeout(crate::stage::LIMIT).expect("an answer"));
    assert_eq!(views[0], views[1]);
    assert!(views[0].is_ok());
}

#[test]
fn an_async_room_waits_for_nothing() {
    let stage = Stage::new();
    stage.journal.set(HOLD);
    let mut players = stage.full_room("async", with_durability(lockstep(2), Durability::Async));
    players[0].send("at once");
    stage.until("the input is acknowledged", || players[1].player.heard().inputs().len() == 1);
    stage.journal.set(REFUSE);
    let ticks = players[0].player.ticks();
    stage.until("it plays on", || players[0].player.ticks() > ticks + 30);
}

#[test]
fn what_waits_for_the_journal_is_bounded_for_async_rooms_too() {
    let config = RoomsConfig { unreleased_bytes: 2000, ..config() };
    let stage = Stage::with(config, |link| std::sync::Arc::new(link));
    let players = stage.full_room("bounded", with_durability(lockstep(1), Durability::Async));
    stage.journal.set(REFUSE);
    stage.until("it stands still", || stage.rooms.counts().paused == 1);
    let ticks = players[0].player.ticks();
    assert!(ticks > 100, "it played on at first");
    stage.pass(Duration::from_secs(1));
    assert!(players[0].player.ticks() <= ticks + 1);
    assert!(stage.rooms.is_ready().is_err());
    let owner = PlayerId::new("founder");
    let change = RoomRequest::SetRoom { by: owner, properties: vec![("a".into(), "b".into())] };
    assert_eq!(code(stage.request("bounded", change.clone())), Some(ErrorCode::RoomPaused));
    stage.journal.set(Faults::default());
    stage.until("it goes on", || players[0].player.ticks() > ticks + 20);
    assert!(players[0].player.heard().early.is_empty());
    assert!(stage.request("bounded", change).is_ok());
    assert!(stage.rooms.is_ready().is_ok());
}

#[test]
fn a_late_journal_pauses_rooms_and_no_input_is_lost() {
    pause_and_go_on(HOLD);
}

#[test]
fn a_broken_journal_pauses_rooms_and_no_input_is_lost() {
    pause_and_go_on(REFUSE);
}

#[test]
fn lost_batches_are_found_by_their_silence() {
    pause_and_go_on(Faults { lose_batch: 100, ..Faults::default() });
}

fn pause_and_go_on(faults: Faults) {
    let stage = Stage::new();
    let mut players = stage.full_room("paused", lockstep(2));
    stage.until("they play", || players.iter().all(|player| player.player.ticks() > 3));
    stage.journal.set(faults);
    let key = players[0].route.key.clone();
    stage.until("they are told of the pause", || {
        players.iter().all(|player| player.player.has_notice("room_paused"))
    });
    assert!(stage.rooms.is_ready().expect_err("not ready").contains("journal"));
    stage.until("the room counts as paused", || stage.rooms.counts().paused == 1);
    let paused_at = stage.view("paused").expect("a view").tick;
    for number in 0..40 {
        players[0].send(format!("{number}"));
    }
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.view("paused").expect("a view").tick, paused_at, "its time stands still");
    assert_eq!(code(stage.create("a", "paused", lockstep(2))), Some(ErrorCode::RoomPaused));
    let number =
        (0..5000).find(|number| room_id(&format!("new{number}")).partition() == key.room.partition());
    let neighbour = format!("new{}", number.expect("a room of the same partition"));
    assert_eq!(code(stage.create("a", &neighbour, lockstep(2))), Some(ErrorCode::Unavailable));
    let player = PlayerId::new(players[1].player.session.as_str());
    let change = RoomRequest::SetSeat { player, properties: vec![("a".into(), "b".into())] };
    assert_eq!(code(stage.request("paused", change)), Some(ErrorCode::RoomPaused));

    stage.journal.set(Faults::default());
    stage.journal.let_go();
    stage.until("every input is acknowledged", || players[0].player.applied() == 40);
    stage.until("every input is told", || players[1].player.heard().inputs().len() >= 40);
    let heard = players[1].player.heard();
    let inputs: Vec<String> =
        heard.inputs().into_iter().map(|(.., data)| String::from_utf8(data).expect("text")).collect();
    assert_eq!(inputs, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(heard.early.is_empty());
    assert!(players[0].player.has_notice("room_resumed"));
    assert_eq!((stage.rooms.is_ready(), stage.rooms.counts().paused), (Ok(()), 0));
    assert!(stage.create("a", &neighbour, lockstep(2)).is_ok());
}

#[test]
fn a_partition_that_belongs_to_another_node_stands_still() {
    let stage = Stage::new();
    let players = stage.full_room("fenced", lockstep(1));
    stage.until("it plays", || players[0].player.ticks() > 3);
    let partition = players[0].route.key.room.partition();
    stage.memory.fence(partition, 2).expect("a fence");
    stage.until("it is told", || players[0].player.has_notice("room_paused"));
    let ticks = players[0].player.ticks();
    let batches = stage.journal.batches();
    stage.pass(Duration::from_secs(2));
    assert_eq!(
        (players[0].player.ticks(), stage.journal.batches()),
        (ticks, batches),
        "it does not try again"
    );
    assert!(stage.rooms.is_ready().is_err());
}

#[test]
fn who_waits_when_the_server_stops_is_told() {
    let stage = Stage::new();
    stage.journal.set(HOLD);
    let create = rooms::CreateRoom {
        app: model::AppId::new("a"),
        room: Some(room_id("stopping")),
        spec: lockstep(2),
        founder: PlayerId::new("founder"),
        build: model::Build::new("1.0"),
    };
    let answer = begin(|done| stage.rooms.create(create, done));
    stage.until("a frame waits", || stage.journal.batches() > 0);
    stage.rooms.stop();
    assert_eq!(code(answer.recv_timeout(crate::stage::LIMIT).expect("an answer")), Some(ErrorCode::Draining));
    let late = begin(|done| stage.rooms.view(crate::stage::key("a", "stopping"), done));
    assert_eq!(code(late.recv_timeout(crate::stage::LIMIT).expect("an answer")), Some(ErrorCode::Draining));
}
