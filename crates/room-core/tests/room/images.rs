//! Images: the whole state, and nothing else than what an image can be.

use room_core::modules::none;
use room_core::{Room, RoomEvent};

use crate::kit::*;

fn busy() -> Match {
    let spec = with_lockstep(lockstep(4), |lockstep| {
        lockstep.ticks_per_message = 4;
        lockstep.late_input = 2;
    });
    let mut game = Match::playing(spec, &["ann", "bob", "cid"]);
    game.ask(spectate("eve"));
    game.ask(gone("cid"));
    game.ticks(21);
    game.input(0, b"now");
    game.offer(1, 1, 40, b"later");
    game.vote(0, 20, 5);
    game.ask(lost("bob"));
    game
}

#[test]
fn a_restored_room_goes_on_as_if_nothing_had_been() {
    let mut game = busy();
    let mut twin =
        Match { room: Room::restore(&game.room.image(), &none()).unwrap(), log: vec![], outputs: vec![] };
    game.told();
    for game in [&mut game, &mut twin] {
        game.ask(back("bob"));
        game.holds(back("cid"));
        game.vote(1, 20, 6);
        game.ticks(30);
        game.input(0, b"x");
        game.ask(kick("ann", "eve", true));
        game.ask(leave("ann"));
        game.ask(leave("bob"));
        game.ask(leave("cid"));
    }
    assert_eq!(game.outputs, twin.outputs);
    assert_eq!(game.room.image(), twin.room.image());
    assert_eq!(game.room.hash(), twin.room.hash());
}

#[test]
fn images_of_the_format_before_are_read() {
    let mut game = busy();
    let image = game.room.image();
    let mut founding = Vec::new();
    RoomEvent::Founded(Box::new(game.room.founding().clone())).encode(&mut founding);
    // Format 1 had no word about a game behind the founding.
    let (head, rest) = image.split_at(founding.len());
    assert_eq!((head, rest[0]), (&[&[2], &founding[1..]].concat()[..], 0));
    let before = [&[1], &founding[1..], &rest[1..]].concat();
    assert_eq!(Room::restore(&before, &none()).unwrap().image(), image);
    for format in [0, 3] {
        assert!(Room::restore(&[&[format], &before[1..]].concat(), &none()).is_err());
    }
}

#[test]
fn damaged_images_are_refused_or_lead_to_some_room_but_never_to_a_panic() {
    let image = busy().room.image();
    for length in 0..image.len() {
        assert!(Room::restore(&image[..length], &none()).is_err());
    }
    for at in 0..image.len() {
        for bits in [1, 0x80, 0xff] {
            let mut damaged = image.clone();
            damaged[at] ^= bits;
            let Ok(room) = Room::restore(&damaged, &none()) else { continue };
            let mut game = Match { room, log: vec![], outputs: vec![] };
            game.offer(0, game.room.applied(0).wrapping_add(1), 0, b"x");
            for _ in 0..70 {
                if let Some(event) = game.room.next_tick() {
                    game.apply(event);
                }
            }
            let _ = game.try_ask(leave("ann"));
        }
    }
}
