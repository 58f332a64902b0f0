//! The listening sockets, ready to be inherited: numbers 3, 4, … in a child, as systemd's protocol has it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use rustix::io::{dup, fcntl_dupfd_cloexec};

use crate::plan::Sockets;

/// Fixed by the protocol.
const FIRST: RawFd = 3;

/// Sockets that any number of children inherit.
pub struct Inheritance {
    /// Beyond the numbers that they take in the child.
    sockets: Vec<OwnedFd>,
    names: String,
    /// Whatever a fork opens for itself must not be where the child puts the sockets: these hold the places.
    _places: Vec<OwnedFd>,
}

impl Inheritance {
    pub fn new(sockets: &Sockets) -> io::Result<Inheritance> {
        let named: Vec<_> = sockets.named().collect();
        let beyond = FIRST + named.len() as RawFd;
        let copies = named.iter().map(|(_, socket)| fcntl_dupfd_cloexec(socket, beyond));
        let copies: Vec<OwnedFd> = copies.collect::<Result<_, _>>()?;
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let mut places = Vec::new();
        if let Some(any) = copies.first() {
            loop {
                // The lowest free number.
                let place = dup(any)?;
                rustix::io::fcntl_setfd(&place, rustix::io::FdFlags::CLOEXEC)?;
                if place.as_raw_fd() >= beyond {
                    break;
                }
                places.push(place);
            }
        }
        Ok(Inheritance { sockets: copies, names: names.join(":"), _places: places })
    }

    /// For `LISTEN_FDS`.
    pub fn count(&self) -> usize {
        self.sockets.len()
    }

    /// For `LISTEN_FDNAMES`.
    pub fn names(&self) -> &str {
        &self.names
    }

    /// From which number to which, in the child.
    pub fn moves(&self) -> Vec<(RawFd, RawFd)> {
        self.sockets.iter().zip(FIRST..).map(|(socket, number)| (socket.as_raw_fd(), number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_places_of_a_child_are_taken_in_the_parent() {
        let any = || TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets = Sockets { http: vec![any(), any()], tcp: vec![], admin: vec![any()] };
        let inheritance = Inheritance::new(&sockets).unwrap();
        assert_eq!((inheritance.count(), inheritance.names()), (3, "http:http:admin"));
        for (from, to) in inheritance.moves() {
            assert!(from >= 6 && (3..6).contains(&to), "{from} to {to}");
        }
    }
}
