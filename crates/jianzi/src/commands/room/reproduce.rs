//! `jianzi crash reproduce`: the rooms of a crash report, played again in processes of their own until one dies likewise.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crashes::{Cause, Report};

use super::again::AGAIN;
use super::failed;
use super::source::Copy;
use crate::commands::config::print_out;
use crate::failure::Failure;

/// How one attempt ended.
struct Attempt {
    status: ExitStatus,
    /// None after an orderly end.
    report: Option<Report>,
    /// The last thing that the room was about to do: the tick before, and the call.
    last: Option<(String, String)>,
}

/// Plays each room that the report names so many times. The failure says what did not show, and why that may be.
pub fn reproduce(report: &Report, data: &Path, times: u32) -> Result<(), Failure> {
    if matches!(report.cause, Cause::Killed | Cause::OutOfMemory | Cause::Vanished | Cause::Exit) {
        return Err(failed(format!(
            "{}: what ended that process came from outside, no input of a room can show it again",
            report.headline()
        )));
    }
    let mut rooms: Vec<_> = report.rooms.iter().collect();
    // The one that was being stepped is the suspect.
    rooms.sort_by_key(|room| !room.within);
    if rooms.is_empty() {
        return Err(failed("the report names no room: the process crashed before any room had a tick"));
    }
    let copy = Copy::make(data)?;
    print_out(&format!("crash    {}\n", report.headline()))?;
    for room in &rooms {
        let doing = if room.within { "was being stepped" } else { "was stepped last" };
        print_out(&format!("room     {} {doing}, tick {}\n", room.room, room.tick))?;
        for number in 1..=times {
            let attempt = attempt(&room.room, &copy, data)?;
            print_out(&format!("attempt  {number}: {}\n", attempt.told()))?;
            match &attempt.report {
                Some(again) if again.cause == report.cause => {
                    return print_out(&shown(report, again, &room.room, &attempt));
                }
                // Cannot be played: another time neither.
                None if !attempt.status.success() => break,
                _ => {}
            }
        }
    }
    Err(failed(format!(
        "the crash did not show: {} room(s), {times} time(s) each. What rooms took in during the last moments before the \
         crash, and what their image replaced, is not in the journal; or no room caused it",
        rooms.len()
    )))
}

fn attempt(room: &str, copy: &Copy, data: &Path) -> Result<Attempt, Failure> {
    let crashes = copy.beside("crashes");
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .args(["room", AGAIN, room, "--journal"])
        .arg(copy.folder())
        .arg("--data")
        .arg(data)
        .arg("--crashes")
        .arg(&crashes)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let lines = child.stdout.take().map(|out| BufReader::new(out).lines().map_while(Result::ok));
    let last = lines.and_then(Iterator::last);
    let status = child.wait().map_err(failed)?;
    let last =
        last.and_then(|line| line.split_once('\t').map(|(tick, call)| (tick.to_owned(), call.to_owned())));
    Ok(Attempt { status, report: crashes::collect(&crashes, status), last })
}

impl Attempt {
    fn told(&self) -> String {
        let place = match &self.last {
            Some((tick, call)) => format!("after tick {tick}, in {call}"),
            None => "before its first event".to_owned(),
        };
        match &self.report {
            Some(report) => format!("{}; {place}", report.headline()),
            None if self.status.success() => "played to the end of its log and beyond".to_owned(),
            None => format!("could not be played ({}); {place}", self.status),
        }
    }
}

fn shown(report: &Report, again: &Report, room: &str, attempt: &Attempt) -> String {
    let (tick, call) = attempt.last.clone().unwrap_or_default();
    let place = match (report.culprit(), again.culprit()) {
        (Some(one), Some(other)) if one == other => format!("in the same function, {one}"),
        (_, Some(other)) => format!("in {other}"),
        _ => "with no function to be named".to_owned(),
    };
    format!(
        "shown    room {room} dies the same way ({}) after tick {tick}, in {call}, {place}\n",
        again.cause.name()
    )
}
