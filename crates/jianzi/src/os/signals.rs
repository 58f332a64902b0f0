//! Why the process is to end, and the signals that say so.

use tokio::sync::mpsc::UnboundedSender;

/// Why the process is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SIGTERM or Ctrl-C: rooms may come to their end, players are told.
    End,
    /// SIGUSR1: somebody takes over in a moment, and reads the rooms from the journal.
    HandOver,
    /// Not by a signal but by the memory guard: like a hand-over, to a successor that begins with less.
    FreeMemory,
}

/// Listens from now on, within a runtime; whoever holds the other end hears of it.
#[cfg(unix)]
pub fn listen(tell: &UnboundedSender<Asked>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let signals = [
        (SignalKind::terminate(), Asked::End),
        (SignalKind::interrupt(), Asked::End),
        (SignalKind::user_defined1(), Asked::HandOver),
    ];
    for (kind, asked) in signals {
        let (mut signal, tell) = (signal(kind)?, tell.clone());
        tokio::spawn(async move { while signal.recv().await.is_some() && tell.send(asked).is_ok() {} });
    }
    Ok(())
}

#[cfg(not(unix))]
pub fn listen(tell: &UnboundedSender<Asked>) -> std::io::Result<()> {
    let tell = tell.clone();
    tokio::spawn(
        async move { while tokio::signal::ctrl_c().await.is_ok() && tell.send(Asked::End).is_ok() {} },
    );
    Ok(())
}
