//! Where the other threads stand: each is asked, by a signal of its own, to write itself into the report.

use std::ffi::c_void;
use std::sync::atomic::{AtomicI32, Ordering};

use super::out::Out;
use super::registers;

/// Bytes of an other thread's stack.
const STACK_BYTES: usize = 16 << 10;
const THREADS_MAX: usize = 64;
/// How long one thread is waited for: pauses of 100 µs.
const PAUSES: usize = 100;

/// The signal that asks; 0 before [`install`].
static SIGNAL: AtomicI32 = AtomicI32::new(0);
/// Whose turn it is to write; negated once it has written.
static TURN: AtomicI32 = AtomicI32::new(0);
static FILE: AtomicI32 = AtomicI32::new(-1);

pub(super) fn install() {
    let signal = libc::SIGRTMAX() - 3;
    // SAFETY: a zeroed sigaction is a good one; the handler has the type that SA_SIGINFO asks for.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_asked as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        if libc::sigaction(signal, &action, std::ptr::null_mut()) == 0 {
            SIGNAL.store(signal, Ordering::SeqCst);
        }
    }
}

/// The name of a thread of this process, as far as 15 bytes of it go.
pub(super) fn write_name(out: Out, thread: i32) {
    let mut path = [0_u8; 48];
    let mut end = put(&mut path, 0, b"/proc/self/task/");
    end = put_number(&mut path, end, thread as u32);
    put(&mut path, end, b"/comm");
    // The array ends with zeros. The kernel's file ends with a line end.
    if let Ok(path) = std::ffi::CStr::from_bytes_until_nul(&path) {
        out.copy_of(path);
    }
}

/// Asks the other threads, one after the other.
pub(super) fn write_others(out: Out, me: i32) {
    let signal = SIGNAL.load(Ordering::SeqCst);
    if signal == 0 {
        return;
    }
    FILE.store(out.0, Ordering::SeqCst);
    let mut asked = 0;
    for_each_thread(|thread| {
        if thread != me && asked < THREADS_MAX {
            asked += 1;
            ask(thread, signal);
        }
    });
    TURN.store(0, Ordering::SeqCst);
}

fn ask(thread: i32, signal: i32) {
    TURN.store(thread, Ordering::SeqCst);
    // SAFETY: numbers only. A thread that has ended meanwhile is an error that does not matter.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) };
    if sent != 0 {
        return;
    }
    let pause = libc::timespec { tv_sec: 0, tv_nsec: 100_000 };
    for _ in 0..PAUSES {
        if TURN.load(Ordering::SeqCst) == -thread {
            return;
        }
        // SAFETY: a timespec of ours.
        unsafe { libc::nanosleep(&pause, std::ptr::null_mut()) };
    }
}

extern "C" fn on_asked(_signal: i32, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: no argument.
    let me = unsafe { libc::gettid() };
    // Too late: the next one is writing, or all is over.
    if TURN.load(Ordering::SeqCst) != me {
        return;
    }
    let out = Out(FILE.load(Ordering::SeqCst));
    out.text("thread ").number(me as u64).text(" ");
    write_name(out, me);
    // SAFETY: the kernel's own context.
    let stack = unsafe { registers::write(out, context) };
    out.stack(stack, STACK_BYTES);
    TURN.store(-me, Ordering::SeqCst);
}

/// Calls `each` with the ids in `/proc/self/task`.
fn for_each_thread(mut each: impl FnMut(i32)) {
    /// Offsets in `struct linux_dirent64`: length of the entry, then its name.
    const LENGTH_AT: usize = 16;
    const NAME_AT: usize = 19;

    // SAFETY: `open`, `getdents64` and `close` are calls to the kernel; the buffer is ours.
    unsafe {
        let folder =
            libc::open(c"/proc/self/task".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC);
        if folder < 0 {
            return;
        }
        let mut buffer = [0_u8; 512];
        loop {
            let read = libc::syscall(libc::SYS_getdents64, folder, buffer.as_mut_ptr(), buffer.len());
            let Ok(read @ 1..) = usize::try_from(read) else { break };
            let mut at = 0;
            while let Some(entry) = buffer[..read].get(at..).filter(|entry| entry.len() > NAME_AT) {
                let length = u16::from_ne_bytes([entry[LENGTH_AT], entry[LENGTH_AT + 1]]);
                if let Some(thread) = read_number(&entry[NAME_AT..]) {
                    each(thread);
                }
                at += usize::from(length.max(1));
            }
        }
        libc::close(folder);
    }
}

fn read_number(text: &[u8]) -> Option<i32> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    let number =
        digits.fold(0_i32, |number, digit| number.wrapping_mul(10).wrapping_add(i32::from(digit - b'0')));
    (number > 0).then_some(number)
}

fn put(path: &mut [u8; 48], at: usize, bytes: &[u8]) -> usize {
    let end = (at + bytes.len()).min(path.len());
    for (place, byte) in path[at..end].iter_mut().zip(bytes) {
        *place = *byte;
    }
    end
}

fn put_number(path: &mut [u8; 48], at: usize, number: u32) -> usize {
    let mut divisor = 1;
    while number / divisor >= 10 {
        divisor *= 10;
    }
    let mut at = at;
    while divisor > 0 {
        at = put(path, at, &[b'0' + (number / divisor % 10) as u8]);
        divisor /= 10;
    }
    at
}
