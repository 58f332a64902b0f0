//! Which segments there are: the truth about the folder.
//!
//! Written whole to a new file, synced, renamed; twice, so that no single damaged file hides the journal. A file of
//! the folder that the manifest does not name is a leftover of something that was not finished, and is removed.

use std::io;

use model::Epoch;

use crate::entry::{FRAME, body_length, checksum};
use crate::folder::Folder;
use crate::segment::{index_name, log_name};
use crate::varint::{put, put_bytes, take, take_bytes, take_u32};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Rises with each writing; of the two copies the higher one holds.
    pub version: u64,
    /// Rises with each opening.
    pub epoch: Epoch,
    /// Of the last opening, see [`Folder::boot`].
    pub boot: String,
    /// Number and generation, in the order of the log.
    pub segments: Vec<(u32, u32)>,
}

const COPIES: [&str; 2] = ["segments", "segments.copy"];
const NEW: &str = "segments.new";
const MAGIC: &[u8; 8] = b"jzsegs\x01\x00";

impl Manifest {
    /// The copies that are whole, the newest last; says whether any file of it was there.
    pub fn read(folder: &dyn Folder) -> io::Result<(Vec<Manifest>, bool)> {
        let (mut copies, mut was_there) = (Vec::new(), false);
        for name in COPIES {
            let bytes = match folder.open(name) {
                Ok(file) => file.read_whole()?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            was_there = true;
            match Manifest::decode(&bytes) {
                Some(found) => copies.push(found),
                None => tracing::error!(event = "journal_manifest_damaged", file = name),
            }
        }
        copies.sort_by_key(|copy| copy.version);
        Ok((copies, was_there))
    }

    /// What was changed holds once this has returned well; after an error either may be read later.
    pub fn write(&mut self, folder: &dyn Folder) -> io::Result<()> {
        self.version += 1;
        let bytes = self.encode();
        for name in COPIES {
            folder.put(NEW, &bytes)?;
            folder.rename(NEW, name)?;
        }
        folder.sync()
    }

    /// The names of the segments and of their indexes.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.segments.iter().flat_map(|(number, generation)| {
            [log_name(*number, *generation), index_name(*number, *generation)]
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put(&mut body, self.version);
        put(&mut body, u64::from(self.epoch));
        put_bytes(&mut body, self.boot.as_bytes());
        put(&mut body, self.segments.len() as u64);
        for (number, generation) in &self.segments {
            put(&mut body, u64::from(*number));
            put(&mut body, u64::from(*generation));
        }
        frame(MAGIC, &body)
    }

    fn decode(bytes: &[u8]) -> Option<Manifest> {
        let bytes = &mut unframe(MAGIC, bytes)?;
        let (version, epoch) = (take(bytes)?, take_u32(bytes)?);
        let boot = std::str::from_utf8(take_bytes(bytes)?).ok()?.to_owned();
        let count = take(bytes)?;
        let one = |bytes: &mut &[u8]| Some((take_u32(bytes)?, take_u32(bytes)?));
        let segments = (0..count).map(|_| one(bytes)).collect::<Option<_>>()?;
        Some(Manifest { version, epoch, boot, segments })
    }
}

/// A small file: what it is, length, checksum, body.
pub fn frame(magic: &[u8; 8], body: &[u8]) -> Vec<u8> {
    let length = body.len() as u32;
    let parts: [&[u8]; 4] = [magic, &length.to_le_bytes(), &checksum(length, body).to_le_bytes(), body];
    parts.concat()
}

/// The body, if the file is whole.
pub fn unframe<'a>(magic: &[u8; 8], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let bytes = bytes.strip_prefix(magic)?;
    let length = body_length(bytes)?;
    let expected = u32::from_le_bytes(bytes.get(4..FRAME)?.try_into().ok()?);
    let body = bytes.get(FRAME..).filter(|body| body.len() == length)?;
    (checksum(length as u32, body) == expected).then_some(body)
}
