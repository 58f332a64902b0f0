//! What the server tells: `READY=1`, `WATCHDOG=1`, and with `STATUS=` why it ends; each with the number of the process that
//! says it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

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
    last_words: Arc<LastWords>,
}

/// What the last process said that had something to say, with its number.
#[derive(Default)]
struct LastWords {
    said: Mutex<Option<(u32, String)>>,
    heard: Condvar,
}

impl Notices {
    /// `hear` is called with the process's number, on a thread of its own that ends with this process.
    pub fn listen(path: PathBuf, hear: impl Fn(u32, Notice) + Send + 'static) -> io::Result<Notices> {
        make_way(&path)?;
        let socket = UnixDatagram::bind(&path)?;
        let last_words = Arc::new(LastWords::default());
        let words = last_words.clone();
        std::thread::Builder::new().name("notices".to_owned()).spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(length) = socket.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]);
                let Some(process) = process_of(&text) else { continue };
                if let Some(why) = why_in(&text) {
                    *words.said.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some((process, why.to_owned()));
                    words.heard.notify_all();
                }
                notices_in(&text).for_each(|notice| hear(process, notice));
            }
        })?;
        Ok(Notices { path, last_words })
    }

    /// Why a process said to end that has ended: what it said may arrive a moment after that was seen.
    pub fn why(&self, process: u32, within: Duration) -> Option<String> {
        let said = self.last_words.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_another =
            |said: &mut Option<(u32, String)>| said.as_ref().is_none_or(|(by, _)| *by != process);
        let waited = self.last_words.heard.wait_timeout_while(said, within, is_another);
        let mut said = waited.unwrap_or_else(PoisonError::into_inner).0;
        said.take_if(|(by, _)| *by == process).map(|(_, why)| why)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn process_of(text: &str) -> Option<u32> {
    text.lines().find_map(|line| line.strip_prefix("MAINPID="))?.parse().ok()
}

/// A process that is ready or alive has no reason to end.
fn why_in(text: &str) -> Option<&str> {
    let why = text.lines().find_map(|line| line.strip_prefix("STATUS="))?;
    notices_in(text).next().is_none().then_some(why)
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
        assert_eq!((why_in(text), why_in("STATUS=no disk\nMAINPID=17")), (None, Some("no disk")));
    }

    #[test]
    fn last_words_are_waited_for_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let notices = Notices::listen(path.clone(), |_, _| {}).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        let (soon, long) = (Duration::from_millis(5), Duration::from_secs(20));
        assert_eq!(notices.why(17, soon), None);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| notices.why(17, long));
            socket.send_to(b"STATUS=of another\nMAINPID=16", &path).unwrap();
            socket.send_to(b"STATUS=no disk\nMAINPID=17", &path).unwrap();
            assert_eq!(waiting.join().unwrap().as_deref(), Some("no disk"));
        });
        assert_eq!(notices.why(17, soon), None);
    }
}
