//! Ctrl-C and SIGTERM end a run in order, so that children are stopped and results so far are told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Result, bail};
use clock::{Clock, Moment};

/// Catches the signals from here on.
pub fn listen() -> Result<()> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(flag()))?;
    }
    Ok(())
}

/// Fails once a signal has arrived.
pub fn check() -> Result<()> {
    if flag().load(Ordering::Relaxed) {
        bail!("stopped by a signal");
    }
    Ok(())
}

/// Waits until `until`; fails early when a signal arrives.
pub fn wait_until(until: Moment) -> Result<()> {
    let (_sender, never) = sync_channel::<()>(0);
    receive(&never, until).map(|_| ())
}

/// Waits for one message until `until`; `None` when it did not come in time or its sender is gone.
pub fn receive<T>(receiver: &Receiver<T>, until: Moment) -> Result<Option<T>> {
    loop {
        check()?;
        let left = until.since(Clock::System.now());
        if left.is_zero() {
            return Ok(None);
        }
        match receiver.recv_timeout(left.min(Duration::from_millis(50))) {
            Ok(message) => return Ok(Some(message)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn flag() -> &'static Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    FLAG.get_or_init(Arc::default)
}
