//! Listening sockets that whoever started the process has opened already: systemd's protocol (`LISTEN_FDS`,
//! `LISTEN_FDNAMES`), which our own supervisor speaks, too.

use std::net::TcpListener;

/// Sockets by the door they belong to.
#[derive(Debug, Default)]
pub struct PassedSockets {
    pub http: Vec<TcpListener>,
    pub tcp: Vec<TcpListener>,
    pub admin: Vec<TcpListener>,
}

/// Says which process the supervisor is, and so that the sockets are for its child. A supervisor cannot know the
/// child's number, which systemd writes into `LISTEN_PID`, before the child exists.
pub const SUPERVISOR: &str = "JIANZI_SUPERVISOR";

impl PassedSockets {
    /// None if there are none for this process. Once in a process: later calls find none.
    ///
    /// The error is a sentence: a socket without one of our names, or what is no listening socket.
    #[cfg(unix)]
    pub fn take() -> Result<PassedSockets, String> {
        use std::sync::atomic::{AtomicBool, Ordering};

        static TAKEN: AtomicBool = AtomicBool::new(false);
        let variable = |name: &str| std::env::var(name).ok();
        let count = variable("LISTEN_FDS").and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
        if count == 0 || !are_ours(variable) || TAKEN.swap(true, Ordering::SeqCst) {
            return Ok(PassedSockets::default());
        }
        let names = variable("LISTEN_FDNAMES").unwrap_or_default();
        let names: Vec<&str> = names.split(':').collect();
        let mut sockets = PassedSockets::default();
        for index in 0..count {
            let listener = unix::adopt(index)
                .map_err(|error| format!("socket {index} of LISTEN_FDS cannot be used: {error}"))?;
            match names.get(index).copied() {
                Some("http") => sockets.http.push(listener),
                Some("tcp") => sockets.tcp.push(listener),
                Some("admin") => sockets.admin.push(listener),
                other => {
                    let named = other.unwrap_or("no name");
                    return Err(format!(
                        "LISTEN_FDNAMES gives socket {index} {named:?}; it is http, tcp or admin \
                         (FileDescriptorName= in a .socket unit)"
                    ));
                }
            }
        }
        Ok(sockets)
    }

    #[cfg(not(unix))]
    pub fn take() -> Result<PassedSockets, String> {
        Ok(PassedSockets::default())
    }
}

/// Variables are inherited by children of children; the numbers tell for whom they were meant.
#[cfg(unix)]
fn are_ours(variable: impl Fn(&str) -> Option<String>) -> bool {
    match variable("LISTEN_PID") {
        Some(meant) => meant == std::process::id().to_string(),
        None => is_supervisor(&variable(SUPERVISOR).unwrap_or_default()),
    }
}

#[cfg(unix)]
fn is_supervisor(process: &str) -> bool {
    process == std::os::unix::process::parent_id().to_string()
}

#[cfg(unix)]
mod unix {
    #![expect(unsafe_code, reason = "inherited file descriptors have no owner until somebody claims them")]

    use std::io;
    use std::net::TcpListener;
    use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

    use rustix::io::{FdFlags, fcntl_setfd};

    /// Fixed by the protocol.
    const FIRST: i32 = 3;

    pub fn adopt(index: usize) -> io::Result<TcpListener> {
        let number = FIRST + index as i32;
        // SAFETY: only looked at here; a number that is no open file gives an error.
        let inherited = unsafe { BorrowedFd::borrow_raw(number) };
        fcntl_setfd(inherited, FdFlags::CLOEXEC)?;
        // SAFETY: the descriptor is open, was passed to this process to be owned, and `take` runs once.
        let listener = TcpListener::from(unsafe { OwnedFd::from_raw_fd(number) });
        listener.local_addr()?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn sockets_meant_for_another_process_are_left_alone() {
        let own = std::process::id().to_string();
        let parent = std::os::unix::process::parent_id().to_string();
        let with = |listen: Option<&str>, supervisor: Option<&str>| {
            are_ours(|name| match name {
                "LISTEN_PID" => listen.map(str::to_owned),
                SUPERVISOR => supervisor.map(str::to_owned),
                _ => None,
            })
        };
        assert!(with(Some(&own), None) && with(Some(&own), Some("1")));
        assert!(with(None, Some(&parent)));
        assert!(!with(Some("1"), Some(&parent)) && !with(None, Some(&own)) && !with(None, None));
    }
}
