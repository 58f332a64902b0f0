//! From saved registers and stack bytes to the addresses of the calls, by the tables (`.eh_frame`) of program and
//! libraries. Runs in another process than the one that crashed, or in it before it goes on.

use framehop::{ExplicitModuleSectionInfo, Unwinder as _};

use crate::modules::Module;
use crate::raw::RawThread;

/// More calls than these are not followed; a stack overflow has a hundred thousand.
const FRAMES_MAX: usize = 128;

#[cfg(target_arch = "aarch64")]
use framehop::aarch64::{CacheAarch64 as Cache, UnwinderAarch64 as Native};
#[cfg(not(target_arch = "aarch64"))]
use framehop::x86_64::{CacheX86_64 as Cache, UnwinderX86_64 as Native};

/// Follows stacks of one process.
pub(crate) struct Unwinder {
    native: Native<Vec<u8>>,
    cache: Cache,
}

/// Where a stack came from, the innermost call first.
pub(crate) struct Trace {
    /// Each with whether it is the address behind a call, rather than the instruction itself.
    pub addresses: Vec<(u64, bool)>,
    pub whole: bool,
}

impl Unwinder {
    pub fn new(modules: &mut [Module]) -> Unwinder {
        let mut native = Native::new();
        for module in modules {
            let text = module.text.take();
            let eh_frame = module.eh_frame.take();
            let eh_frame_hdr = module.eh_frame_hdr.take();
            let range = |section: &Option<crate::modules::Section>| {
                section.as_ref().map(|s| s.address..s.address + s.bytes.len() as u64)
            };
            let info = ExplicitModuleSectionInfo {
                base_svma: module.base,
                text_svma: range(&text),
                eh_frame_svma: range(&eh_frame),
                eh_frame_hdr_svma: range(&eh_frame_hdr),
                text: text.map(|section| section.bytes),
                eh_frame: eh_frame.map(|section| section.bytes),
                eh_frame_hdr: eh_frame_hdr.map(|section| section.bytes),
                ..Default::default()
            };
            let base = module.base.wrapping_add(module.bias);
            native.add_module(framehop::Module::new(module.path.clone(), module.range.clone(), base, info));
        }
        Unwinder { native, cache: Cache::new() }
    }

    pub fn trace(&mut self, thread: &RawThread) -> Trace {
        if !thread.frames.is_empty() {
            let addresses = thread.frames.iter().map(|address| (*address, true)).collect();
            return Trace { addresses, whole: thread.frames.len() < FRAMES_MAX };
        }
        let Some((pc, registers)) = registers(thread) else {
            return Trace { addresses: Vec::new(), whole: false };
        };
        let mut read = |address: u64| {
            let found = thread.stack.iter().find_map(|(start, bytes)| {
                let at = usize::try_from(address.checked_sub(*start)?).ok()?;
                bytes.get(at..)?.first_chunk::<8>()
            });
            found.map(|bytes| u64::from_ne_bytes(*bytes)).ok_or(())
        };
        let mut frames = self.native.iter_frames(pc, registers, &mut self.cache, &mut read);
        let mut addresses = Vec::new();
        let whole = loop {
            match frames.next() {
                Ok(Some(_)) if addresses.len() >= FRAMES_MAX => break false,
                Ok(Some(frame)) => addresses.push((frame.address(), frame.is_return_address())),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Trace { addresses, whole }
    }
}

#[cfg(target_arch = "aarch64")]
fn registers(thread: &RawThread) -> Option<(u64, framehop::aarch64::UnwindRegsAarch64)> {
    let register = |name: &str| thread.registers.get(name).copied();
    let registers =
        framehop::aarch64::UnwindRegsAarch64::new(register("x30")?, register("sp")?, register("x29")?);
    Some((register("pc")?, registers))
}

#[cfg(not(target_arch = "aarch64"))]
fn registers(thread: &RawThread) -> Option<(u64, framehop::x86_64::UnwindRegsX86_64)> {
    let register = |name: &str| thread.registers.get(name).copied();
    let pc = register("rip")?;
    Some((pc, framehop::x86_64::UnwindRegsX86_64::new(pc, register("rsp")?, register("rbp")?)))
}
