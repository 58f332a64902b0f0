//! A crash reporter's handlers, installed before the engine's: a guest's fault is a trap, the host's own goes to the reporter.

use std::process::Command;

use room_core::modules::Call;

use crate::game::{ask, game, image, start, trap, well};

/// What the reporter of this test ends the process with.
const REPORTED: i32 = 77;

#[test]
fn a_guests_fault_is_a_trap_and_the_hosts_is_reported() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "signals::child_with_a_reporter", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(output.contains("the guest trapped and goes on"), "{output}");
    assert_eq!(child.status.code(), Some(REPORTED), "{:?}: {output}", child.status);
}

#[test]
#[ignore = "crashes; run by the test above in a process of its own"]
#[expect(unsafe_code, reason = "signals and a crash on purpose")]
fn child_with_a_reporter() {
    extern "C" fn report(_signal: libc::c_int, _info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
        // SAFETY: allowed in a signal handler.
        unsafe { libc::_exit(REPORTED) }
    }
    // SAFETY: a zeroed sigaction is a valid one, and the handler does nothing but leave.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = report as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut()), 0);
    }
    // The first use of the engine in this process.
    let mut guest =
        start(&game(&[("jz_tick", &well("jz_tick", "(param i32)", "(i32.load (i32.const 0x7fffffff))"))]));
    let before = image(&mut *guest);
    let message = trap(&mut *guest, Call::Tick { number: 1 });
    assert!(message.contains("out of bounds memory access"), "{message}");
    guest.restore(&before).unwrap();
    ask(&mut *guest, Call::Leave { seat: 0, why: 0 });
    println!("the guest trapped and goes on");
    // SAFETY: it is not; that is the point.
    unsafe {
        std::ptr::null::<u32>().wrapping_add(1).read_volatile();
    }
}
