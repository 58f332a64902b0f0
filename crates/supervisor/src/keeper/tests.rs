//! The keeper without a process: events, time, and what it commands.

use proptest::prelude::*;

use super::*;

type Told = Vec<Command<&'static str>>;

/// A keeper and a clock that stands still until a test moves it.
struct Stage {
    keeper: Keeper<&'static str>,
    now: Moment,
}

impl Stage {
    /// The server is being started for the first time.
    fn new(limits: Limits) -> Stage {
        let mut stage = Stage { keeper: Keeper::new(limits, "old", Moment::ZERO), now: Moment::ZERO };
        assert_eq!(stage.on(Event::Time), [Command::Start("old")]);
        stage
    }

    fn ready(limits: Limits) -> Stage {
        let mut stage = Stage::new(limits);
        assert_eq!(stage.on(Event::Ready), [Command::Ready { down: Duration::ZERO }]);
        stage
    }

    fn on(&mut self, event: Event<&'static str>) -> Told {
        self.keeper.on(event, self.now)
    }

    /// Lets time pass to just when the keeper wants to be asked.
    fn wait(&mut self) -> Told {
        self.now = self.keeper.wake_at().expect("something is waited for").max(self.now);
        self.on(Event::Time)
    }

    /// Time passes, and the server lives.
    fn live(&mut self, time: Duration) {
        self.now = self.now + time;
        self.on(Event::Alive);
    }

    fn crash(&mut self) -> Told {
        self.on(Event::Ended(SEGV))
    }
}

const SEGV: Ending = Ending::Signal { number: 11, out_of_memory: false };
const CRASHED: Cause = Cause::Crashed { signal: 11 };

fn down(cause: Cause, ms: u64) -> Command<&'static str> {
    Command::Down { cause, again_in: Some(Duration::from_millis(ms)) }
}

#[test]
fn the_first_crash_is_answered_at_once_and_the_next_ones_later_and_later() {
    let mut stage = Stage::ready(Limits::default());
    stage.live(Duration::from_secs(1));
    assert_eq!(stage.crash(), [down(CRASHED, 0), Command::Start("old")]);
    assert_eq!(stage.crash(), [down(CRASHED, 100)]);
    assert_eq!(stage.on(Event::Time), []);
    assert_eq!(stage.wait(), [Command::Start("old")]);
    assert_eq!(stage.crash(), [down(CRASHED, 200)]);
    stage.now = stage.now + Duration::from_millis(50);
    assert_eq!(stage.keeper.next_start_in(stage.now), Some(Duration::from_millis(150)));
    assert_eq!(stage.keeper.crashes_in_a_row(), 3);
    stage.wait();
    assert_eq!(stage.keeper.next_start_in(stage.now), None);
    assert_eq!(stage.on(Event::Ready), [Command::Ready { down: Duration::from_millis(300) }]);
    // Ready, but not for long enough to be well.
    stage.live(Duration::from_secs(4));
    assert_eq!(stage.crash(), [down(CRASHED, 400)]);
    stage.wait();
    stage.on(Event::Ready);
    stage.live(Duration::from_secs(5));
    assert_eq!(stage.crash(), [down(CRASHED, 0), Command::Start("old")]);
}

#[test]
fn a_crash_loop_is_slowed_down_or_given_up() {
    for (policy, expected) in [
        (
            CrashLoop::KeepTrying(Duration::from_secs(30)),
            vec![down(CRASHED, 30_000), Command::CrashLooping { crashes: 3 }],
        ),
        (
            CrashLoop::Exit,
            vec![
                Command::Down { cause: CRASHED, again_in: None },
                Command::CrashLooping { crashes: 3 },
                Command::Exit(Exit::CrashLoop),
            ],
        ),
    ] {
        let mut stage = Stage::ready(Limits { crash_limit: 3, crash_loop: policy, ..Limits::default() });
        stage.crash();
        stage.crash();
        stage.wait();
        assert_eq!(stage.crash(), expected);
        if policy != CrashLoop::Exit {
            assert_eq!(stage.wait(), [Command::Start("old")]);
        }
    }
}

#[test]
fn what_another_try_would_not_change_ends_the_first_start_only() {
    let mut stage = Stage::new(Limits::default());
    assert_eq!(stage.on(Event::Ended(Ending::Code(3))), [Command::Exit(Exit::Refused(3))]);
    let mut stage = Stage::ready(Limits::default());
    stage.crash();
    let told = stage.on(Event::Ended(Ending::Code(3)));
    assert_eq!(told, [down(Cause::Failed { code: 3, said: None }, 100)]);
}

#[test]
fn what_a_server_says_before_it_ends_is_told_of_that_server_only() {
    let mut stage = Stage::ready(Limits::default());
    stage.on(Event::Said("the disk is gone".into()));
    let cause = Cause::Failed { code: 5, said: Some("the disk is gone".into()) };
    assert_eq!(cause.to_string(), "ended with exit code 5: the disk is gone");
    assert_eq!(stage.on(Event::Ended(Ending::Code(5)))[0], down(cause, 0));
    let told = stage.on(Event::Ended(Ending::Code(5)));
    assert_eq!(told, [down(Cause::Failed { code: 5, said: None }, 100)]);
}

#[test]
fn a_server_without_a_sign_of_life_is_aborted_and_then_killed() {
    let mut stage = Stage::ready(Limits::default());
    stage.live(Duration::from_secs(9));
    stage.live(Duration::from_secs(9));
    assert_eq!(stage.wait(), [Command::Send(Signal::Abort)]);
    assert_eq!(stage.now.since(Moment::ZERO), Duration::from_secs(28));
    assert_eq!(stage.wait(), [Command::Send(Signal::Kill)]);
    let told = stage.on(Event::Ended(Ending::Signal { number: 9, out_of_memory: false }));
    assert_eq!(told, [down(Cause::Hung, 0), Command::Start("old")]);
    // The pause is counted from when it was seen.
    assert_eq!(stage.on(Event::Ready), [Command::Ready { down: Duration::from_secs(2) }]);
}

#[test]
fn a_supervisor_that_stood_still_blames_nobody() {
    let mut stage = Stage::ready(Limits::default());
    stage.now = stage.now + Duration::from_secs(60);
    stage.keeper.forgive(Duration::from_secs(60));
    assert_eq!(stage.on(Event::Time), []);
    assert_eq!(stage.wait(), [Command::Send(Signal::Abort)]);
}

#[test]
fn a_server_that_is_never_ready_is_started_again() {
    let mut stage = Stage::new(Limits::default());
    assert_eq!(stage.wait(), [Command::Send(Signal::Abort)]);
    assert_eq!(stage.crash(), [down(Cause::NotReady, 0), Command::Start("old")]);
}

#[test]
fn only_failures_in_a_row_of_one_probe_count() {
    let mut stage = Stage::ready(Limits::default());
    let fail = |probe| Event::Probed { probe, failure: Some("no answer".to_owned()) };
    let well = Event::Probed { probe: "tcp", failure: None };
    for event in [fail("tcp"), fail("http"), fail("tcp"), fail("http"), well, fail("tcp"), fail("tcp")] {
        assert_eq!(stage.on(event), []);
    }
    assert_eq!(stage.on(fail("tcp")), [Command::Send(Signal::Abort)]);
    let cause = Cause::Unhealthy { probe: "tcp".into(), message: "no answer".into() };
    assert_eq!(stage.crash(), [down(cause, 0), Command::Start("old")]);
    assert_eq!(stage.on(fail("http")), [], "nobody is judged before it is ready");
}

#[test]
fn asked_to_stop_it_waits_and_then_kills() {
    let mut stage = Stage::ready(Limits::default());
    assert_eq!(stage.on(Event::Stop), [Command::Send(Signal::End)]);
    assert_eq!(stage.on(Event::Stop), []);
    assert_eq!(stage.wait(), [Command::Send(Signal::Kill)]);
    assert_eq!(stage.on(Event::Ended(Ending::Code(0))), [Command::Exit(Exit::Stopped)]);
    let mut waiting = Stage::ready(Limits::default());
    waiting.crash();
    waiting.crash();
    assert_eq!(waiting.on(Event::Stop), [Command::Exit(Exit::Stopped)]);
}

#[test]
fn the_memory_guard_s_end_is_answered_at_once() {
    let mut stage = Stage::ready(Limits::default());
    let told = stage.on(Event::Ended(Ending::Code(7)));
    assert_eq!(told, [down(Cause::MemoryGuard, 0), Command::Start("old")]);
}

fn upgraded() -> Stage {
    let mut stage = Stage::ready(Limits::default());
    stage.live(Duration::from_secs(3));
    let told = stage.on(Event::Upgrade("new"));
    let begun = Verdict::Begun { from: "old", to: "new" };
    assert_eq!(told, [Command::Trial(begun), Command::Send(Signal::HandOver)]);
    assert!(stage.keeper.may_upgrade().is_err());
    stage.now = stage.now + Duration::from_millis(30);
    let told = stage.on(Event::Ended(Ending::Code(0)));
    assert_eq!(told, [down(Cause::Upgrade, 0), Command::Start("new")]);
    stage
}

fn on_trial() -> Stage {
    let mut stage = upgraded();
    stage.now = stage.now + Duration::from_millis(70);
    let pause = Duration::from_millis(100);
    let ready = Verdict::Ready { pause, well_for: Duration::from_secs(30) };
    assert_eq!(stage.on(Event::Ready), [Command::Ready { down: pause }, Command::Trial(ready)]);
    stage
}

#[test]
fn a_version_that_stays_well_is_confirmed() {
    let mut stage = on_trial();
    for _ in 0..29 {
        stage.live(Duration::from_secs(1));
        assert_eq!(stage.on(Event::Time), []);
    }
    assert_eq!(stage.wait(), [Command::Trial(Verdict::Confirmed { version: "new" })]);
    assert_eq!(stage.keeper.current(), &"new");
    stage.live(Duration::from_secs(5));
    assert_eq!(stage.crash(), [down(CRASHED, 0), Command::Start("new")], "a crash is no judgement any more");
}

fn went_back(stage: &mut Stage, cause: Cause, told: Told) {
    let why = cause.to_string();
    let back = Verdict::WentBack { to: "old", why };
    let cause = Cause::WentBack(Box::new(cause));
    assert_eq!(told, [Command::Trial(back), down(cause, 0), Command::Start("old")]);
    assert_eq!(stage.keeper.current(), &"old");
    assert!(stage.keeper.trial().is_none());
}

#[test]
fn a_version_that_is_not_well_is_taken_back() {
    let mut crashes_at_start = upgraded();
    let told = crashes_at_start.crash();
    went_back(&mut crashes_at_start, CRASHED, told);

    let mut refuses = upgraded();
    let told = refuses.on(Event::Ended(Ending::Code(3)));
    went_back(&mut refuses, Cause::Failed { code: 3, said: None }, told);

    let mut never_starts = upgraded();
    let told = never_starts.on(Event::NotStarted("no such file".into()));
    went_back(&mut never_starts, Cause::NotStarted("no such file".into()), told);

    let mut never_ready = upgraded();
    assert_eq!(never_ready.wait(), [Command::Send(Signal::Abort)]);
    let told = never_ready.crash();
    went_back(&mut never_ready, Cause::NotReady, told);

    let mut crashes = on_trial();
    crashes.live(Duration::from_secs(8));
    let told = crashes.crash();
    went_back(&mut crashes, CRASHED, told);

    let mut hangs = on_trial();
    assert_eq!(hangs.wait(), [Command::Send(Signal::Abort)]);
    let told = hangs.crash();
    went_back(&mut hangs, Cause::Hung, told);
}

#[test]
fn an_upgrade_goes_on_when_the_old_version_dies_on_the_way_or_does_not_end() {
    let mut stage = Stage::ready(Limits::default());
    stage.on(Event::Upgrade("new"));
    assert_eq!(stage.wait(), [Command::Send(Signal::Kill)]);
    assert_eq!(stage.crash(), [down(Cause::Upgrade, 0), Command::Start("new")]);
}

#[test]
fn a_stop_leaves_an_undecided_version_behind() {
    let mut stage = on_trial();
    let told = stage.on(Event::Stop);
    assert!(matches!(told[0], Command::Trial(Verdict::WentBack { to: "old", .. })), "{told:?}");
    assert_eq!(told[1], Command::Send(Signal::End));
    assert_eq!(stage.on(Event::Ended(Ending::Code(0))), [Command::Exit(Exit::Stopped)]);
}

/// What may happen, told from what the keeper did.
fn some_event() -> impl Strategy<Value = (u8, u32)> {
    (0..10_u8, 0..20_000_u32)
}

proptest! {
    /// Whatever happens: never two processes, never none for good, and only a process that is there is sent signals.
    #[test]
    fn there_is_always_one_server_or_one_to_come(events in prop::collection::vec(some_event(), 1..200)) {
        let limits = Limits { crash_loop: CrashLoop::KeepTrying(Duration::from_secs(1)), ..Limits::default() };
        let mut stage = Stage::new(limits);
        let (mut running, mut over) = (true, false);
        for (kind, ms) in events {
            stage.now = stage.now + Duration::from_millis(u64::from(ms));
            let event = match kind {
                0 | 1 if running => Event::Ready,
                2 | 3 if running => Event::Alive,
                4 if running => Event::Ended(SEGV),
                5 if running => Event::Ended(Ending::Code(i32::try_from(ms % 9).unwrap())),
                6 => Event::Probed { probe: "tcp", failure: (ms % 3 > 0).then(String::new) },
                7 => Event::Upgrade("new"),
                8 if ms < 500 => Event::Stop,
                _ => Event::Time,
            };
            if matches!(event, Event::Ended(_)) {
                running = false;
            }
            for command in stage.on(event) {
                prop_assert!(!over, "{command:?} after the end");
                match command {
                    Command::Start(_) => {
                        prop_assert!(!running, "two servers");
                        running = true;
                    }
                    Command::Send(_) => prop_assert!(running, "a signal to nobody"),
                    Command::Exit(_) => {
                        prop_assert!(!running, "an end with a server");
                        over = true;
                    }
                    _ => {}
                }
            }
            prop_assert!(over || stage.keeper.wake_at().is_some(), "nothing to come");
            if over {
                break;
            }
            prop_assert!(running || stage.keeper.state() == "waiting");
        }
    }
}
