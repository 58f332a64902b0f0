//! The clock of last resort: one thread that moves the engine's epoch on, by which calls that take too long are ended.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

const PERIOD: Duration = Duration::from_millis(50);

/// Runs until it is dropped.
pub(crate) struct Ticker {
    /// Closed to stop the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let (stop, stopped) = channel();
        let engine = engine.weak();
        let thread = Builder::new().name("wasm-ticker".to_owned()).spawn(move || run(&engine, &stopped))?;
        Ok(Ticker { stop: Some(stop), thread: Some(thread) })
    }

    /// The epochs after which a call has taken at least so long.
    pub fn epochs(time: Duration) -> u64 {
        // One more, because the first one is already under way.
        time.as_micros().div_ceil(PERIOD.as_micros()) as u64 + 1
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked: it does nothing that may.
            let _ = thread.join();
        }
    }
}

fn run(engine: &EngineWeak, stopped: &Receiver<()>) {
    while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
    }
}
