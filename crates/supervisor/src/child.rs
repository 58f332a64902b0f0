//! Processes: the server, probes, and whatever else a first process in a container is left with.
#![expect(unsafe_code, reason = "what happens between fork and exec has no safe wrapper")]

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, PoisonError};

use rustix::process::{
    Pid, Signal as Number, WaitId, WaitIdOptions, WaitOptions, getppid, kill_process, waitid, waitpid,
};

use crate::keeper::{Ending, Signal};
use crate::sockets::Inheritance;

/// What a server is started with.
pub struct Start<'a> {
    pub program: &'a Path,
    pub arguments: &'a [OsString],
    pub inheritance: &'a Inheritance,
    pub notify: &'a Path,
    pub watchdog_micros: u128,
}

/// A process that was started and not yet waited for.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

/// The children that somebody of this program waits for. Locked while one is started, so that none is taken for a
/// stranger.
static OURS: Mutex<Option<HashSet<u32>>> = Mutex::new(None);

impl Server {
    /// Starts the server as a child that does not outlive this thread.
    pub fn start(start: &Start<'_>) -> io::Result<Server> {
        let own = std::process::id();
        let mut command = Command::new(start.program);
        command
            .arg0(OsStr::new("jianzi"))
            .args(start.arguments)
            .env("LISTEN_FDS", start.inheritance.count().to_string())
            .env("LISTEN_FDNAMES", start.inheritance.names())
            // The child's number is not known before it exists: `JIANZI_SUPERVISOR` says whose child is meant.
            .env_remove("LISTEN_PID")
            .env("JIANZI_SUPERVISOR", own.to_string())
            .env("NOTIFY_SOCKET", start.notify)
            .env("WATCHDOG_USEC", start.watchdog_micros.to_string())
            .env_remove("WATCHDOG_PID");
        let moves = start.inheritance.moves();
        let parent = Pid::from_raw(own as i32);
        let between = move || {
            die_with_parent()?;
            // The parent may have died before that was arranged.
            if getppid() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            for (from, to) in &moves {
                // SAFETY: plain numbers; `to` is a place that the parent keeps for this.
                if unsafe { libc::dup2(*from, *to) } < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        };
        // SAFETY: system calls only, on values made before the fork; nothing is allocated, no lock is taken.
        unsafe { command.pre_exec(between) };
        spawn(&mut command).map(|child| Server { child })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn send(&self, signal: Signal) {
        let Some(pid) = pid_of(self.child.id()) else { return };
        let numbers: &[Number] = match signal {
            Signal::End => &[Number::TERM],
            Signal::HandOver => &[Number::USR1],
            // A stopped process takes no signal but these two.
            Signal::Abort => &[Number::ABORT, Number::CONT],
            Signal::Kill => &[Number::KILL],
        };
        for number in numbers {
            // It may have ended meanwhile; its number is not given away before it was waited for.
            let _ = kill_process(pid, *number);
        }
    }

    /// How it ended, if it has; then it is waited for.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            forget(self.child.id());
        }
        Ok(status)
    }
}

/// Starts a process that the caller waits for, and then forgets.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    let child = command.spawn()?;
    ours.get_or_insert_default().insert(child.id());
    Ok(child)
}

/// It has been waited for.
pub fn forget(pid: u32) {
    if let Some(ours) = OURS.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        ours.remove(&pid);
    }
}

/// As the first process of a container, waits for the orphans that it is given.
pub fn reap_strangers() {
    let ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // Only looked at: our own are waited for where they were started. One of them hides strangers behind it; the
    // signal of its end has brought us here, and the next one will again.
    while let Ok(Some(_)) = waitid(WaitId::All, look) {
        let Some(stranger) = ended_stranger(ours.as_ref()) else { return };
        let _ = waitpid(Some(stranger), WaitOptions::NOHANG);
    }
}

/// An ended child of this process that is none of ours, by the kernel's list of children.
fn ended_stranger(ours: Option<&HashSet<u32>>) -> Option<Pid> {
    let own = std::process::id();
    let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).ok()?;
    let strangers = children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok());
    let mut strangers = strangers.filter(|pid| !ours.is_some_and(|ours| ours.contains(pid)));
    strangers.find(|pid| has_ended(*pid)).and_then(pid_of)
}

fn has_ended(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| process_state(&stat) == Some('Z'))
}

/// After the name, which may hold anything.
fn process_state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
}

/// When a process was started, in the kernel's ticks since its own start: tells it from a later one of the same number.
/// `None` once it has ended with all its threads: before that its files are open, locks and sockets among them.
pub fn started_at(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = stat.rsplit_once(") ")?.1;
    // The first thread may be done long before the others.
    let threads = || std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    match process_state(&stat)? {
        'Z' | 'X' if threads() <= 1 => None,
        _ => rest.split_whitespace().nth(19)?.parse().ok(),
    }
}

/// A process that is not a child of this one.
pub fn signal_stranger(pid: u32, number: i32) {
    if let (Some(pid), Some(number)) = (pid_of(pid), Number::from_named_raw(number)) {
        let _ = kill_process(pid, number);
    }
}

/// `oom_kills`: how many processes the kernel killed in our control group meanwhile.
pub fn ending(status: ExitStatus, oom_kills: u64) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Code(code),
        (None, Some(number)) => {
            Ending::Signal { number, out_of_memory: number == libc::SIGKILL && oom_kills > 0 }
        }
        (None, None) => Ending::Code(status.into_raw()),
    }
}

/// Processes that the kernel has killed in our control group for want of memory.
pub fn oom_kills() -> u64 {
    let read = || {
        let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let events = Path::new("/sys/fs/cgroup").join(group).join("memory.events");
        let events = std::fs::read_to_string(events).ok()?;
        events.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
    };
    read().unwrap_or(0)
}

fn pid_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// The server ends in order when the supervisor has gone, whatever happened to it.
#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Number::USR1))?)
}

/// Elsewhere the server looks itself whether it has lost its parent.
#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_of_its_number() {
        let own = std::process::id();
        let started = started_at(own).expect("we live");
        assert!(started > 0);
        assert_eq!(started_at(own), Some(started));
        assert_eq!(process_state("17 (a) b) S 1 2"), Some('S'));
    }

    #[test]
    fn endings_are_read() {
        assert_eq!(ending(ExitStatus::from_raw(7 << 8), 0), Ending::Code(7));
        let killed = |oom| ending(ExitStatus::from_raw(libc::SIGKILL), oom);
        assert_eq!(killed(0), Ending::Signal { number: 9, out_of_memory: false });
        assert_eq!(killed(1), Ending::Signal { number: 9, out_of_memory: true });
    }
}
