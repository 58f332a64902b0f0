//! What the server tells: `READY=1`, `WATCHDOG=1`, each with the number of the process that says it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::folder::make_way;

/// One thing told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    Ready,
    Alive,
}

/// The socket behind `NOTIFY_SOCKET`.
pub struct Notices {
    path: PathBuf,
}

impl Notices {
    /// `hear` is called with the process's number, on a thread of its own that ends with this process.
    pub fn listen(path: PathBuf, hear: impl Fn(u32, Notice) + Send + 'static) -> io::Result<Notices> {
        make_way(&path)?;
        let socket = UnixDatagram::bind(&path)?;
        std::thread::Builder::new().name("notices".to_owned()).spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(length) = socket.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]);
                let Some(process) = process_of(&text) else { continue };
                notices_in(&text).for_each(|notice| hear(process, notice));
            }
        })?;
        Ok(Notices { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn process_of(text: &str) -> Option<u32> {
    text.lines().find_map(|line| line.strip_prefix("MAINPID="))?.parse().ok()
}

fn notices_in(text: &str) -> impl Iterator<Item = Notice> {
    text.lines().filter_map(|line| match line {
        "READY=1" => Some(Notice::Ready),
        "WATCHDOG=1" => Some(Notice::Alive),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read() {
        let text = "READY=1\nSTATUS=ready\nMAINPID=17";
        assert_eq!(process_of(text), Some(17));
        assert_eq!(notices_in(text).collect::<Vec<_>>(), [Notice::Ready]);
        assert_eq!(notices_in("WATCHDOG=1").collect::<Vec<_>>(), [Notice::Alive]);
        assert_eq!(process_of("READY=1\nMAINPID=x"), None);
    }
}
