//! Panics: one in a vital thread ends the process, any other is reported and the process goes on.

use std::fmt::Write as _;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::install::{Vital, place};
use crate::{folder, lines, rooms, time};

/// Panics reported by one process; a bug that repeats itself must not fill the disk.
const REPORTED_MAX: usize = 8;

/// Calls that are followed.
#[cfg(unix)]
const FRAMES_MAX: usize = 128;

/// The hook that was there, which prints, comes first.
pub(crate) fn install(vital: Vital) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        before(info);
        let words = words(info);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        if vital.iter().any(|beginning| name.starts_with(beginning)) {
            end(&words);
        }
        outlived(name, &words);
    }));
}

fn words(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no words)");
    match info.location() {
        Some(place) => format!("{text} ({}:{})", place.file(), place.line()),
        None => text.to_owned(),
    }
}

/// The handler of SIGABRT writes the report, with these words.
fn end(words: &str) {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    crate::linux::say_before_abort(words);
    let _ = words;
    std::process::abort();
}

fn outlived(thread: &str, words: &str) {
    static REPORTED: AtomicUsize = AtomicUsize::new(0);
    let Some(place) = place() else { return };
    if REPORTED.fetch_add(1, Ordering::Relaxed) >= REPORTED_MAX {
        return;
    }
    let now = time::wall_ms();
    let mut text = place.beginning.clone();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "crash 0 0 0 0 {now}\nthread 0 {thread}");
    for address in frames() {
        let _ = writeln!(text, "frame {address}");
    }
    let _ = writeln!(text, "message {}\n{words}", words.len());
    for (slot, row) in rooms::rows() {
        let within = u8::from(row.within);
        let _ = writeln!(text, "room {slot} {} {within} {}\n{}", row.tick, row.room.len(), row.room);
    }
    for line in lines::texts() {
        let _ = writeln!(text, "line {}\n{line}", line.len());
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let _ = writeln!(text, "maps\n{}\nmaps-end\nend", maps.trim_end());
    let number = REPORTED.load(Ordering::Relaxed);
    let name = format!("{}{}-{}-{number}.raw", folder::PANICKED, time::for_file(now), std::process::id());
    let written = folder::private(&place.folder.join(&name)).and_then(|mut file| {
        use std::io::Write as _;
        file.write_all(text.as_bytes())
    });
    if written.is_ok() {
        // Unwinding ends this thread soon; names are looked up by another. If it cannot start, the next process does it.
        let finish = move || drop(folder::complete_one(&place.folder, &name, None));
        let _ = std::thread::Builder::new().name("crash-report".into()).spawn(finish);
    }
}

/// The calls that led here, as addresses behind calls.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the standard library gives text, not addresses, and takes the time of names")]
fn frames() -> Vec<u64> {
    use std::ffi::{c_int, c_void};

    // The unwinder that every Rust program with unwinding panics is linked with.
    unsafe extern "C" {
        fn _Unwind_Backtrace(
            step: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
            argument: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }
    extern "C" fn step(context: *mut c_void, argument: *mut c_void) -> c_int {
        const GO_ON: c_int = 0;
        const STOP: c_int = 5;
        // SAFETY: `argument` is the vector below, alive and used by this call alone; the context is the unwinder's.
        let (frames, address) = unsafe { (&mut *argument.cast::<Vec<u64>>(), _Unwind_GetIP(context)) };
        frames.push(address as u64);
        if frames.len() < FRAMES_MAX { GO_ON } else { STOP }
    }
    let mut frames: Vec<u64> = Vec::with_capacity(FRAMES_MAX);
    // SAFETY: `step` has the type that the unwinder calls, and `frames` outlives the call.
    unsafe { _Unwind_Backtrace(step, (&raw mut frames).cast()) };
    frames
}

#[cfg(not(unix))]
fn frames() -> Vec<u64> {
    Vec::new()
}
