//! Parts of the log kept in memory while rooms are rebuilt. The records of one room lie scattered over all of it, and a
//! system call for each would cost more than all the rest of a rebuild.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::log::guard;
use crate::segment::Segment;

pub const BLOCK_BYTES: usize = 64 << 10;

/// Keeps what was read until it is full; the rest of a longer log is read from its files. Nothing is given up for
/// something else: each room goes through the log from its beginning to its end, so that would never be there again.
pub struct Blocks {
    /// `None` once nobody rebuilds rooms any more.
    kept: Mutex<Option<HashMap<Key, Arc<[u8]>>>>,
    most: usize,
}

/// Segment, generation, and which of its blocks.
type Key = (u32, u32, u32);

impl Blocks {
    /// `bytes`: how much is kept at most.
    pub fn new(bytes: usize) -> Blocks {
        Blocks { kept: Mutex::new(Some(HashMap::new())), most: bytes / BLOCK_BYTES }
    }

    /// The whole block around an offset, of a segment that nobody writes any more. `None` if it has to be read from the
    /// file: it is the segment's last one, or there is no room for it, or it cannot be read.
    pub fn around(&self, segment: &Segment, offset: u32) -> Option<Arc<[u8]>> {
        let number = offset / BLOCK_BYTES as u32;
        let key = (segment.number, segment.generation, number);
        {
            let kept = guard(&self.kept);
            let kept = kept.as_ref()?;
            if let Some(block) = kept.get(&key) {
                return Some(block.clone());
            }
            if kept.len() >= self.most {
                return None;
            }
        }
        let mut block = vec![0; BLOCK_BYTES];
        let start = u64::from(number) * BLOCK_BYTES as u64;
        let read = segment.file.read_up_to(start, &mut block).ok()?;
        let block: Arc<[u8]> = (read == BLOCK_BYTES).then(|| block.into())?;
        if let Some(kept) = guard(&self.kept).as_mut() {
            kept.insert(key, block.clone());
        }
        Some(block)
    }

    /// From now on everything is read from its file.
    pub fn give_up(&self) {
        guard(&self.kept).take();
    }
}
