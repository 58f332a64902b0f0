//! From what the crash left to what it was.

use std::path::Path;
use std::process::ExitStatus;

use crate::cgroup;
use crate::modules::{self, Mapping, Module};
use crate::raw::{Raw, RawCrash, RawThread};
use crate::report::{Cause, Report, Thread};
use crate::rooms;
use crate::scrub::scrub;
use crate::symbols::Symbols;
use crate::unwind::Unwinder;

/// Sent by a process rather than raised by the kernel.
const SI_USER: i32 = 0;

/// What one file tells, unwound and with names. `ended_ms`: when the process was last known to live.
pub(crate) fn report(raw: &Raw, exit: Option<ExitStatus>, ended_ms: u64) -> Report {
    let mut report = Report {
        pid: raw.about_number("pid").unwrap_or(0) as u32,
        started_ms: raw.about_number("started").unwrap_or(0),
        version: raw.about("version").to_owned(),
        profile: raw.about("profile").to_owned(),
        build_id: raw.about("build").to_owned(),
        binary: raw.about("binary").to_owned(),
        message: raw.message.as_deref().map(scrub),
        rooms: rooms::once_each(&raw.rooms),
        lines: raw.lines.iter().map(|line| scrub(line)).collect(),
        time_ms: ended_ms,
        ..Report::default()
    };
    match raw.crash {
        Some(crash) => crashed(&mut report, raw, crash),
        None => silent(&mut report, raw, exit, cgroup::oom_kills()),
    }
    report
}

fn crashed(report: &mut Report, raw: &Raw, crash: RawCrash) {
    report.time_ms = crash.time_ms;
    report.cause = cause(raw, crash);
    report.signal = (crash.signal != 0).then_some(crash.signal);
    let by_kernel = crash.code > 0;
    report.address = (by_kernel && crash.signal != SIGABRT).then_some(crash.address);
    report.sent_by = (crash.code == SI_USER && crash.sender != 0 && crash.sender != report.pid as i32)
        .then_some(crash.sender);
    if !raw.whole {
        report.notes.push("the report breaks off: the process ended while it was written".to_owned());
    }

    let mut modules = modules::modules(&raw.maps);
    let id_now = modules::build_id(Path::new(&report.binary));
    if id_now != report.build_id {
        modules.retain(|module| module.path != report.binary);
        let note = "the program's file has changed since: its functions cannot be named";
        report.notes.push(note.to_owned());
    }
    let mut unwinder = Unwinder::new(&mut modules);
    let mut symbols = Symbols::default();
    let mut threads =
        raw.threads.iter().map(|thread| resolve_thread(thread, &mut unwinder, &mut symbols, &modules));
    report.thread = threads.next();
    report.other_threads = threads.collect();
}

fn resolve_thread(
    raw: &RawThread,
    unwinder: &mut Unwinder,
    symbols: &mut Symbols,
    modules: &[Module],
) -> Thread {
    let trace = unwinder.trace(raw);
    let frames = trace.addresses.iter().flat_map(|(at, is_return)| symbols.frames(*at, *is_return, modules));
    Thread { id: raw.id, name: raw.name.clone(), frames: frames.collect(), whole: trace.whole }
}

const SIGILL: i32 = 4;
const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;
const SIGFPE: i32 = 8;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;

fn cause(raw: &Raw, crash: RawCrash) -> Cause {
    match crash.signal {
        _ if raw.message.is_some() => Cause::Panic,
        SIGSEGV | SIGBUS if crash.code > 0 && overflowed(raw, crash.address) => Cause::StackOverflow,
        other => of_signal(other),
    }
}

fn of_signal(signal: i32) -> Cause {
    match signal {
        SIGSEGV => Cause::Segv,
        SIGBUS => Cause::Bus,
        SIGILL => Cause::Ill,
        SIGFPE => Cause::Fpe,
        SIGABRT => Cause::Abort,
        SIGKILL => Cause::Killed,
        _ => Cause::Signal,
    }
}

/// The address is near the stack's end, and nobody may use it, but what lies above is a stack.
fn overflowed(raw: &Raw, address: u64) -> bool {
    const NEAR: u64 = 1 << 20;
    let registers = raw.threads.first().map(|thread| &thread.registers);
    let Some(sp) = registers.and_then(|registers| registers.get("rsp").or(registers.get("sp"))) else {
        return false;
    };
    let usable =
        |at: u64| raw.maps.iter().any(|m: &Mapping| m.range.contains(&at) && m.readable && m.writable);
    let above = |at: u64| (1..=NEAR / 4096).any(|page| usable(at.saturating_add(page * 4096)));
    sp.abs_diff(address) < NEAR && !usable(address) && above(address)
}

/// The process could not speak: what do its exit status and the kernel say?
fn silent(report: &mut Report, raw: &Raw, exit: Option<ExitStatus>, kills_now: Option<u64>) {
    let before = raw.about_number("oom_kills");
    let want_of_memory = before.zip(kills_now).is_some_and(|(before, now)| now > before);
    #[cfg(unix)]
    let signal = exit.and_then(|exit| std::os::unix::process::ExitStatusExt::signal(&exit));
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    report.signal = signal;
    report.cause = match (exit, signal) {
        (_, Some(SIGKILL)) | (None, _) if want_of_memory => Cause::OutOfMemory,
        (_, Some(signal)) => of_signal(signal),
        (Some(_), None) => Cause::Exit,
        (None, None) => Cause::Vanished,
    };
    report.exit_code = exit.and_then(|exit| exit.code());
    report.notes.push("the process had no chance to speak: no stack, no rooms, no log lines".to_owned());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn raw(text: &str) -> Raw {
        Raw::read(format!("jianzi-crash 1\n{text}").as_bytes()).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn a_silent_end_is_told_by_status_and_kernel() {
        use std::os::unix::process::ExitStatusExt;

        let raw = raw("about pid 7\nabout oom_kills 3\n");
        let (killed, terminated, left) = (9, 15, 7 << 8);
        for (status, kills_now, cause) in [
            (Some(killed), Some(3), Cause::Killed),
            (Some(killed), Some(4), Cause::OutOfMemory),
            (Some(killed), None, Cause::Killed),
            (Some(terminated), Some(4), Cause::Signal),
            (Some(left), Some(4), Cause::Exit),
            (None, Some(4), Cause::OutOfMemory),
            (None, Some(3), Cause::Vanished),
        ] {
            let mut report = Report::default();
            silent(&mut report, &raw, status.map(ExitStatus::from_raw), kills_now);
            assert_eq!(report.cause, cause, "{status:?} {kills_now:?}");
        }
    }

    #[test]
    fn a_fault_just_below_a_stack_is_an_overflow_and_others_are_not() {
        let maps = "maps\n7000000-7001000 ---p 0 00:00 0\n7001000-7200000 rw-p 0 00:00 0\nmaps-end\n";
        let of = |sp: u64, address: u64, maps: &str| {
            let text = format!("crash 11 1 {address} 0 5\nthread 1 t\nregister rsp {sp}\n{maps}end\n");
            report(&raw(&text), None, 0).cause
        };
        assert_eq!(of(0x700_1010, 0x700_0ff8, maps), Cause::StackOverflow);
        assert_eq!(
            of(0x700_0800, 0x700_0800, maps),
            Cause::StackOverflow,
            "the pointer is in the guard already"
        );
        assert_eq!(of(0x710_0000, 0x10, maps), Cause::Segv);
        assert_eq!(of(0x700_1010, 0x700_1020, maps), Cause::Segv, "a stack that can be used");
        for wild in [u64::MAX, u64::MAX - 7, 1 << 63] {
            assert_eq!(of(wild, wild, maps), Cause::Segv);
            assert_eq!(of(wild, wild, ""), Cause::Segv);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nonsense_in_registers_and_stacks_ends_the_trace() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let raw = raw(&format!("maps\n{}\nmaps-end\n", maps.trim_end()));
        let code = raw.maps.iter().find(|mapping| mapping.executable).unwrap().range.clone();
        let mut modules = modules::modules(&raw.maps);
        assert!(modules.len() >= 2, "the test itself and the C library");
        let (mut unwinder, mut symbols) = (Unwinder::new(&mut modules), Symbols::default());
        let mut followed = 0;
        for seed in 0..2000_u64 {
            let at = |n: u64| (seed + n).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (seed % 50);
            let within = |n: u64| code.start + at(n) % (code.end - code.start);
            let names = ["rsp", "rbp", "sp", "x29", "x30"];
            let mut registers: BTreeMap<_, _> =
                (0..).zip(names).map(|(n, name)| (name.to_owned(), at(n))).collect();
            registers.insert("rip".to_owned(), within(7));
            registers.insert("pc".to_owned(), within(7));
            // Every second word is an address of code, so that there is something to follow.
            let words =
                (0..512).map(|n| if n % 2 == 0 { within(n) } else { registers["rsp"].wrapping_add(n * 8) });
            let stack = words.flat_map(u64::to_ne_bytes).collect();
            let start = registers["rsp"] & !7;
            let thread = RawThread { registers, stack: vec![(start, stack)], ..RawThread::default() };
            let thread = resolve_thread(&thread, &mut unwinder, &mut symbols, &modules);
            followed += thread.frames.len();
        }
        assert!(followed > 4000, "{followed}");
    }
}
