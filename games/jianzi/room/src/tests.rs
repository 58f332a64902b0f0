use jianzi_game::testing::{Said, TestRoom, Wish};

use super::*;
use crate::rules::{COURT, END_TICK, U};

const RIGHT: &[u8] = &[2];
const KICK: &[u8] = &[3];

fn room(seats: u32, bots: u32, seed: u32) -> TestRoom<Rally> {
    TestRoom::new(Wish { seats, bots, seed, ..Wish::default() })
}

/// Lively but always the same.
fn play(room: &mut TestRoom<Rally>, ticks: u32) -> Vec<Vec<u8>> {
    for _ in 0..ticks {
        let number = room.now() + 1;
        let r = (number ^ 0x5bd1_e995).wrapping_mul(0x2c1b_3c6d) >> 8;
        if number.is_multiple_of(3) {
            let data = if r % 5 == 4 { [4, (r >> 4) as u8] } else { [(r % 4) as u8, 0] };
            room.input((r & 1) as u16, &data);
        }
        room.tick();
    }
    room.take_broadcasts()
}

#[test]
fn a_match_of_bots_ends_after_a_minute_with_a_result() {
    let mut room = room(4, 3, 7);
    room.ticks(END_TICK as u32 - 1);
    assert!(room.take_said().iter().all(|said| matches!(said, Said::Broadcast(told) if told.len() < 240)));
    room.tick();
    let state = &room.game.state;
    let result: Vec<u8> = [state.team, state.best]
        .into_iter()
        .chain(state.players().iter().map(|player| player.score))
        .flat_map(|number| (number as u16).to_be_bytes())
        .collect();
    assert!(state.team > 20, "they kept it in the air: {}", state.team);
    let said = room.take_said();
    assert!(matches!(&said[0], Said::Broadcast(_)));
    assert!(matches!(&said[1], Said::Effect { kind, data } if kind == "score" && data[0] == 0));
    assert!(matches!(&said[2], Said::Metric { .. }));
    assert_eq!(said[3..], [Said::End(result)], "one player, three bots");
    room.ticks(5);
    assert!(room.take_said().iter().all(|said| matches!(said, Said::Broadcast(_))), "it ends once");
}

#[test]
fn a_room_goes_on_from_its_save_as_if_nothing_had_been() {
    let (mut plain, mut swapped) = (room(3, 1, 99), room(3, 1, 99));
    play(&mut plain, 400);
    play(&mut swapped, 400);
    for room in [&mut plain, &mut swapped] {
        room.input(0, RIGHT);
        room.input(1, KICK);
    }
    let mut swapped = swapped.swap::<Rally>().expect("it reads what it writes");
    assert_eq!(play(&mut plain, 300), play(&mut swapped, 300));
    assert_eq!(plain.view(None), swapped.view(Some(1)));
}

#[test]
fn a_save_that_was_tampered_with_is_refused_or_harmless() {
    let mut first = room(4, 2, 5);
    play(&mut first, 200);
    first.input(0, KICK);
    let saved = first.game.save();
    let mut other = room(4, 2, 5);
    let mut host = room(4, 2, 5);
    let mut load = |version, bytes: &[u8]| {
        // A game that loads goes through a room of its own.
        let game = &mut other.game;
        let loaded = loading(&mut host, game, version, bytes);
        loaded.then(|| (0..50).for_each(|_| game.state.step(&[])))
    };
    assert!(load(1, &saved).is_some());
    assert!(load(2, &saved).is_none());
    for cut in 0..saved.len() {
        assert!(load(1, &saved[..cut]).is_none(), "{cut}");
    }
    for at in 0..saved.len() {
        for value in [0, 1, 127, 128, 255] {
            let mut bytes = saved.clone();
            bytes[at] = value;
            load(1, &bytes);
        }
    }
}

/// `load` wants a room; the rules do not speak in it.
fn loading(host: &mut TestRoom<Rally>, game: &mut Rally, version: u32, bytes: &[u8]) -> bool {
    host.with_room(|room| game.load(room, version, bytes)).is_ok()
}

#[test]
fn strange_inputs_change_nothing_or_stay_on_the_court() {
    let (mut calm, mut strange) = (room(2, 1, 8), room(2, 1, 8));
    for number in 0..1000u32 {
        for seat in [1, 2, 9, 300, u16::MAX] {
            strange.input(seat, KICK);
        }
        calm.tick();
        strange.tick();
        assert_eq!(
            calm.take_broadcasts(),
            strange.take_broadcasts(),
            "bots' and missing seats, tick {number}"
        );
    }
    for _ in 0..500 {
        for data in [&[][..], &[4], &[4, 255], &[255; 40], &[0]] {
            strange.input(0, data);
        }
        (0..100).for_each(|_| strange.input(0, RIGHT));
        strange.tick();
        let x = strange.game.state.players()[0].x;
        assert!((30 * U..=COURT - 30 * U).contains(&x));
    }
}

#[test]
fn any_wish_for_seats_makes_a_court() {
    for (seats, bots) in [(0, 0), (1, 0), (8, 7), (9, 1), (u32::MAX, u32::MAX)] {
        let mut room = room(seats, bots, 3);
        room.ticks(300);
        assert_eq!(room.game.state.seats, seats.clamp(1, 8) as usize);
    }
}
