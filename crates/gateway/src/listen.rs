//! Listening sockets: bound here, or passed on by whoever started the process.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

/// Sockets that listen already. Where there is one, the addresses of its kind are not bound.
///
/// Connections that came while nobody accepted wait in them: that is why a restart refuses nobody.
#[derive(Debug, Default)]
pub struct PassedListeners {
    pub http: Vec<StdListener>,
    pub tcp: Vec<StdListener>,
}

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    pub address: SocketAddr,
    pub source: io::Error,
}

/// Connections that wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// The passed sockets, or else one for each address.
pub fn listen_all(addresses: &[SocketAddr], passed: Vec<StdListener>) -> Result<Vec<TcpListener>, BindError> {
    if passed.is_empty() {
        return addresses.iter().map(|address| listen(*address)).collect();
    }
    passed.into_iter().map(adopt).collect()
}

/// A listening socket as every door of the server has it, for those who bind in another's name, too.
pub fn bind(address: SocketAddr) -> Result<StdListener, BindError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restart finds its port although old connections still linger.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    bind().map_err(|source| BindError { address, source })
}

fn listen(address: SocketAddr) -> Result<TcpListener, BindError> {
    bind(address).map(TcpListener::from_std)
}

fn adopt(socket: StdListener) -> Result<TcpListener, BindError> {
    // Its address is asked for below; here it is for the message only.
    let address = socket.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
    socket.set_nonblocking(true).map_err(|source| BindError { address, source })?;
    Ok(TcpListener::from_std(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_sockets_stand_in_for_addresses() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let passed = bind(any).unwrap();
        let address = passed.local_addr().unwrap();
        // This address is taken: were it bound again, that would fail.
        let listeners = listen_all(&[address], vec![passed]).unwrap();
        assert_eq!(listeners.len(), 1);
        assert_eq!(listeners[0].local_addr().unwrap(), address);
        assert!(listen_all(&[address], Vec::new()).is_err());
        assert_eq!(listen_all(&[any, any], Vec::new()).unwrap().len(), 2);
    }
}
