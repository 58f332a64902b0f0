//! Reading a segment from its beginning to its end, over whatever is damaged.

use crate::OpenError;
use crate::entry::{self, Entry};
use crate::part::Part;
use crate::segment::{START, check_start};

/// What a scan found.
pub struct Scan {
    pub part: Part,
    /// Where entries cannot be read; the last one may reach to the end.
    pub damages: Vec<Damage>,
}

/// Bytes of a segment that are no entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    pub from: u32,
    pub to: u32,
}

pub fn scan(number: u32, generation: u32, bytes: &[u8]) -> Result<Scan, OpenError> {
    let mut scan = Scan { part: Part::new(number, generation), damages: Vec::new() };
    for_each(number, bytes, |found| match found {
        Found::Entry { entry, offset, length } => scan.part.note(&entry, offset, length),
        Found::Damage(damage) => scan.damages.push(damage),
    })?;
    scan.part.length = bytes.len() as u32;
    Ok(scan)
}

pub enum Found<'a> {
    Entry { entry: Entry<'a>, offset: u32, length: u32 },
    Damage(Damage),
}

/// Tells of everything in a segment, in order.
pub fn for_each<'a>(number: u32, bytes: &'a [u8], mut tell: impl FnMut(Found<'a>)) -> Result<(), OpenError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut offset = START as usize;
    if !check_start(number, bytes)? {
        offset = next_entry(bytes, 0);
        tell(Found::Damage(Damage { from: 0, to: offset as u32 }));
    }
    while offset < bytes.len() {
        match entry::read(&bytes[offset..]) {
            Some((entry, length)) => {
                tell(Found::Entry { entry, offset: offset as u32, length: length as u32 });
                offset += length;
            }
            None => {
                let from = offset;
                offset = next_entry(bytes, from + 1);
                tell(Found::Damage(Damage { from: from as u32, to: offset as u32 }));
            }
        }
    }
    Ok(())
}

/// Where the next whole entry begins; the end if there is none.
fn next_entry(bytes: &[u8], from: usize) -> usize {
    (from..bytes.len()).find(|at| entry::read(&bytes[*at..]).is_some()).unwrap_or(bytes.len())
}
