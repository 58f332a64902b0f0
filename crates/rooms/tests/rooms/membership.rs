//! Coming, going, finding each other.

use std::time::Duration;

use link::{Audience, Class, Publication, ToRoom};
use model::{AppId, Build, PlayerId, SessionId};
use prost::Message;
use protocol::messages::push::Event;
use protocol::messages::{self, ListRooms, RoomChanged, RoomSpec, input_refused::Refusal, room_view::Phase};
use protocol::{ErrorCode, operation};
use room_core::{EndReason, RoomRequest};
use rooms::{CreateRoom, Door};

use crate::stage::{Stage, begin, code, key, lockstep, relay, room_id};

#[test]
fn a_repeated_create_makes_one_room() {
    let stage = Stage::new();
    let first = stage.create("a", "once", lockstep(2)).expect("a room");
    assert_eq!(stage.create("a", "once", lockstep(2)).expect("the same room"), first);
    assert_eq!(code(stage.create("a", "once", lockstep(3))), Some(ErrorCode::RoomExists));
    assert_eq!(stage.rooms.counts().rooms, 1);

    let all_at_once: Vec<_> = (0..50)
        .map(|_| {
            let create = CreateRoom {
                app: AppId::new("a"),
                room: Some(room_id("many")),
                spec: RoomSpec { lockstep: None, ..lockstep(2) },
                founder: PlayerId::new("founder"),
                build: Build::new("1.0"),
            };
            begin(|done| stage.rooms.create(create, done))
        })
        .collect();
    let mut invites: Vec<String> = Vec::new();
    stage.until("fifty answers", || {
        let answers = all_at_once.iter().filter_map(|answer| answer.try_recv().ok());
        invites.extend(answers.map(|view| view.expect("a room").invite));
        invites.len() == 50
    });
    invites.dedup();
    assert_eq!(invites.len(), 1);
    assert_eq!(stage.rooms.counts().rooms, 2);
}

#[test]
fn two_apps_never_cross() {
    let stage = Stage::new();
    let one = stage.create("a", "same", lockstep(2)).expect("a room");
    let two = stage.create("b", "same", lockstep(3)).expect("a room of the other app");
    assert_eq!((one.room.clone(), 2), (two.room, stage.rooms.counts().rooms));
    let (a, b) = (AppId::new("a"), AppId::new("b"));
    assert_eq!(stage.rooms.list(&a, &ListRooms::default()).rooms.len(), 1);
    assert_eq!(
        stage.rooms.list(&b, &ListRooms::default()).rooms[0].spec.as_ref().map(|spec| spec.seats),
        Some(3)
    );
    assert_eq!(stage.rooms.find_invite(&a, &one.invite), Some(room_id("same")));
    assert_eq!(stage.rooms.find_invite(&b, &one.invite), None);
    let door = Door::Invite { app: b, code: one.invite };
    assert_eq!(code(stage.enter(door, "p", "p", 1, false)), Some(ErrorCode::RoomUnknown));
    stage.request("same", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    stage.until("one room is left", || stage.rooms.counts().rooms == 1);
    assert_eq!(stage.rooms.list(&AppId::new("b"), &ListRooms::default()).rooms.len(), 1);
}

#[test]
fn rooms_are_found_by_list_and_invite_until_they_start() {
    let stage = Stage::new();
    let app = AppId::new("a");
    let view = stage.create("a", "open", lockstep(2)).expect("a room");
    stage.create("a", "hidden", RoomSpec { private: true, ..lockstep(2) }).expect("a private room");
    let listed = || stage.rooms.list(&app, &ListRooms::default()).rooms;
    assert_eq!(listed().iter().map(|room| room.room.as_str()).collect::<Vec<_>>(), [view.room.as_str()]);
    let door = Door::Invite { app: app.clone(), code: view.invite.to_uppercase() };
    let first = stage.enter(door, "ann", "ann", 1, false).expect("a seat");
    assert_eq!(
        (first.seat(), first.joined.seat, first.joined.channel, first.joined.seed),
        (0, Some(0), 3, 77)
    );
    assert_eq!(listed()[0].seats.len(), 1);
    let second = stage.join("open", "bob").expect("a seat");
    assert_eq!(second.joined.room.as_ref().map(|room| room.phase), Some(Phase::Playing.into()));
    assert!(listed().is_empty());
    assert_eq!(code(stage.join("open", "cat")), Some(ErrorCode::RoomStarted));
    assert_eq!(code(stage.join("nowhere", "cat")), Some(ErrorCode::RoomUnknown));
    assert_eq!(code(stage.view("nowhere")), Some(ErrorCode::RoomUnknown));
}

#[test]
fn a_repeated_join_gives_the_same_seat() {
    let stage = Stage::new();
    stage.create("a", "again", lockstep(3)).expect("a room");
    let first = stage.join("again", "ann").expect("a seat");
    let again = stage.join("again", "ann").expect("the seat again");
    assert_eq!(first.joined, again.joined);
    assert_eq!(stage.rooms.counts().members, 1);
}

#[test]
fn the_newer_session_takes_the_seat_and_the_older_is_out() {
    let stage = Stage::new();
    let mut players = stage.full_room("taken", lockstep(2));
    players[0].send("first");
    stage.until("it is acknowledged", || players[0].player.applied() == 1);
    let door = || Door::Room(key("a", "taken"));
    let name = players[0].player.session.as_str().to_owned();
    let newer = stage.enter(door(), &name, "newer", 2, false).expect("the seat");
    assert_eq!((newer.seat(), newer.joined.applied), (players[0].seat(), 1));
    stage.resume(&newer, 1).expect("frames");
    stage.until("the newer one hears", || newer.player.ticks() > 20);

    let silent_at = players[0].player.ticks();
    players[0].send("from the past");
    stage.pass(Duration::from_millis(500));
    assert_eq!(players[0].player.ticks(), silent_at);
    assert_eq!(newer.player.heard().inputs().len(), 1);
    assert_eq!(code(stage.enter(door(), &name, "older", 1, false)), Some(ErrorCode::Replaced));
    assert_eq!(stage.rooms.counts().members, 2);
    newer.send_numbered(2, "onwards");
    stage.until("the newer one plays", || newer.player.heard().inputs().len() == 2);
}

#[test]
fn members_are_told_of_each_other() {
    let stage = Stage::new();
    stage.create_by("a", "told", relay(4), "ann").expect("a room");
    let ann = stage.join("told", "ann").expect("a seat");
    let bob = stage.join("told", "bob").expect("a seat");
    let cat = stage.join("told", "cat").expect("a seat");
    bob.lost();
    stage.until("loss is told", || ann.player.reasons().contains(&"lost bob".into()));
    bob.back();
    stage.until("return is told", || ann.player.reasons().contains(&"back bob".into()));
    stage.request("told", RoomRequest::Ready { player: PlayerId::new("bob"), ready: true }).expect("ready");
    let kick = RoomRequest::Kick { by: PlayerId::new("ann"), player: PlayerId::new("cat"), ban: true };
    assert_eq!(
        code(stage.request(
            "told",
            RoomRequest::Kick { by: PlayerId::new("bob"), player: PlayerId::new("cat"), ban: true }
        )),
        Some(ErrorCode::NotOwner)
    );
    stage.request("told", kick).expect("kicked");
    assert!(cat.player.reasons().contains(&"kicked cat".into()), "who is kicked is told so");
    assert_eq!(code(stage.join("told", "cat")), Some(ErrorCode::RoomBanned));
    bob.gone();
    stage.until("the end of a session is told", || ann.player.reasons().contains(&"left bob".into()));
    stage.until("it is detached", || stage.rooms.counts().members == 1);
    let reasons = ann.player.reasons();
    for reason in ["joined ann", "joined bob", "joined cat", "ready bob", "kicked cat"] {
        assert_eq!(reasons.iter().filter(|told| *told == reason).count(), 1, "{reason}: {reasons:?}");
    }
    let leave = RoomRequest::Leave { player: PlayerId::new("ann") };
    stage.request("told", leave).expect("left");
    assert_eq!(stage.rooms.counts().members, 0);
}

#[test]
fn slight_changes_are_told_ten_times_a_second_and_the_last_state_always() {
    let stage = Stage::new();
    stage.create_by("a", "fickle", relay(3), "ann").expect("a room");
    let ann = stage.join("fickle", "ann").expect("a seat");
    let _bob = stage.join("fickle", "bob").expect("a seat");
    stage.pass(Duration::from_millis(150));
    let before = ann.player.reasons().len();
    let started = stage.now();
    let mut last = None;
    // The clock moves with each request, by 5 ms at least.
    for number in 0..100 {
        let properties = vec![("number".to_owned(), number.to_string())];
        let set = RoomRequest::SetRoom { by: PlayerId::new("ann"), properties };
        last = Some(stage.request("fickle", set).expect("set"));
    }
    let last = last.expect("a view");
    assert_eq!(last.properties[0].value, "99", "the caller's answer does not wait");
    let told = || {
        let changes = ann.player.heard().pushes.into_iter().skip(before).filter_map(|push| match push {
            Event::RoomChanged(change) => Some(change),
            _ => None,
        });
        changes.collect::<Vec<_>>()
    };
    let is_last = |change: &RoomChanged| change.room.as_ref().is_some_and(|room| *room == last);
    stage.until("the last one is told", || told().iter().any(is_last));
    let tenths = stage.now().since(started).as_millis() / 100;
    let count = told().len() as u128;
    assert!((2..=tenths + 1).contains(&count), "{count} in {tenths} tenths of a second");

    // What changes who is in the room does not wait, and its view has what did.
    for ready in [true, false, true] {
        let ready = RoomRequest::Ready { player: PlayerId::new("bob"), ready };
        stage.request("fickle", ready).expect("ready");
    }
    let _cat = stage.join("fickle", "cat").expect("a seat");
    let joined = told().pop().expect("a change");
    assert_eq!((joined.why.as_str(), joined.player.as_str()), ("joined", "cat"));
    assert!(joined.room.is_some_and(|room| room.seats[1].ready && room.seats.len() == 3));
    let count = told().len();
    stage.pass(Duration::from_millis(300));
    assert_eq!(told().len(), count, "nothing is left to be told");
}

#[test]
fn spectators_hear_and_do_not_play() {
    let stage = Stage::new();
    let mut players = stage.full_room("watched", RoomSpec { max_spectators: 1, ..lockstep(2) });
    players[0].send("seen");
    let watcher = stage.watch("watched", "eve").expect("a place");
    assert_eq!((watcher.route.seat, watcher.joined.seat), (None, None));
    assert_eq!(code(stage.watch("watched", "fay")), Some(ErrorCode::SpectatorsFull));
    stage.resume(&watcher, 1).expect("frames");
    stage.until("the spectator sees it", || watcher.player.heard().inputs().len() == 1);
    let forged =
        ToRoom::Input { session: SessionId::new("eve"), seat: 0, number: 2, tick: 0, data: "forged".into() };
    watcher.tell(forged);
    stage.pass(Duration::from_millis(300));
    assert_eq!(watcher.player.heard().inputs().len(), 1);
}

#[test]
fn inputs_that_do_not_count_are_answered() {
    let stage = Stage::new();
    let mut players = stage.full_room("refused", lockstep(2));
    players[0].send("one");
    players[0].send_numbered(1, "one again");
    players[0].send_numbered(3, "after a gap");
    players[0].send(vec![0; 2000]);
    players[0].send("three");
    stage.until("all count", || players[0].player.applied() == 3);
    let refused: Vec<_> = players[0].player.heard().refused;
    let told: Vec<_> =
        refused.iter().map(|refused| (refused.number, refused.reason(), refused.channel)).collect();
    assert_eq!(told, [(3, Refusal::Gap, 3), (2, Refusal::TooLong, 3)]);
    let inputs: Vec<_> = players[1].player.heard().inputs().into_iter().map(|(.., data)| data).collect();
    assert_eq!(inputs, [b"one".to_vec(), b"three".to_vec()]);
    assert!(players[1].player.heard().refused.is_empty());
}

#[test]
fn a_missing_number_is_not_told_for_every_input_behind_it() {
    let stage = Stage::new();
    let players = stage.full_room("gap", lockstep(1));
    stage.until("it plays", || players[0].player.ticks() > 2);
    for number in 2..=500 {
        players[0].send_numbered(number, "behind the gap");
    }
    stage.until("it is told", || !players[0].player.heard().refused.is_empty());
    players[0].send_numbered(1, "the missing one");
    stage.until("it counts", || players[0].player.applied() == 1);
    let refused = players[0].player.heard().refused;
    assert!(refused.len() < 10, "{} words about one gap", refused.len());
    assert!(refused.iter().all(|refused| refused.reason() == Refusal::Gap));
}

#[test]
fn states_that_differ_are_told_with_the_seats() {
    let stage = Stage::new();
    let players = stage.full_room("differ", lockstep(3));
    stage.until("they play", || players.iter().all(|player| player.player.ticks() >= 45));
    for tick in [20, 40] {
        for player in &players {
            let odd = tick == 40 && player.seat() == 1;
            let (session, seat) = (player.player.session, player.seat());
            player.tell(ToRoom::StateHash { session, seat, tick, hash: if odd { 8 } else { 9 } });
        }
    }
    stage.until("it is told", || players.iter().all(|player| player.player.heard().desyncs.len() == 1));
    let desync = &players[0].player.heard().desyncs[0];
    assert_eq!((desync.tick, desync.last_agreed_tick, desync.seats.as_slice()), (40, 20, &[1][..]));
}

#[test]
fn relay_members_get_the_port_and_hear_from_the_answer_to_their_join_on() {
    let stage = Stage::new();
    stage.create("a", "relay", relay(2)).expect("a room");
    let ann = stage.join("relay", "ann").expect("a seat");
    let bob = stage.join("relay", "bob").expect("a seat");
    let say = |words: &str| {
        let message = messages::Relay { data: words.to_owned().into(), ..Default::default() };
        let port = ann.route.relay.as_ref().expect("a port");
        let (operation, audience, class) = (operation::RELAY, Audience::Except(0), Class::Reliable);
        port.publish(Publication {
            operation,
            body: &message.encode_to_vec(),
            applied: &[],
            audience,
            class,
        });
    };
    say("welcome");
    assert_eq!(bob.player.heard().relays, ["welcome"]);
    bob.tell(ToRoom::Lost { session: bob.player.session });
    stage.until("it is known", || !stage.view("relay").expect("a view").seats[1].online);
    say("are you there?");
    assert_eq!(stage.resume(&bob, 0).expect("delivery").channel, 3);
    say("welcome back");
    assert_eq!(bob.player.heard().relays, ["welcome", "welcome back"]);
    assert!(stage.full_room("lockstep", lockstep(1))[0].route.relay.is_none());
    assert_eq!(ann.player.ticks(), 0);
}

#[test]
fn joining_by_way_of_a_request_is_refused() {
    let stage = Stage::new();
    stage.create("a", "door", lockstep(2)).expect("a room");
    let join = RoomRequest::Join {
        player: PlayerId::new("ann"),
        session: SessionId::new("ann"),
        session_number: 1,
        name: String::new(),
        build: Build::new("1.0"),
        spectate: false,
    };
    assert_eq!(code(stage.request("door", join)), Some(ErrorCode::BadRequest));
    assert_eq!(stage.view("door").expect("a view").seats, []);
}
