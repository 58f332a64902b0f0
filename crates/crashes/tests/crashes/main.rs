//! Processes that really crash: this test binary starts itself again for each of them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod chained;
mod child;

use std::os::unix::process::ExitStatusExt;

use crashes::{Cause, Report};

use child::{Ended, crash};

fn functions(report: &Report) -> Vec<&str> {
    let frames = &report.thread.as_ref().expect("a thread").frames;
    frames.iter().filter_map(|frame| frame.function.as_deref()).collect()
}

fn check(ended: &Ended, cause: Cause, function: &str, signal: i32) {
    assert_eq!(ended.status.signal(), Some(signal), "{}", ended.stderr);
    let report = ended.report.as_ref().unwrap_or_else(|| panic!("no report: {}", ended.stderr));
    let text = report.to_string();
    assert_eq!(report.cause, cause, "{text}");
    assert_eq!(report.signal, Some(signal), "{text}");
    assert!(functions(report).iter().any(|name| name.ends_with(function)), "{function} in {text}");
    assert_eq!(report.thread.as_ref().unwrap().name, "crash-on-purpos", "the kernel keeps 15 bytes");
    let frame = report
        .thread
        .as_ref()
        .unwrap()
        .frames
        .iter()
        .find(|f| f.function.as_deref().is_some_and(|name| name.ends_with(function)));
    assert_eq!(frame.unwrap().file.as_deref(), Some("crates/crashes/src/on_purpose.rs"), "{text}");
    assert_eq!(report.rooms.len(), 2, "{text}");
    assert_eq!(
        (report.rooms[0].room.as_str(), report.rooms[0].tick, report.rooms[0].within),
        ("game/3-abc", 41, true)
    );
    assert!(!report.rooms[1].within);
    assert_eq!(report.lines, ["first line", "token=[hidden] last line"]);
    assert_eq!(report.pid, ended.pid);
    assert!(report.time_ms >= report.started_ms && report.started_ms > 1_600_000_000_000, "{text}");
    assert_eq!((report.version.as_str(), report.profile.as_str()), ("9.9.9", "test"));
    assert!(ended.left.is_empty(), "nothing but the report is left: {:?}", ended.left);
}

#[test]
fn memory_that_is_not_there() {
    let ended = crash("segv");
    check(&ended, Cause::Segv, "fault_on_purpose", libc::SIGSEGV);
    let report = ended.report.unwrap();
    assert_eq!(report.address, Some(16));
    assert!(report.thread.as_ref().unwrap().whole, "{report}");
    // The others are there too, and where they stand.
    let waiting =
        report.other_threads.iter().find(|thread| thread.name == "waits").expect("the other thread");
    assert!(
        waiting
            .frames
            .iter()
            .any(|f| f.function.as_deref().is_some_and(|name| name.ends_with("wait_for_ever"))),
        "{report}"
    );
    assert!(waiting.whole, "{report}");
}

#[test]
fn an_abort() {
    check(&crash("abort"), Cause::Abort, "abort_on_purpose", libc::SIGABRT);
}

#[test]
fn a_panic_of_a_vital_thread() {
    let ended = crash("panic");
    check(&ended, Cause::Panic, "panic_on_purpose", libc::SIGABRT);
    let message = ended.report.unwrap().message.unwrap();
    assert!(message.starts_with("a panic on purpose (") && message.contains("on_purpose.rs:"), "{message}");
}

#[test]
fn a_stack_that_is_used_up() {
    let ended = crash("overflow");
    assert!(
        ended.stderr.contains("has overflowed its stack"),
        "the standard library speaks too: {}",
        ended.stderr
    );
    // It aborts when it has spoken; the report has the signal that came first.
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT));
    let report = ended.report.unwrap();
    assert_eq!((report.cause, report.signal), (Cause::StackOverflow, Some(libc::SIGSEGV)), "{report}");
    let calls = functions(&report).iter().filter(|name| name.ends_with("overflow_on_purpose")).count();
    assert!(calls > 20, "{report}");
    assert!(!report.thread.as_ref().unwrap().whole);
}

#[test]
fn a_process_that_is_killed_cannot_speak_but_its_end_is_known() {
    let ended = crash("kill");
    assert_eq!(ended.status.signal(), Some(libc::SIGKILL));
    let report = ended.report.unwrap();
    assert_eq!((report.cause, report.signal, report.pid), (Cause::Killed, Some(9), ended.pid), "{report}");
    assert!(!report.notes.is_empty());
}

#[test]
fn a_signal_from_outside_names_its_sender_and_all_threads() {
    let ended = crash("hang");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
    let report = ended.report.unwrap();
    assert_eq!(
        (report.cause, report.sent_by.is_some_and(|sender| sender != ended.pid as i32)),
        (Cause::Abort, true),
        "{report}"
    );
    assert_eq!(report.culprit(), None, "any thread takes a signal from outside");
    assert!(report.headline().starts_with("SIGABRT: aborted, asked to by process "), "{report}");
    let all: Vec<_> = report.thread.iter().chain(&report.other_threads).collect();
    for name in ["waits", "spins"] {
        let thread =
            all.iter().find(|thread| thread.name == name).unwrap_or_else(|| panic!("{name} in {report}"));
        assert!(!thread.frames.is_empty(), "{report}");
    }
    let spins = all.iter().find(|thread| thread.name == "spins").unwrap();
    assert!(
        spins.frames.iter().any(|f| f.function.as_deref().is_some_and(|name| name.ends_with("spin"))),
        "{report}"
    );
}

#[test]
fn a_segv_from_outside_ends_the_process_too() {
    let ended = crash("sent_segv");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{}", ended.stderr);
    assert_eq!(ended.report.unwrap().cause, Cause::Segv);
}

#[test]
fn a_panic_that_the_process_outlives_is_reported_while_it_lives() {
    let ended = crash("caught");
    assert!(ended.status.success(), "{}", ended.stderr);
    assert_eq!(ended.reports.len(), 1);
    let report = &ended.reports[0];
    assert_eq!((report.cause, report.signal), (Cause::Panic, None), "{report}");
    assert!(functions(report).iter().any(|name| name.ends_with("fails")), "{report}");
    assert!(report.message.as_ref().unwrap().starts_with("nothing serious 7 ("), "{report}");
    assert_eq!(report.rooms.len(), 2);
}

#[test]
fn an_orderly_end_leaves_nothing_and_an_exit_without_tidying_does() {
    let ended = crash("nothing");
    assert!(ended.status.success() && ended.reports.is_empty() && ended.left.is_empty(), "{:?}", ended.left);
    let ended = crash("exit");
    assert_eq!(ended.status.code(), Some(7));
    let report = ended.report.unwrap();
    assert_eq!((report.cause, report.exit_code), (Cause::Exit, Some(7)));
}

#[test]
fn without_a_supervisor_the_next_process_makes_the_report() {
    let folder = tempfile::tempdir().unwrap();
    for how in ["segv", "kill"] {
        child::run(folder.path(), how);
    }
    // What a living process holds is left alone.
    let about = crashes::About { version: "1", profile: "test" };
    let kept = crashes::keep_in(folder.path(), &about).unwrap();
    let mut causes: Vec<_> =
        crashes::collect_left(folder.path()).into_iter().map(|report| report.cause).collect();
    assert_eq!(causes, [Cause::Segv, Cause::Vanished]);
    assert!(crashes::collect_left(folder.path()).is_empty());
    drop(kept);
    causes = crashes::list(folder.path()).into_iter().map(|report| report.cause).collect();
    causes.sort_by_key(|cause| cause.name());
    assert_eq!(causes, [Cause::Segv, Cause::Vanished]);
    let latest = crashes::find(folder.path(), "latest").unwrap();
    assert_eq!(crashes::find(folder.path(), &latest.id).unwrap(), latest);
    assert!(crashes::find(folder.path(), "nothing").unwrap_err().contains("nothing.json"));
}

#[test]
fn the_newest_twenty_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..25 {
        let report =
            Report { id: format!("2026010{}T0000{number:02}.000Z-segv", number / 10), ..Report::default() };
        crashes::save(folder.path(), &report).unwrap();
    }
    child::run(folder.path(), "kill");
    assert_eq!(crashes::collect_left(folder.path()).len(), 1);
    let list = crashes::list(folder.path());
    assert_eq!(list.len(), 20);
    assert_eq!(list[0].cause, Cause::Vanished);
    assert!(list.iter().all(|report| report.id.as_str() > "20260100T000005"), "the oldest went");
}
