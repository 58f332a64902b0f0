//! One file of the log.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use model::Partition;

use crate::OpenError;
use crate::blocks::{BLOCK_BYTES, Blocks};
use crate::entry::{self, Entry, FRAME, State};
use crate::folder::{File, Folder};

/// What is written now, and the oldest that is still read: the one before.
pub const FORMAT: u16 = 1;
pub const OLDEST_FORMAT: u16 = 1;
const MAGIC: &[u8; 4] = b"jzlg";
/// A segment that is being begun.
const NEW: &str = "segment.new";
/// The magic, the format, and the format with its bits turned over; entries follow.
pub const START: u32 = 8;

pub struct Segment {
    pub number: u32,
    pub generation: u32,
    pub file: Arc<dyn File>,
    trust: Mutex<Trust>,
}

/// Whether what is in the file can be brought to the disk by a sync.
#[derive(Clone, Copy, PartialEq)]
enum Trust {
    Sound,
    /// An earlier process wrote it. Had that one died of a failed sync, it would be there only as long as the power is.
    Inherited,
    /// The file system tells of a failed sync only once, and forgets then what was to be written: from there on nothing
    /// of this file is believed to be on the disk.
    Failed,
}

impl Segment {
    /// A segment with nothing but its head; returns its length as well.
    pub fn create(
        folder: &dyn Folder,
        number: u32,
        generation: u32,
        before: u32,
        states: Vec<(Partition, State)>,
    ) -> io::Result<(Segment, u32)> {
        let mut bytes = start();
        entry::append(&mut bytes, &Entry::Head { number, generation, before, states });
        // An earlier try may have left a manifest that names it: it is there whole at any moment.
        let file = folder.put(NEW, &bytes)?;
        folder.rename(NEW, &log_name(number, generation))?;
        Ok((Segment::new(number, generation, file), bytes.len() as u32))
    }

    /// A segment that holds this, synced.
    pub fn write(folder: &dyn Folder, number: u32, generation: u32, bytes: &[u8]) -> io::Result<Segment> {
        let file = folder.put(&log_name(number, generation), bytes)?;
        Ok(Segment::new(number, generation, file))
    }

    pub fn open(folder: &dyn Folder, number: u32, generation: u32) -> io::Result<Segment> {
        Ok(Segment::new(number, generation, folder.open(&log_name(number, generation))?))
    }

    fn new(number: u32, generation: u32, file: Arc<dyn File>) -> Segment {
        Segment { number, generation, file, trust: Mutex::new(Trust::Sound) }
    }

    /// Makes all that was written outlive the power.
    pub fn sync(&self) -> io::Result<()> {
        let mut trust = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        if *trust != Trust::Sound {
            return Err(io::Error::other(format!("segment {} could not be synced before", self.number)));
        }
        let synced = self.file.sync();
        if synced.is_err() {
            *trust = Trust::Failed;
        }
        synced
    }

    /// What an earlier process left is written again before it counts as synced.
    pub fn inherit(&self) {
        *self.trust.lock().unwrap_or_else(PoisonError::into_inner) = Trust::Inherited;
    }

    pub fn is_suspect(&self) -> bool {
        self.trust() != Trust::Sound
    }

    /// Its content goes into a file of its own: an error only where a sync has failed.
    pub fn tell_written_again(&self) {
        let segment = self.number;
        match self.trust() {
            Trust::Failed => tracing::error!(event = "journal_segment_written_again", segment),
            _ => tracing::debug!(event = "journal_segment_written_again", segment),
        }
    }

    fn trust(&self) -> Trust {
        *self.trust.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads one entry into `buffer`, whose bytes serve again for an entry close by. With `blocks` only for a segment that
    /// nobody writes any more.
    pub fn read<'b>(
        &self,
        offset: u32,
        buffer: &'b mut Window,
        blocks: Option<&Blocks>,
    ) -> Result<Entry<'b>, String> {
        let entry = buffer.read(self, offset, blocks).and_then(entry::read);
        entry.map(|(entry, _)| entry).ok_or_else(|| {
            let name = log_name(self.number, self.generation);
            format!("segment {} ({name}), offset {offset}", self.number)
        })
    }
}

/// The part of a segment that was read last.
#[derive(Default)]
pub struct Window {
    of: Option<(u32, u32)>,
    from: u32,
    bytes: Vec<u8>,
    /// In place of `bytes`.
    block: Option<Arc<[u8]>>,
}

const WINDOW_BYTES: usize = 4 << 10;

impl Window {
    fn read(&mut self, segment: &Segment, offset: u32, blocks: Option<&Blocks>) -> Option<&[u8]> {
        if !self.has_entry(segment, offset) {
            self.block = blocks.and_then(|blocks| blocks.around(segment, offset));
            self.of = Some((segment.number, segment.generation));
            self.from = offset - offset % BLOCK_BYTES as u32;
            // It may reach beyond the block.
            if self.block.is_none() || !self.has_entry(segment, offset) {
                self.read_file(segment, offset)?;
            }
        }
        self.behind(offset)
    }

    fn read_file(&mut self, segment: &Segment, offset: u32) -> Option<()> {
        // Until it is read, nothing here is of this place.
        (self.block, self.of, self.from) = (None, None, offset);
        self.bytes.resize(WINDOW_BYTES, 0);
        let read = segment.file.read_up_to(u64::from(offset), &mut self.bytes).ok()?;
        let whole = entry::body_length(&self.bytes[..read])? + FRAME;
        if whole > read {
            self.bytes.resize(whole, 0);
            let more =
                segment.file.read_up_to(u64::from(offset) + read as u64, &mut self.bytes[read..]).ok()?;
            self.bytes.truncate(read + more);
        } else {
            self.bytes.truncate(read);
        }
        self.of = Some((segment.number, segment.generation));
        Some(())
    }

    fn has_entry(&self, segment: &Segment, offset: u32) -> bool {
        self.of == Some((segment.number, segment.generation))
            && self.behind(offset).is_some_and(|rest| {
                entry::body_length(rest).is_some_and(|length| rest.len() >= FRAME + length)
            })
    }

    fn behind(&self, offset: u32) -> Option<&[u8]> {
        let at = offset.checked_sub(self.from)? as usize;
        self.block.as_deref().unwrap_or(&self.bytes).get(at..)
    }
}

/// The first bytes of every segment.
pub fn start() -> Vec<u8> {
    [MAGIC.as_slice(), &FORMAT.to_le_bytes(), &(!FORMAT).to_le_bytes()].concat()
}

/// Is the beginning whole? A segment of a format from the future is not damaged: this program is too old.
pub fn check_start(number: u32, bytes: &[u8]) -> Result<bool, OpenError> {
    let Some([low, high, turned @ ..]) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<4>())
    else {
        return Ok(false);
    };
    let format = u16::from_le_bytes([*low, *high]);
    if u16::from_le_bytes(*turned) != !format {
        return Ok(false);
    }
    if !(OLDEST_FORMAT..=FORMAT).contains(&format) {
        return Err(OpenError::Format { segment: number, format, oldest: OLDEST_FORMAT, newest: FORMAT });
    }
    Ok(true)
}

pub fn log_name(number: u32, generation: u32) -> String {
    format!("{number:08}-{generation}.log")
}

pub fn index_name(number: u32, generation: u32) -> String {
    format!("{number:08}-{generation}.index")
}
