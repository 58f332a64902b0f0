//! The process that crashes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;

use crashes::{About, Report};

const FOLDER: &str = "CRASH_FOLDER";
const HOW: &str = "CRASH_HOW";
const READY: &str = "ready for a signal";

/// What a crashed process left.
pub struct Ended {
    pub status: ExitStatus,
    pub pid: u32,
    pub stderr: String,
    /// What the supervisor would get.
    pub report: Option<Report>,
    /// All in the folder.
    pub reports: Vec<Report>,
    /// Files that are no reports.
    pub left: Vec<PathBuf>,
}

/// Lets a process crash in a folder of its own and collects what it left.
pub fn crash(how: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let (status, pid, stderr) = run(folder.path(), how);
    let report = crashes::collect(folder.path(), status);
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let left = files.filter(|path| path.extension().is_none_or(|ending| ending != "json")).collect();
    Ended { status, pid, stderr, report, reports: crashes::list(folder.path()), left }
}

pub fn run(folder: &Path, how: &str) -> (ExitStatus, u32, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child::the_process_that_crashes", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).env(HOW, how).env("RUST_BACKTRACE", "0");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let said = BufReader::new(child.stdout.take().unwrap());
    if said.lines().any(|line| line.unwrap().ends_with(READY)) {
        let signal = if how == "hang" { "-ABRT" } else { "-SEGV" };
        let sent = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
        assert!(sent.success());
    }
    let ended = child.wait_with_output().unwrap();
    (ended.status, pid, String::from_utf8_lossy(&ended.stderr).into_owned())
}

/// Does nothing unless it was started by [`run`].
#[test]
fn the_process_that_crashes() {
    let (Some(folder), Ok(how)) = (std::env::var_os(FOLDER), std::env::var(HOW)) else { return };
    // Rust's tests run in threads and report panics their own way: the crash is the other thread's.
    crashes::install(&["crash-on-purpose"]);
    if how == "chained" {
        super::chained::install_engine();
    }
    let about = About { version: "9.9.9", profile: "test" };
    let kept = crashes::keep_in(folder.as_ref(), &about).unwrap();
    crashes::stepping(0, "game", "3-abc", 41);
    crashes::stepping(5, "game", "4-def", 7);
    crashes::rested(5);
    crashes::remember_line(b"first line\n");
    crashes::remember_line(b"token=0123456789 last line\n");
    thread("waits", || wait_for_ever());
    match how.as_str() {
        "nothing" => {}
        "exit" => std::process::exit(7),
        "caught" => {
            std::thread::spawn(|| fails(7)).join().unwrap_err();
            let reported = || crashes::list(folder.as_ref()).pop();
            while reported().is_none() {
                std::thread::yield_now();
            }
        }
        "hang" => {
            thread("spins", || spin());
            wait_for_a_signal();
        }
        "sent_segv" => wait_for_a_signal(),
        "chained" => super::chained::trap_then_fault(),
        how => crashes::on_purpose(how.parse().unwrap()),
    }
    drop(kept);
}

/// Starts a thread and waits until it runs.
fn thread(name: &str, body: impl FnOnce() + Send + 'static) {
    let (tell, started) = channel();
    let run = move || {
        tell.send(()).unwrap();
        body();
    };
    std::thread::Builder::new().name(name.into()).spawn(run).unwrap();
    started.recv().unwrap();
}

#[inline(never)]
fn wait_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

#[inline(never)]
fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

#[inline(never)]
fn fails(number: u32) {
    panic!("nothing serious {number}");
}

/// Tells the parent, which sends the signal as a supervisor does.
fn wait_for_a_signal() -> ! {
    println!("{READY}");
    loop {
        std::thread::park();
    }
}
