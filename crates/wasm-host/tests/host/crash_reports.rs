//! The real crash reporter and the engine in one process: a guest's faults are traps, the host's is a report.
#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crashes::{About, Cause, How};
use room_core::modules::{Call, CallEnd};

use crate::game::{fail, game, start, trap, well};

const FOLDER: &str = "CRASH_FOLDER";

#[test]
fn a_guests_faults_are_traps_and_the_hosts_becomes_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash_reports::child_that_crashes", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(output.contains("the guests trapped"), "{output}");
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{output}");
    let report = crashes::collect(folder.path(), child.status).expect("a report");
    assert_eq!((report.cause, report.address), (Cause::Segv, Some(16)), "{report}");
    assert!(report.culprit().unwrap().ends_with("fault_on_purpose"), "{report}");
}

#[test]
#[ignore = "crashes; run by the test above in a process of its own"]
fn child_that_crashes() {
    // In the order of the server: the reporter first, the engine with its first use.
    crashes::install(&["crash-on-purpose"]);
    let folder = std::env::var_os(FOLDER).unwrap();
    let _kept = crashes::keep_in(folder.as_ref(), &About { version: "1", profile: "test" }).unwrap();
    let far = well("jz_tick", "(param i32)", "(i32.load (i32.const 0x7fffffff))");
    let message = trap(&mut *start(&game(&[("jz_tick", &far)])), Call::Tick { number: 1 });
    assert!(message.contains("out of bounds memory access"), "{message}");
    let deep = well("jz_tick", "(param i32)", "(call $jz_tick (i32.add (local.get 0) (i32.const 1)))");
    let ended = fail(&mut *start(&game(&[("jz_tick", &deep)])), Call::Tick { number: 1 });
    assert_eq!(ended, CallEnd::StackOverflow);
    println!("the guests trapped");
    crashes::on_purpose(How::Segv);
}
