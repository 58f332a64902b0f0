//! The registers of an interrupted thread.

use std::ffi::c_void;

use super::out::Out;

/// Writes the registers and gives the stack pointer.
///
/// # Safety
/// `context` is what the kernel gave the signal handler.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn write(out: Out, context: *mut c_void) -> u64 {
    const NAMES: [(&str, i32); 17] = [
        ("rip", libc::REG_RIP),
        ("rsp", libc::REG_RSP),
        ("rbp", libc::REG_RBP),
        ("rax", libc::REG_RAX),
        ("rbx", libc::REG_RBX),
        ("rcx", libc::REG_RCX),
        ("rdx", libc::REG_RDX),
        ("rsi", libc::REG_RSI),
        ("rdi", libc::REG_RDI),
        ("r8", libc::REG_R8),
        ("r9", libc::REG_R9),
        ("r10", libc::REG_R10),
        ("r11", libc::REG_R11),
        ("r12", libc::REG_R12),
        ("r13", libc::REG_R13),
        ("r14", libc::REG_R14),
        ("r15", libc::REG_R15),
    ];
    // SAFETY: by contract this is a ucontext.
    let registers = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    for (name, at) in NAMES {
        out.text("register ").text(name).text(" ").number(registers[at as usize] as u64).text("\n");
    }
    registers[libc::REG_RSP as usize] as u64
}

/// Writes the registers and gives the stack pointer.
///
/// # Safety
/// `context` is what the kernel gave the signal handler.
#[cfg(target_arch = "aarch64")]
pub(super) unsafe fn write(out: Out, context: *mut c_void) -> u64 {
    // SAFETY: by contract this is a ucontext.
    let state = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    out.text("register pc ").number(state.pc).text("\nregister sp ").number(state.sp).text("\n");
    for (number, value) in state.regs.iter().enumerate() {
        out.text("register x").number(number as u64).text(" ").number(*value).text("\n");
    }
    state.sp
}
