//! What can be done with rooms besides playing in them.

use prost::Message as _;
use protocol::messages::{self, RoomSpec, StartRule, push::Event, room_view::Phase};
use protocol::{ErrorCode, operation};
use testkit::{Player, eventually};

use crate::support::{create, join, lockstep_spec, player, relay_spec, resume, room_id, start};

fn action(room: &str) -> messages::RoomAction {
    messages::RoomAction { room: room.to_owned(), ..Default::default() }
}

fn try_join(player: &mut Player, room: &str) -> Result<messages::Joined, ErrorCode> {
    let join = messages::JoinRoom { room: room.to_owned(), ..Default::default() };
    player.call("rooms.join", &join).map_err(|error| ErrorCode::from_number(error.code).unwrap())
}

#[test]
fn the_callers_id_makes_one_room_however_often() {
    let server = start();
    let mut player = player(&server, "a");
    let create = |spec| messages::CreateRoom { room: "17-chosen00".into(), spec: Some(spec), join: false };
    for _ in 0..3 {
        let joined: messages::Joined = player.call("rooms.create", &create(relay_spec(2))).unwrap();
        assert_eq!(room_id(&joined), "17-chosen00");
    }
    let error = player.call::<messages::Joined>("rooms.create", &create(relay_spec(3))).unwrap_err();
    assert_eq!(error.code, ErrorCode::RoomExists.number());
    for bad in [RoomSpec { seats: 0, ..relay_spec(2) }, RoomSpec { seats: 100_000, ..relay_spec(2) }] {
        let bad = messages::CreateRoom { room: String::new(), spec: Some(bad), join: false };
        let error = player.call::<messages::Joined>("rooms.create", &bad).unwrap_err();
        assert_eq!(error.code, ErrorCode::BadSpec.number());
    }
}

#[test]
fn full_ended_and_unknown_rooms_refuse() {
    let server = start();
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| player(&server, name));
    let room = room_id(&create(&mut a, relay_spec(2)));
    join(&mut b, &room);
    assert_eq!(try_join(&mut c, &room).err(), Some(ErrorCode::RoomFull));
    assert_eq!(try_join(&mut c, "3-nothere99").err(), Some(ErrorCode::RoomUnknown));
    // Joining twice gives the same seat.
    assert_eq!(try_join(&mut b, &room).unwrap().seat, Some(1));
}

#[test]
fn invite_private_list_and_filter() {
    let server = start();
    let [mut a, mut b] = ["a", "b"].map(|name| player(&server, name));
    let property = |value: &str| messages::Property { key: "map".into(), value: value.into() };
    let hidden = create(&mut a, RoomSpec { private: true, ..relay_spec(2) });
    let shown = RoomSpec { mode: "duel".into(), properties: vec![property("lake")], ..relay_spec(2) };
    let shown = room_id(&create(&mut a, shown));
    let mut list = |filter: messages::ListRooms| {
        let list: messages::RoomList = b.call("rooms.list", &filter).unwrap();
        list.rooms.into_iter().map(|view| view.room).collect::<Vec<_>>()
    };
    assert_eq!(list(messages::ListRooms::default()), std::slice::from_ref(&shown));
    let duels = list(messages::ListRooms { mode: "duel".into(), ..Default::default() });
    assert_eq!(duels, std::slice::from_ref(&shown));
    assert!(list(messages::ListRooms { mode: "party".into(), ..Default::default() }).is_empty());
    let lake = messages::ListRooms { properties: vec![property("lake")], ..Default::default() };
    assert_eq!(list(lake), [shown]);
    let hill = messages::ListRooms { properties: vec![property("hill")], ..Default::default() };
    assert!(list(hill).is_empty());

    let invite = hidden.room.as_ref().unwrap().invite.clone();
    let by_invite = messages::JoinRoom { invite, ..Default::default() };
    let joined: messages::Joined = b.call("rooms.join", &by_invite).unwrap();
    assert_eq!(room_id(&joined), room_id(&hidden));
}

#[test]
fn the_owner_kicks_and_bans_and_hands_over() {
    let server = start();
    let [mut a, mut b] = ["a", "b"].map(|name| player(&server, name));
    let room = room_id(&create(&mut a, relay_spec(3)));
    join(&mut b, &room);
    let of_b = b.welcome.player.clone();
    let not_owner = b.call::<messages::RoomView>(
        "rooms.kick",
        &messages::RoomAction { player: a.welcome.player.clone(), ..action(&room) },
    );
    assert_eq!(not_owner.unwrap_err().code, ErrorCode::NotOwner.number());
    let kick = |ban| messages::RoomAction { player: of_b.clone(), ban, ..action(&room) };
    let _: messages::RoomView = a.call("rooms.kick", &kick(false)).unwrap();
    join(&mut b, &room);
    let _: messages::RoomView = a.call("rooms.kick", &kick(true)).unwrap();
    assert_eq!(try_join(&mut b, &room).err(), Some(ErrorCode::RoomBanned));

    let mut c = player(&server, "c");
    join(&mut c, &room);
    let give = messages::RoomAction { player: c.welcome.player.clone(), ..action(&room) };
    let view: messages::RoomView = a.call("rooms.owner", &give).unwrap();
    assert_eq!(view.owner, c.welcome.player);
    // An owner that leaves hands over too.
    let _: messages::RoomView = c.call("rooms.leave", &action(&room)).unwrap();
    let view: messages::RoomView = a.call("rooms.get", &action(&room)).unwrap();
    assert_eq!(view.owner, a.welcome.player);
}

#[test]
fn who_was_kicked_says_nothing_more_and_has_room_for_others() {
    let server = start();
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| player(&server, name));
    // A session may be in eight rooms: those it was kicked from do not count.
    for _ in 0..10 {
        let room = room_id(&create(&mut a, relay_spec(3)));
        let channel = join(&mut b, &room).channel;
        let listening = join(&mut c, &room).channel;
        resume(&mut c, listening, 0);
        let kick = messages::RoomAction { player: b.welcome.player.clone(), ..action(&room) };
        let _: messages::RoomView = a.call("rooms.kick", &kick).unwrap();
        let again = messages::ResumeRoom { channel, from_tick: 0 };
        eventually("it is let go", || b.call::<messages::Joined>("rooms.resume", &again).err());
        let relay = messages::Relay { channel, data: b"still here".to_vec().into(), ..Default::default() };
        b.send(operation::RELAY, &relay);
        let error = messages::Error::decode(b.next_of(operation::ERROR)).unwrap();
        assert_eq!(error.code, ErrorCode::NotInRoom.number());
        for player in [&mut a, &mut c] {
            let _: messages::RoomView = player.call("rooms.leave", &action(&room)).unwrap();
        }
    }
}

#[test]
fn invite_codes_cannot_be_guessed_quickly() {
    let server = start();
    let mut a = player(&server, "a");
    let wrong = messages::JoinRoom { invite: "222222".into(), ..Default::default() };
    let codes = (0..30).map(|_| a.call::<messages::Joined>("rooms.join", &wrong).unwrap_err().code);
    let refused = codes.filter(|code| *code == ErrorCode::TooManyRequests.number()).count();
    assert!(refused >= 15, "{refused} of 30");
}

#[test]
fn members_hear_of_changes_and_readiness_starts() {
    let server = start();
    let [mut a, mut b] = ["a", "b"].map(|name| player(&server, name));
    let room = room_id(&create(&mut a, RoomSpec { start: StartRule::WhenReady.into(), ..lockstep_spec(2) }));
    join(&mut b, &room);
    let changed = |player: &mut Player, wanted: &str| {
        player.next_push(|event| match event {
            Event::RoomChanged(changed) if changed.why == wanted => changed.room,
            _ => None,
        })
    };
    let taken = |view: messages::RoomView| view.seats.iter().filter(|seat| !seat.player.is_empty()).count();
    while taken(changed(&mut a, "joined")) < 2 {}
    let property = messages::Property { key: "colour".into(), value: "red".into() };
    let own = messages::SetProperties { room: room.clone(), properties: vec![property], own_seat: true };
    let _: messages::RoomView = b.call("rooms.set", &own).unwrap();
    assert_eq!(changed(&mut a, "properties").seats[1].properties[0].value, "red");
    for player in [&mut a, &mut b] {
        let ready = messages::RoomAction { ready: true, ..action(&room) };
        let _: messages::RoomView = player.call("rooms.ready", &ready).unwrap();
    }
    assert_eq!(changed(&mut a, "started").phase(), Phase::Playing);
    let mut c = player(&server, "c");
    assert!(matches!(try_join(&mut c, &room).err(), Some(ErrorCode::RoomStarted | ErrorCode::RoomFull)));
}

#[test]
fn a_reserved_seat_waits_for_its_player() {
    let server = start();
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| player(&server, name));
    let room = room_id(&create(&mut a, relay_spec(2)));
    let reserve =
        messages::ReserveSeat { room: room.clone(), player: c.welcome.player.clone(), for_ms: 60_000 };
    let _: messages::RoomView = a.call("rooms.reserve", &reserve).unwrap();
    assert_eq!(try_join(&mut b, &room).err(), Some(ErrorCode::RoomFull));
    assert_eq!(try_join(&mut c, &room).unwrap().seat, Some(1));
}

#[test]
fn only_equal_builds_meet_in_lockstep() {
    let server = start();
    let mut a = player(&server, "a");
    let room = room_id(&create(&mut a, lockstep_spec(2)));
    let login =
        messages::Login { token: server.http().token("b"), build: "2.0.0".into(), ..Default::default() };
    let mut b = Player::try_log_in(server.address("http"), &login).unwrap();
    assert_eq!(try_join(&mut b, &room).err(), Some(ErrorCode::BuildDiffers));
}
