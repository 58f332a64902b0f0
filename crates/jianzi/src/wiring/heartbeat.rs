//! Tells whoever started the process that it is ready, and again and again that it still works.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use model::{AppId, RoomId, RoomKey};
use protocol::ErrorCode;
use rooms::Rooms;
use tokio::sync::mpsc::UnboundedSender;

use crate::os::{self, Asked, Notifier};

/// A thread that looks after the server as an outsider would.
pub struct Heartbeat {
    /// Dropped to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// While the rooms are being rebuilt.
const UNTIL_READY: Duration = Duration::from_millis(5);
/// Afterwards, at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Heartbeat {
    /// `shards` is what the rooms were started with; `lost` hears when there is nobody any more who would restart us.
    pub fn start(
        rooms: Arc<Rooms>,
        shards: usize,
        notifier: Arc<Notifier>,
        lost: UnboundedSender<Asked>,
    ) -> std::io::Result<Heartbeat> {
        // The first look, while whoever started us is surely there.
        let _ = os::has_lost_supervisor();
        let watchdog = os::watchdog();
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
            let mut pulse = Pulse::new(rooms.clone(), shards);
            let mut ready = false;
            loop {
                let pause = match (ready, watchdog) {
                    (false, _) => UNTIL_READY,
                    (true, Some(within)) => (within / 4).min(LONGEST_PAUSE),
                    (true, None) => LONGEST_PAUSE,
                };
                if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                // A journal that is full is for `/readyz` to say: to be started again would not help.
                if !ready && rooms.counts().recovering == 0 {
                    ready = true;
                    notifier.tell("READY=1\nSTATUS=ready");
                }
                if watchdog.is_some() && pulse.is_beating() {
                    notifier.tell("WATCHDOG=1");
                }
                if os::has_lost_supervisor() {
                    let _ = lost.send(Asked::HandOver);
                }
            }
        })?;
        Ok(Heartbeat { stop: Some(stop), thread: Some(thread) })
    }

    pub fn stop(mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Asks every shard for a room that does not exist. The answer comes out of the shard's own turn: a shard that does not
/// turn any more gives none.
struct Pulse {
    rooms: Arc<Rooms>,
    shards: Vec<Shard>,
}

struct Shard {
    room: RoomKey,
    asked: u64,
    answered: Arc<AtomicU64>,
}

impl Pulse {
    fn new(rooms: Arc<Rooms>, shards: usize) -> Pulse {
        let room = |shard: usize| format!("{shard}-watchdog").parse::<RoomId>().ok();
        let shard = |room: RoomId| Shard {
            room: RoomKey { app: AppId::new("jianzi"), room },
            asked: 0,
            answered: Arc::default(),
        };
        // Shard n has the partitions n, n + shards, …
        Pulse { rooms, shards: (0..shards).filter_map(room).map(shard).collect() }
    }

    /// Whether every shard has answered since the last call; asks again.
    fn is_beating(&mut self) -> bool {
        let mut beating = true;
        for shard in &mut self.shards {
            if shard.answered.load(Ordering::Acquire) < shard.asked {
                beating = false;
                continue;
            }
            shard.asked += 1;
            let (answered, number) = (shard.answered.clone(), shard.asked);
            let done = move |view: Result<_, protocol::Fault>| {
                // A full mailbox is refused at the door: no sign of life.
                if view.is_err_and(|fault| fault.code == ErrorCode::RoomUnknown) {
                    answered.store(number, Ordering::Release);
                }
            };
            self.rooms.view(shard.room.clone(), Box::new(done));
        }
        beating
    }
}

#[cfg(test)]
mod tests {
    use clock::{Chance, Clock};
    use gateway::{SessionLimits, Sessions};
    use journal_file::{FileJournal, FileJournalConfig};
    use link::LocalLink;
    use rooms::RoomsConfig;
    use telemetry::Metrics;
    use testkit::eventually;

    use super::*;

    #[test]
    fn one_shard_that_hangs_is_missed_among_others_that_turn() {
        let folder = tempfile::tempdir().unwrap();
        let rooms = start(folder.path());
        for hanging in ["0-hanging", "1-hanging", "2-hanging"] {
            let mut pulse = Pulse::new(rooms.clone(), 3);
            let (let_go, wait) = channel::<()>();
            let (tell, hangs) = channel();
            let room = RoomKey { app: AppId::new("a"), room: hanging.parse().unwrap() };
            // Answers are given on the shard's own thread.
            rooms.view(
                room,
                Box::new(move |_| {
                    let _ = tell.send(());
                    let _ = wait.recv();
                }),
            );
            hangs.recv().unwrap();
            pulse.is_beating();
            let (missing, answering): (Vec<_>, Vec<_>) = {
                let answered = || pulse.shards.iter().map(|shard| shard.answered.load(Ordering::Acquire));
                eventually("the others answer", || {
                    (answered().filter(|count| *count == 1).count() == 2).then_some(())
                });
                pulse.shards.iter().partition(|shard| shard.answered.load(Ordering::Acquire) == 0)
            };
            assert_eq!((missing.len(), answering.len()), (1, 2), "{hanging}");
            assert_eq!(missing[0].room.room.partition(), hanging[..1].parse::<u16>().unwrap());
            assert!((0..3).all(|_| !pulse.is_beating()), "as long as it hangs, whatever the others do");
            drop(let_go);
            eventually("it turns again", || pulse.is_beating().then_some(()));
        }
        rooms.stop();
    }

    #[test]
    fn shards_that_do_not_turn_give_no_sign_of_life() {
        let folder = tempfile::tempdir().unwrap();
        let rooms = start(folder.path());
        let mut pulse = Pulse::new(rooms.clone(), 3);
        assert!(pulse.is_beating(), "nobody has been asked yet");
        for _ in 0..3 {
            eventually("every shard answers", || pulse.is_beating().then_some(()));
        }
        rooms.stop();
        // What was asked before may have been answered; what is asked now will not be.
        pulse.is_beating();
        assert!(!pulse.is_beating());
    }

    /// Three shards.
    fn start(folder: &std::path::Path) -> Arc<Rooms> {
        let journal = Arc::new(FileJournal::open(folder, FileJournalConfig::default()).unwrap());
        let config = RoomsConfig { shards: 3, epoch: journal.epoch(), ..RoomsConfig::default() };
        let link = LocalLink::new(Arc::new(Sessions::new(SessionLimits::default())));
        let (clock, chance) = (Clock::System, Chance::system());
        Rooms::start(config, clock, chance, journal, Arc::new(link), Arc::new(Metrics::default())).unwrap()
    }
}
