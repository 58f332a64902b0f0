//! What a flood does: it waits, then it is refused, and the room stays small.

use protocol::messages::input_refused::Refusal;
use room_core::{InputDecision, limits};

use crate::kit::*;

#[test]
fn more_inputs_than_a_tick_takes_go_into_the_following_ones() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    let burst = u32::from(limits::INPUTS_PER_TICK) * 2 + 1;
    (0..burst).for_each(|number| game.input(0, &[number as u8]));
    game.input(1, b"b");
    game.ticks(3);
    let lengths: Vec<usize> = game.played().iter().map(Vec::len).collect();
    assert_eq!(lengths, [17, 16, 1]);
    let order: Vec<u8> =
        game.played().iter().flatten().filter(|(seat, _)| *seat == 0).map(|(_, data)| data[0]).collect();
    assert_eq!(order, (0..burst as u8).collect::<Vec<_>>());
}

#[test]
fn a_flood_is_refused_and_over_when_it_is_over() {
    let mut game = Match::playing(lockstep(2), &["ann"]);
    let window = u32::from(limits::INPUTS_PER_TICK) * limits::AHEAD_TICKS;
    (0..window).for_each(|_| game.input(0, b"x"));
    game.input_refused(0, 0, b"x", Refusal::TooMany);
    game.tick();
    game.input(0, b"x");
    game.input_refused_after_tick_space_is_used();
}

impl Match {
    fn input_refused_after_tick_space_is_used(&mut self) {
        (1..limits::INPUTS_PER_TICK).for_each(|_| self.input(0, b"x"));
        self.input_refused(0, 0, b"x", Refusal::TooMany);
    }
}

#[test]
fn waiting_bytes_are_bounded_by_seat() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    (0..32).for_each(|_| game.input(0, &[0; 1024]));
    game.input_refused(0, 0, b"x", Refusal::TooMany);
    game.input(1, &[0; 1024]);
    game.tick();
    game.input(0, &[0; 1024]);
}

#[test]
fn a_frame_fits_the_body_limit_however_many_play() {
    for ticks_per_message in [1, 8] {
        let spec = with_lockstep(lockstep(200), |lockstep| lockstep.ticks_per_message = ticks_per_message);
        let mut game = Match::new(spec);
        game.ask(join("ann"));
        (1..200).for_each(|number| game.ask(join(&format!("p{number}"))));
        game.ask(start("ann"));
        let mut taken = 0;
        for _ in 0..4 {
            for seat in 0..200 {
                let number = game.room.applied(seat) + 1;
                taken +=
                    u32::from(matches!(game.offer(seat, number, 0, &[1; 1024]), InputDecision::Apply(_)));
            }
        }
        game.ticks(64);
        let played: usize = game.played().iter().map(Vec::len).sum();
        assert_eq!(played, taken as usize);
        assert!(taken >= 300);
        for frame in game.frames() {
            let length: usize = frame.ticks.iter().map(|entry| entry.len() + 3).sum();
            assert!(length < limits::FRAME_BYTES + 64);
        }
    }
}
