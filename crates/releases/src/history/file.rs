//! The file: appended to, read back at the start, cut where a crash tore it.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::chain::read_line;
use super::{BadHistory, Entry, Link, line_of};

/// Writes entries, each durable before the call returns.
pub(crate) struct HistoryFile {
    file: Box<dyn LogFile>,
    link: Link,
    length: u64,
    /// A write failed and what it left could not be cut off: nothing is appended behind it.
    torn: bool,
}

/// What is asked of the file; tests put one in that fails.
pub(crate) trait LogFile: Send {
    /// Appends and makes durable.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the file this long again, durably.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// What a history held.
pub(crate) struct Read {
    pub(crate) entries: Vec<Entry>,
    pub(crate) link: Link,
    /// Of the whole lines, in bytes.
    pub(crate) length: u64,
    /// Bytes behind them that are no whole line.
    pub(crate) torn: u64,
}

impl Read {
    /// Reads as far as the chain goes. Only its very end may be broken, as by a crash in the middle of a write: the end of
    /// a line is what is written last.
    ///
    /// # Errors
    /// A whole line that does not continue the chain.
    pub(crate) fn of(bytes: &[u8]) -> Result<Read, BadHistory> {
        let mut read = Read { entries: Vec::new(), link: Link::start(), length: 0, torn: 0 };
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let number = read.link.seq + 1;
            let line = std::str::from_utf8(&rest[..end])
                .map_err(|_| BadHistory::Line(number, "it is not UTF-8".to_owned()))
                .and_then(|line| read_line(line, &read.link));
            match line {
                Ok((entry, link)) => {
                    read.entries.push(entry);
                    read.link = link;
                    read.length += end as u64 + 1;
                    rest = &rest[end + 1..];
                }
                Err(error) => return Err(error),
            }
        }
        read.torn = rest.len() as u64;
        Ok(read)
    }
}

impl HistoryFile {
    /// Goes on behind what was read; a torn end is cut off, at the latest before anything is appended.
    pub(crate) fn new(mut file: Box<dyn LogFile>, read: &Read) -> HistoryFile {
        let torn = read.torn > 0 && file.cut(read.length).is_err();
        HistoryFile { file, link: read.link.clone(), length: read.length, torn }
    }

    /// The entry that would come next; `seq` and `prev` are filled in.
    pub(crate) fn follow(&self, entry: &mut Entry) {
        entry.seq = self.link.seq + 1;
        entry.prev = self.link.hash.clone();
    }

    /// Appends an entry that [`follow`](HistoryFile::follow) was called for.
    ///
    /// # Errors
    /// Then it is not in the history, and a later call may try again.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        if self.torn {
            self.file.cut(self.length)?;
            self.torn = false;
        }
        let (line, link) = line_of(entry)?;
        if let Err(error) = self.file.append(line.as_bytes()) {
            self.torn = self.file.cut(self.length).is_err();
            return Err(error);
        }
        self.link = link;
        self.length += line.len() as u64;
        Ok(())
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }
}

/// The file on disk.
pub(crate) struct RealFile(File);

impl RealFile {
    /// Opens or makes it.
    pub(crate) fn open(path: &Path) -> io::Result<RealFile> {
        OpenOptions::new().write(true).create(true).truncate(false).open(path).map(RealFile)
    }
}

impl LogFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::End(0))?;
        self.0.write_all(bytes)?;
        self.0.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)?;
        self.0.sync_data()
    }
}
