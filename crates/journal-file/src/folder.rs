//! What the journal wants of a file system: few operations, so that a test can break each of them.

use std::io;
use std::sync::Arc;

/// One folder of files. What was not synced may be lost, in any order, when the power is.
pub trait Folder: Send + Sync {
    fn names(&self) -> io::Result<Vec<String>>;
    /// For reading and writing.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;
    /// Makes an empty file, also where there was one.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creating, renaming and removing outlive the power.
    fn sync(&self) -> io::Result<()>;
    /// Names the time since the machine was switched on, if that can be known: as long as it is the same, everything
    /// written is there.
    fn boot(&self) -> Option<String>;
}

/// One file.
pub trait File: Send + Sync {
    /// Bytes.
    fn length(&self) -> io::Result<u64>;
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Makes what was written outlive the power.
    fn sync(&self) -> io::Result<()>;
}

impl dyn Folder + '_ {
    /// A new file that holds this, synced.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> io::Result<Arc<dyn File>> {
        let file = self.create(name)?;
        if let Err(error) = file.write_all_at(0, bytes).and_then(|()| file.sync()) {
            // Half of it would only take space from a full disk. If it stays, the next of its name replaces it.
            let _ = self.remove(name);
            return Err(error);
        }
        Ok(file)
    }
}

impl dyn File {
    pub(crate) fn write_all_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(offset, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = &bytes[written..];
                    offset += written as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads until the buffer is full or the file ends; returns how much was read.
    pub(crate) fn read_up_to(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(offset + filled as u64, &mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    pub(crate) fn read_whole(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.length()? as usize];
        let read = self.read_up_to(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}
