//! What happens when the kernel says that the process is at its end.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicUsize, Ordering};

use super::out::Out;
use super::{registers, threads};
use crate::{lines, rooms, time};

/// Where the report goes; -1: nowhere yet.
pub(super) static FILE: AtomicI32 = AtomicI32::new(-1);

/// Bytes of the crashed thread's stack: some hundred calls.
const STACK_BYTES: usize = 128 << 10;

const SIGNALS: [i32; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];

/// The handlers that were there: for stack overflows the standard library's, which says so and aborts.
static mut BEFORE: [MaybeUninit<libc::sigaction>; SIGNALS.len()] =
    [const { MaybeUninit::uninit() }; SIGNALS.len()];

/// The thread that crashed first; 0 while all is well.
static CRASHED: AtomicI32 = AtomicI32::new(0);

/// Takes the signals. What is installed later, such as a WASM engine's handler, passes on what is not its own.
pub(crate) fn install() {
    threads::install();
    for (place, signal) in SIGNALS.into_iter().enumerate() {
        // SAFETY: a zeroed sigaction is a good one; the handler has the type that SA_SIGINFO asks for; nobody else
        // touches this place of BEFORE before the handler is set.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_crash as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            let before = (&raw mut BEFORE).cast::<libc::sigaction>().add(place);
            libc::sigaction(signal, std::ptr::null(), before);
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// The words of the panic that is about to abort the process.
pub(crate) fn say_before_abort(words: &str) {
    // The process ends: nobody needs the memory again.
    let words: &'static str = Box::leak(words.to_owned().into_boxed_str());
    LAST_WORDS.store(words.as_ptr().cast_mut(), Ordering::SeqCst);
    LAST_WORDS_LENGTH.store(words.len(), Ordering::SeqCst);
}

static LAST_WORDS: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static LAST_WORDS_LENGTH: AtomicUsize = AtomicUsize::new(0);

extern "C" fn on_crash(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: no argument.
    let me = unsafe { libc::gettid() };
    match CRASHED.compare_exchange(0, me, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => report(me, signal, info, context),
        // The second time around: the report itself crashed, or a handler before ours has aborted.
        Err(first) if first == me => {}
        // Another thread is writing, and its end is everybody's.
        Err(_) => loop {
            // SAFETY: no argument.
            unsafe { libc::pause() };
        },
    }
    hand_on(me, signal, info);
}

fn report(me: i32, signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel's own information about this signal.
    let (code, address, sender) = unsafe { ((*info).si_code, (*info).si_addr() as u64, (*info).si_pid()) };
    let by_kernel = code > 0;
    let stderr = Out(libc::STDERR_FILENO);
    stderr.text("jianzi: crashed by signal ").signed(signal);
    if by_kernel {
        stderr.text(" at ").hex(address);
    }
    let file = FILE.load(Ordering::SeqCst);
    if file < 0 {
        stderr.text("; no report: the process was not ready for one\n");
        return;
    }
    let out = Out(file);
    out.text("crash ").signed(signal).text(" ").signed(code).text(" ");
    out.number(if by_kernel { address } else { 0 }).text(" ");
    out.signed(if by_kernel { 0 } else { sender }).text(" ").number(time::wall_ms()).text("\n");
    out.text("thread ").number(me as u64).text(" ");
    threads::write_name(out, me);
    // SAFETY: the kernel's own context.
    let stack = unsafe { registers::write(out, context) };
    write_last_words(out);
    write_rooms(out);
    write_lines(out);
    out.text("maps\n").copy_of(c"/proc/self/maps");
    out.text("maps-end\n").stack(stack, STACK_BYTES);
    threads::write_others(out, me);
    out.text("end\n");
    stderr.text("; the report is among the crashes in the data folder\n");
}

fn write_last_words(out: Out) {
    let words = LAST_WORDS.load(Ordering::SeqCst);
    let length = LAST_WORDS_LENGTH.load(Ordering::SeqCst);
    if !words.is_null() {
        out.text("message ").number(length as u64).text("\n");
        out.memory(words.cast(), length);
        out.text("\n");
    }
}

fn write_rooms(out: Out) {
    for (slot, steps) in rooms::TABLE.iter().enumerate() {
        for (row, within) in steps.newest_first() {
            let length = row.length.load(Ordering::Relaxed).min(size_of_val(&row.words) as u32);
            out.text("room ").number(slot as u64).text(" ");
            out.number(u64::from(row.tick.load(Ordering::Relaxed))).text(" ");
            out.number(u64::from(within)).text(" ").number(u64::from(length)).text("\n");
            // The kernel reads what others may be writing; a torn name is better than none.
            out.memory(row.words.as_ptr().cast(), length as usize);
            out.text("\n");
        }
    }
}

fn write_lines(out: Out) {
    for line in lines::in_order() {
        let length = line.length.load(Ordering::Relaxed).min(size_of_val(&line.words) as u32);
        out.text("line ").number(u64::from(length)).text("\n");
        out.memory(line.words.as_ptr().cast(), length as usize);
        out.text("\n");
    }
}

/// Lets the process end as it would have without us: by its signal.
fn hand_on(me: i32, signal: i32, info: *mut libc::siginfo_t) {
    let Some(place) = SIGNALS.iter().position(|known| *known == signal) else { return };
    // SAFETY: `install` has filled this place before this handler could run; a zeroed sigaction is the default action.
    unsafe {
        if (*info).si_code > 0 && signal != libc::SIGABRT {
            // The instruction faults again when we return, and then the handler before ours is asked.
            let before = (&raw const BEFORE).cast::<libc::sigaction>().add(place);
            libc::sigaction(signal, before, std::ptr::null_mut());
        } else {
            let default: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, &default, std::ptr::null_mut());
            // Blocked until we return.
            libc::syscall(libc::SYS_tgkill, libc::getpid(), me, signal);
        }
    }
}
