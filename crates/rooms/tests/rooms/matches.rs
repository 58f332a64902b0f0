//! The same match, over every kind of link and journal.

use std::sync::Arc;

use clock::Chance;
use journal::testing::Faults;
use protocol::messages::{Durability, LockstepSpec};

use crate::stage::{Seated, Stage, config, lockstep, with_durability};
use crate::wire_link::WireLink;

#[test]
fn over_the_local_link() {
    for durability in [Durability::Async, Durability::SemiSync, Durability::Sync] {
        let stage = Stage::new();
        let mut players = stage.full_room("match", with_durability(lockstep(4), durability));
        play(&stage, &mut players, 60, 1, |_, _| {});
        judge(&stage, &players);
        assert_eq!(players[0].player.heard().channel, 3);
    }
}

#[test]
fn with_several_ticks_in_a_message() {
    let stage = Stage::new();
    let mut spec = lockstep(2);
    spec.lockstep = Some(LockstepSpec { tick_hz: 60, ticks_per_message: 3, ..LockstepSpec::default() });
    let mut players = stage.full_room("grouped", spec);
    play(&stage, &mut players, 60, 2, |_, _| {});
    judge(&stage, &players);
}

#[test]
fn with_a_hundred_seats() {
    let stage = Stage::new();
    let mut players = stage.full_room("hundred", lockstep(100));
    play(&stage, &mut players, 20, 3, |_, _| {});
    judge(&stage, &players);
}

#[test]
fn over_a_link_that_serialises_delays_batches_and_breaks() {
    for seed in 0..4 {
        let mut link = None;
        let stage = Stage::with(config(), |local| {
            let wire = Arc::new(WireLink::new(local, seed));
            link = Some(wire.clone());
            wire
        });
        let link = link.expect("a link");
        let mut players = stage.full_room("wire", lockstep(3));
        let (mut lost, mut breaks, mut calls) = (0, 0, 0);
        play(&stage, &mut players, 150, seed, |stage, players| {
            calls += 1;
            if calls % 60 == 0 {
                link.pump();
            }
            if link.waiting() > 3 && players[0].sent >= 30 * (breaks + 1) {
                breaks += 1;
                lost += break_and_mend(stage, players, &link);
            }
        });
        until_all(&stage, &players, || link.pump());
        assert!(lost > 8 && breaks > 2, "{lost} lost in {breaks} breaks");
        judge_with(&stage, &players, false);
    }
}

#[test]
fn over_a_journal_that_delays_reorders_loses_and_refuses() {
    for seed in 0..4 {
        let stage = Stage::new();
        let mut players = stage.full_room("unsteady", lockstep(3));
        let mut chance = Chance::seeded(seed);
        let faults = Faults { hold_answers: true, reorder: true, refuse: 4, lose_batch: 4, lose_answer: 4 };
        stage.journal.set(faults);
        play(&stage, &mut players, 60, seed, |stage, _| {
            if chance.below(4) == 0 {
                stage.journal.let_go();
            }
        });
        stage.journal.set(Faults::default());
        until_all(&stage, &players, || {
            stage.journal.let_go();
        });
        judge(&stage, &players);
    }
}

/// Everybody sends inputs, at times of their own, until each has sent `inputs`.
fn play(
    stage: &Stage,
    players: &mut [Seated],
    inputs: u32,
    seed: u64,
    mut between: impl FnMut(&Stage, &mut [Seated]),
) {
    let mut chance = Chance::seeded(seed);
    stage.until("everybody has played", || {
        for player in players.iter_mut() {
            if player.sent < inputs && chance.below(3) == 0 {
                let text = format!("{} of {}", player.sent + 1, player.seat());
                player.send(text);
            }
        }
        between(stage, players);
        players.iter().all(|player| player.sent == inputs)
    });
}

/// All inputs are acknowledged, and everybody has heard them all.
fn until_all(stage: &Stage, players: &[Seated], mut meanwhile: impl FnMut()) {
    let sent: u32 = players.iter().map(|player| player.sent).sum();
    stage.until("all inputs are acknowledged", || {
        meanwhile();
        players.iter().all(|player| player.player.applied() == player.sent)
    });
    stage.until("all inputs are told", || {
        meanwhile();
        players.iter().all(|player| player.player.heard().inputs().len() as u32 >= sent)
    });
}

fn judge(stage: &Stage, players: &[Seated]) {
    until_all(stage, players, || {});
    judge_with(stage, players, true);
}

fn judge_with(stage: &Stage, players: &[Seated], nothing_missed: bool) {
    let heard: Vec<_> = players.iter().map(|player| player.player.heard()).collect();
    let common = heard.iter().map(|heard| heard.ticks.len()).min().expect("players");
    assert!(common > 0);
    for (player, heard) in players.iter().zip(&heard) {
        assert_eq!(heard.ticks[..common], players[0].player.heard().ticks[..common]);
        assert!(heard.refused.is_empty(), "{:?}", heard.refused);
        if nothing_missed {
            assert!(heard.early.is_empty());
        }
        let own: Vec<String> = heard
            .inputs()
            .into_iter()
            .filter(|(_, seat, _)| *seat == player.seat())
            .map(|(_, _, data)| String::from_utf8(data).expect("text"))
            .collect();
        let sent: Vec<String> =
            (1..=player.sent).map(|number| format!("{number} of {}", player.seat())).collect();
        assert_eq!(own, sent, "each input once, in order");
    }
    assert!(stage.rooms.is_ready().is_ok());
}

/// The link breaks: every connection behind it is cut, comes back, sends again and catches up.
fn break_and_mend(stage: &Stage, players: &mut [Seated], link: &WireLink) -> usize {
    let lost = link.snap();
    players.iter().for_each(Seated::lost);
    players.iter().for_each(Seated::back);
    for player in players.iter() {
        let mut joined = None;
        let (key, session) = (player.route.key.clone(), player.player.session);
        let from = player.player.next_tick();
        let answers = crate::stage::begin(|done| stage.rooms.resume(key, session, from, done));
        stage.until("a resume", || {
            link.pump();
            joined = answers.try_recv().ok();
            joined.is_some()
        });
        let joined = joined.expect("an answer").expect("a resume");
        for number in joined.applied + 1..=player.sent {
            player.send_numbered(number, format!("{number} of {}", player.seat()));
        }
    }
    lost
}
