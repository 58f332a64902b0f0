//! What games want to take place outside of their rooms: once, whatever crashes, and not before its version is confirmed.

use std::sync::Arc;
use std::time::Duration;

use journal::Journal;
use journal::testing::Faults;
use model::Position;
use protocol::ErrorCode;
use rooms::{Fate, RoomsConfig};

use crate::fake_game::{FakeGames, STEADY, Version, logic};
use crate::games::{FAST, moves, sums, with};
use crate::stage::{Seated, Stage, code, key};

/// Images are taken with every record, or never.
const BUDGETS_US: [u64; 2] = [1, 1_000_000];

fn config(games: &Arc<FakeGames>, epoch: u32, budget_us: u64) -> RoomsConfig {
    RoomsConfig { epoch, rebuild_budget: Duration::from_micros(budget_us), ..with(games) }
}

/// What was told: version, data, whether it was told again.
fn told(games: &Arc<FakeGames>) -> Vec<(u32, String, bool)> {
    let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    games
        .watched()
        .effects
        .iter()
        .map(|(effect, again)| (effect.version, text(&effect.data), *again))
        .collect()
}

fn once(version: u32, data: &str) -> (u32, String, bool) {
    (version, data.to_owned(), false)
}

fn again(version: u32, data: &str) -> (u32, String, bool) {
    (version, data.to_owned(), true)
}

/// Sends it, and waits until the room's log has it and its effect was let out.
fn acted(stage: &Stage, player: &mut Seated, data: &'static str) {
    player.send(data);
    stage.until("it is acknowledged", || player.player.applied() == player.sent);
}

fn come_back(stage: &Stage, room: &str, before: &Seated) -> Seated {
    let back = stage.come_back(room, before, |_| String::new()).expect("a seat");
    let ticks = back.player.ticks();
    stage.until("it goes on", || back.player.ticks() > ticks + 3);
    back
}

fn log_has(stage: &Stage, room: &str, part: &[u8]) -> bool {
    let records = stage.memory.read_room(&key("a", room), Position::default(), usize::MAX).expect("records");
    records.iter().any(|record| record.bytes.windows(part.len()).any(|window| window == part))
}

#[test]
fn what_a_crash_kept_from_being_told_is_told_after_it_and_again_with_the_same_key() {
    for budget_us in BUDGETS_US {
        let games = FakeGames::new(&[STEADY]);
        let stage = Stage::with(config(&games, 1, budget_us), |link| Arc::new(link));
        let mut players = stage.full_room("cut", sums(1));
        acted(&stage, &mut players[0], "e+1");
        // The records are written, and nobody is told.
        stage.journal.set(Faults { lose_answer: 100, ..Faults::default() });
        players[0].send("e+2");
        stage.until("it is in the log", || log_has(&stage, "cut", b"e+2"));
        assert_eq!(told(&games), [once(1, "+1")]);
        let stage = stage.crash(config(&games, 2, budget_us));
        let back = come_back(&stage, "cut", &players[0]);
        let after = told(&games);
        assert_eq!(after.last(), Some(&again(1, "+2")), "{after:?}");
        // Without an image everything is told again.
        assert_eq!(after.len() > 2, budget_us > 1, "{after:?}");

        let stage = stage.crash(config(&games, 3, budget_us));
        come_back(&stage, "cut", &back);
        let effects = games.watched().effects;
        for (effect, _) in &effects {
            let same: Vec<_> = effects.iter().filter(|(other, _)| other.key() == effect.key()).collect();
            assert!(same.iter().all(|(other, _)| other == effect), "{same:?}");
        }
        let keys: std::collections::BTreeSet<_> = effects.iter().map(|(effect, _)| effect.key()).collect();
        assert_eq!(keys.len(), 2, "{effects:?}");
    }
}

#[test]
fn effects_of_a_version_on_trial_wait_for_its_confirmation_also_across_crashes() {
    for budget_us in BUDGETS_US {
        let games = FakeGames::new(&[STEADY, FAST]);
        games.judge(2, Fate::Wait);
        let stage = Stage::with(config(&games, 1, budget_us), |link| Arc::new(link));
        let mut player = stage.full_room("trial", sums(1)).pop().expect("a player");
        acted(&stage, &mut player, "e+0");
        assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
        acted(&stage, &mut player, "e+1");
        acted(&stage, &mut player, "e+2");
        stage.rooms.settle_effects();
        let mut stage = stage;
        for (epoch, data) in [(2, "e+3"), (3, "e+4")] {
            stage = stage.crash(config(&games, epoch, budget_us));
            player = come_back(&stage, "trial", &player);
            acted(&stage, &mut player, data);
        }
        let of_trial =
            |told: Vec<(u32, String, bool)>| told.into_iter().filter(|(version, ..)| *version == 2);
        assert_eq!(of_trial(told(&games)).count(), 0, "{:?}", told(&games));
        games.judge(2, Fate::Happen);
        stage.rooms.settle_effects();
        stage.until("they are told", || of_trial(told(&games)).count() == 4);
        let expected = ["+1", "+2", "+3", "+4"].map(|data| once(2, data));
        assert_eq!(of_trial(told(&games)).collect::<Vec<_>>(), expected);
        // From now on nothing waits.
        acted(&stage, &mut player, "e+5");
        stage.rooms.settle_effects();
        assert_eq!(of_trial(told(&games)).count(), 5);
    }
}

#[test]
fn a_crash_in_the_midst_of_the_confirmation_leaves_no_effect_untold() {
    for budget_us in BUDGETS_US {
        let games = FakeGames::new(&[STEADY, FAST]);
        games.judge(1, Fate::Wait);
        let stage = Stage::with(config(&games, 1, budget_us), |link| Arc::new(link));
        let mut player = stage.full_room("midst", sums(1)).pop().expect("a player");
        acted(&stage, &mut player, "e+1");
        acted(&stage, &mut player, "e+2");
        // The history has it, the rooms have yet to hear of it.
        games.judge(1, Fate::Happen);
        let stage = stage.crash(config(&games, 2, budget_us));
        come_back(&stage, "midst", &player);
        assert_eq!(told(&games), [again(1, "+1"), again(1, "+2")]);
    }
}

#[test]
fn what_a_version_wanted_that_was_taken_back_never_takes_place() {
    // Whether the verdict could be written or not: the room itself knows where it was taken back from.
    for (budget_us, verdict) in BUDGETS_US.into_iter().flat_map(|us| [(us, Fate::Never), (us, Fate::Wait)]) {
        let games = FakeGames::new(&[STEADY, FAST]);
        games.judge(2, Fate::Wait);
        let stage = Stage::with(config(&games, 1, budget_us), |link| Arc::new(link));
        let mut player = stage.full_room("back", sums(1)).pop().expect("a player");
        assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
        acted(&stage, &mut player, "e+1");
        games.judge(2, verdict);
        let moved = moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2);
        assert!(moved[0].1.is_ok(), "{moved:?}");
        stage.rooms.settle_effects();
        acted(&stage, &mut player, "e+2");
        let stage = stage.crash(config(&games, 2, budget_us));
        come_back(&stage, "back", &player);
        games.judge(2, Fate::Happen);
        stage.rooms.settle_effects();
        stage.pass(Duration::from_millis(100));
        let told = told(&games);
        assert!(told.iter().all(|(version, data, _)| (*version, data.as_str()) == (1, "+2")), "{told:?}");
        assert!(!told.is_empty());
    }
}

#[test]
fn a_rebuilt_room_forgets_what_was_taken_back_though_no_image_says_so() {
    let games = FakeGames::new(&[STEADY, FAST]);
    games.judge(2, Fate::Wait);
    let stage = Stage::with(config(&games, 1, 1_000_000), |link| Arc::new(link));
    let mut player = stage.full_room("tail", sums(1)).pop().expect("a player");
    assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
    acted(&stage, &mut player, "e+1");
    // The log has the way back, and the image that is due with it is not put away.
    stage.journal.set(Faults { lose_answer: 100, ..Faults::default() });
    let moved = moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2);
    assert!(moved[0].1.is_ok(), "{moved:?}");
    stage.pass(Duration::from_millis(20));
    let stage = stage.crash(config(&games, 2, 1_000_000));
    come_back(&stage, "tail", &player);
    // As if the history had lost that it was taken back.
    games.judge(2, Fate::Happen);
    stage.rooms.settle_effects();
    stage.pass(Duration::from_millis(100));
    assert_eq!(told(&games), []);
}

#[test]
fn with_the_same_inputs_the_version_before_says_what_takes_place_instead() {
    for budget_us in BUDGETS_US {
        let games = FakeGames::new(&[STEADY, Version { saves: false, ..FAST }]);
        games.judge(2, Fate::Wait);
        let stage = Stage::with(config(&games, 1, budget_us), |link| Arc::new(link));
        let mut player = stage.full_room("instead", sums(1)).pop().expect("a player");
        acted(&stage, &mut player, "e+0");
        assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
        acted(&stage, &mut player, "e+1");
        games.judge(2, Fate::Never);
        stage.journal.set(Faults { lose_answer: 100, ..Faults::default() });
        let moved = moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2);
        assert!(moved[0].1.is_ok(), "{moved:?}");
        stage.pass(Duration::from_millis(20));
        assert_eq!(told(&games), [once(1, "+0")], "the log has it, and nobody was told");
        let stage = stage.crash(config(&games, 2, budget_us));
        come_back(&stage, "instead", &player);
        let told: Vec<_> = told(&games).into_iter().skip(1).filter(|(_, data, _)| data != "+0").collect();
        assert_eq!(told, [again(1, "+1")]);
    }
}

#[test]
fn a_room_that_has_ended_keeps_its_log_until_its_effects_are_told() {
    let games = FakeGames::new(&[STEADY]);
    games.judge(1, Fate::Wait);
    let stage = Stage::with(config(&games, 1, 1_000_000), |link| Arc::new(link));
    let mut player = stage.full_room("over", sums(1)).pop().expect("a player");
    acted(&stage, &mut player, "e+1");
    player.send("e+2");
    player.send("zten");
    stage.until("the room is freed", || games.watched().rooms[&1] == 0);
    let keeps = |stage: &Stage| {
        let rooms = Journal::rooms(&*stage.memory, key("a", "over").room.partition()).expect("rooms");
        rooms.contains(&key("a", "over"))
    };
    assert!(keeps(&stage));
    stage.until("an image is all that is left of it", || {
        let left = stage.memory.read_room(&key("a", "over"), Position::default(), usize::MAX);
        left.is_ok_and(|records| records.len() <= 1)
    });
    assert_eq!(code(stage.create("a", "over", sums(1))), Some(ErrorCode::RoomEnded));
    let stage = stage.crash(config(&games, 2, 1_000_000));
    stage.until("it was looked at", || stage.rooms.counts().recovering == 0);
    assert_eq!(code(stage.view("over")), Some(ErrorCode::RoomEnded));
    stage.rooms.settle_effects();
    stage.pass(Duration::from_millis(50));
    assert!(keeps(&stage) && told(&games).is_empty());
    games.judge(1, Fate::Happen);
    stage.rooms.settle_effects();
    stage.until("its log is forgotten", || !keeps(&stage));
    assert_eq!(told(&games), [once(1, "+1"), once(1, "+2")]);
}
