//! Many source addresses: each gives another 28 000 ports, and a server sees clients from more than one place.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use socket2::{Domain, Protocol, Socket, Type};

use crate::sys;

/// How many addresses from 127.0.0.2 on are used; against a server elsewhere the system chooses.
#[derive(Clone, Copy, Debug)]
pub struct Sources(pub u8);

impl Sources {
    /// The address for connection `number`.
    pub fn address(self, number: usize, server: SocketAddr) -> Option<SocketAddr> {
        if !server.ip().is_loopback() || !server.is_ipv4() || self.0 == 0 {
            return None;
        }
        let last = 2 + (number % usize::from(self.0.min(250))) as u8;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0))
    }
}

/// A TCP socket bound to `source`, not connected yet.
pub fn socket(server: SocketAddr, source: Option<SocketAddr>) -> Result<Socket> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))
        .context("open a socket (the file limit of this process may be reached)")?;
    if let Some(source) = source {
        sys::bind_without_port(&socket)?;
        socket.bind(&source.into()).with_context(|| format!("bind to {source}"))?;
    }
    Ok(socket)
}
