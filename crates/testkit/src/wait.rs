//! Waiting for a condition, with a limit.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Longer than anything takes on a busy machine; a test that reaches it has failed.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within [`LIMIT`].
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    const PAUSE: Duration = Duration::from_millis(5);
    let (_never, pause) = channel::<()>();
    for _ in 0..LIMIT.as_millis() / PAUSE.as_millis() {
        if let Some(answer) = ask() {
            return answer;
        }
        // Nobody ever sends: this is the pause between two looks.
        assert_eq!(pause.recv_timeout(PAUSE), Err(RecvTimeoutError::Timeout));
    }
    panic!("{what}: not within {LIMIT:?}");
}
