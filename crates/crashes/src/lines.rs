//! The last log lines: a fixed ring that any thread writes without a lock and the signal handler reads.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How many lines are remembered.
pub(crate) const LINES: usize = 64;

/// Longest line, in bytes; the rest is cut.
const LINE_BYTES: usize = 512;
const WORDS: usize = LINE_BYTES / 8;

/// Remembers one line; for the log's writer.
pub fn remember_line(line: &[u8]) {
    let line = line.trim_ascii_end();
    let line = &line[..line.len().min(LINE_BYTES)];
    let turn = NEXT.fetch_add(1, Ordering::Relaxed);
    let place = &RING[turn as usize % LINES];
    place.turn.store(0, Ordering::Release);
    let mut rest = line;
    for word in &place.words[..line.len().div_ceil(8)] {
        let mut bytes = [0_u8; 8];
        let (now, later) = rest.split_at(rest.len().min(8));
        bytes[..now.len()].copy_from_slice(now);
        word.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
        rest = later;
    }
    place.length.store(line.len() as u32, Ordering::Relaxed);
    place.turn.store(turn + 1, Ordering::Release);
}

/// A place in the ring. The words hold the line's bytes as they lie in memory.
pub(crate) struct Line {
    /// The line's number, from 1; 0: empty or being written.
    pub turn: AtomicU64,
    pub length: AtomicU32,
    pub words: [AtomicU64; WORDS],
}

pub(crate) static RING: [Line; LINES] = [const {
    Line { turn: AtomicU64::new(0), length: AtomicU32::new(0), words: [const { AtomicU64::new(0) }; WORDS] }
}; LINES];

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The places that hold whole lines, the oldest first. Allocates nothing.
pub(crate) fn in_order() -> impl Iterator<Item = &'static Line> {
    let next = NEXT.load(Ordering::Acquire);
    let first = next.saturating_sub(LINES as u64);
    (first..next)
        .map(|turn| (turn, &RING[turn as usize % LINES]))
        .filter(|(turn, line)| line.turn.load(Ordering::Acquire) == turn + 1)
        .map(|(_, line)| line)
}

/// The lines as text, for a report that is made within the process.
pub(crate) fn texts() -> Vec<String> {
    let text = |line: &Line| {
        let mut bytes: Vec<u8> =
            line.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        bytes.truncate(line.length.load(Ordering::Relaxed) as usize);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    in_order().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_stay_in_their_order() {
        for number in 0..200 {
            remember_line(format!("line {number}\n").as_bytes());
        }
        remember_line("x".repeat(LINE_BYTES + 9).as_bytes());
        let texts = texts();
        assert_eq!(texts.len(), LINES);
        assert_eq!(texts[0], format!("line {}", 200 - LINES + 1));
        assert_eq!(texts[LINES - 2], "line 199");
        assert_eq!(texts[LINES - 1], "x".repeat(LINE_BYTES));
    }
}
