//! An engine that turns faults of its guests into traps, installed after the crash reporter, as Wasmtime does.
#![expect(unsafe_code, reason = "a signal handler and a page without rights")]

use std::ffi::c_void;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crashes::Cause;

use crate::child::crash;

const PAGE: usize = 4096;
/// Where the guest may not read.
static GUARD: AtomicUsize = AtomicUsize::new(0);
static TRAPS: AtomicUsize = AtomicUsize::new(0);
static BEFORE: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_guests_fault_stays_a_trap_and_the_hosts_becomes_a_report() {
    let ended = crash("chained");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{}", ended.stderr);
    assert!(ended.stderr.contains("trapped once"), "{}", ended.stderr);
    let report = ended.report.unwrap();
    assert_eq!((report.cause, report.address), (Cause::Segv, Some(16)), "{report}");
    assert!(report.culprit().unwrap().ends_with("fault_on_purpose"), "{report}");
}

pub fn install_engine() {
    // SAFETY: as in any program with a handler: zeroed actions are good, the handler has the type of SA_SIGINFO.
    unsafe {
        let guard = libc::mmap(
            std::ptr::null_mut(),
            PAGE,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert_ne!(guard, libc::MAP_FAILED);
        GUARD.store(guard as usize, Ordering::SeqCst);
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        let mut before: libc::sigaction = std::mem::zeroed();
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, &mut before), 0);
        assert_ne!(before.sa_flags & libc::SA_SIGINFO, 0);
        BEFORE.store(before.sa_sigaction, Ordering::SeqCst);
    }
}

pub fn trap_then_fault() {
    let guard = GUARD.load(Ordering::SeqCst) as *const u8;
    // SAFETY: the handler gives the page rights before the read is tried again.
    let read = unsafe { guard.read_volatile() };
    assert_eq!((read, TRAPS.load(Ordering::SeqCst)), (0, 1));
    eprintln!("trapped once");
    crashes::on_purpose(crashes::How::Segv);
}

extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel's own information; the page is ours; the handler before is one with SA_SIGINFO.
    unsafe {
        let address = (*info).si_addr() as usize;
        let guard = GUARD.load(Ordering::SeqCst);
        if (guard..guard + PAGE).contains(&address) {
            TRAPS.fetch_add(1, Ordering::SeqCst);
            libc::mprotect(guard as *mut c_void, PAGE, libc::PROT_READ);
            return;
        }
        let before: extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void) =
            std::mem::transmute(BEFORE.load(Ordering::SeqCst));
        before(signal, info, context);
    }
}
