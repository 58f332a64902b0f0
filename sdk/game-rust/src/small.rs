//! What the standard library would bring, in a few hundred bytes: an allocator and an end for panics.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::null_mut;

use crate::room::imports::room;

#[global_allocator]
static ALLOCATOR: Blocks = Blocks(UnsafeCell::new(State { next: 0, end: 0, free: [0; CLASSES] }));

/// Blocks of 16 bytes and their doubles. A freed block waits for the next of its size; none is split or joined, so what
/// a game allocates again and again costs nothing new.
struct Blocks(UnsafeCell<State>);

struct State {
    /// What was never given out: from here to `end`.
    next: usize,
    end: usize,
    /// Of each size, the first free block; each names the next.
    free: [usize; CLASSES],
}

const SMALLEST: usize = 16;
const CLASSES: usize = 24;
const PAGE: usize = 65536;

// SAFETY: a module of ABI 1 has one thread.
unsafe impl Sync for Blocks {}

// SAFETY: blocks are as large and as aligned as their class, at least as the layout asks, and no two overlap.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and nothing below allocates.
        let state = unsafe { &mut *self.0.get() };
        let Some(class) = class_of(layout) else { return null_mut() };
        let first = state.free[class];
        if first != 0 {
            // SAFETY: a free block begins with the address of the next.
            state.free[class] = unsafe { *(first as *const usize) };
            return first as *mut u8;
        }
        state.carve(SMALLEST << class)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        let state = unsafe { &mut *self.0.get() };
        let Some(class) = class_of(layout) else { return };
        // SAFETY: the block is ours again, and holds 16 bytes at least.
        unsafe { *(block as *mut usize) = state.free[class] };
        state.free[class] = block as usize;
    }
}

impl State {
    fn carve(&mut self, size: usize) -> *mut u8 {
        if self.next == 0 {
            self.next = heap_base();
            self.end = wasm32::memory_size(0) * PAGE;
        }
        // Aligned to its size up to a page: no layout of a game asks for more.
        let alignment = size.min(PAGE);
        let at = (self.next + alignment - 1) & !(alignment - 1);
        let Some(end) = at.checked_add(size) else { return null_mut() };
        if end > self.end {
            let pages = (end - self.end).div_ceil(PAGE);
            if wasm32::memory_grow(0, pages) == usize::MAX {
                return null_mut();
            }
            self.end += pages * PAGE;
        }
        self.next = end;
        at as *mut u8
    }
}

fn class_of(layout: Layout) -> Option<usize> {
    let size = layout.size().max(layout.align()).max(SMALLEST).checked_next_power_of_two()?;
    let class = (size / SMALLEST).trailing_zeros() as usize;
    (class < CLASSES).then_some(class)
}

fn heap_base() -> usize {
    unsafe extern "C" {
        /// Where the linker's data ends.
        static __heap_base: u8;
    }
    &raw const __heap_base as usize
}

/// Logs the place; the message would bring all of Rust's formatting along.
#[panic_handler]
fn panic(panic: &PanicInfo) -> ! {
    if let Some(place) = panic.location() {
        let mut text = Text { bytes: [0; 96], len: 0 };
        text.push(b"panic at ");
        text.push(place.file().as_bytes());
        text.push(b":");
        text.push_number(place.line());
        room().error(text.as_str());
    }
    wasm32::unreachable()
}

struct Text {
    bytes: [u8; 96],
    len: usize,
}

impl Text {
    fn push(&mut self, more: &[u8]) {
        for byte in more {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = *byte;
                self.len += 1;
            }
        }
    }

    fn push_number(&mut self, number: u32) {
        if number >= 10 {
            self.push_number(number / 10);
        }
        self.push(&[b'0' + (number % 10) as u8]);
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("panic")
    }
}
