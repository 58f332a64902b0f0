//! A TCP connection that may say anything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use prost::Message;
use protocol::{HEADER_BYTES, Header};

use crate::wait::LIMIT;

/// A frame as bytes.
pub fn frame(operation: u8, body: &impl Message) -> Vec<u8> {
    let body = body.encode_to_vec();
    let mut bytes = Header { operation, length: body.len() as u32 }.encode().to_vec();
    bytes.extend_from_slice(&body);
    bytes
}

/// A TCP connection without manners.
pub struct Raw {
    stream: TcpStream,
}

impl Raw {
    pub fn connect(address: SocketAddr) -> Raw {
        Raw::over(TcpStream::connect(address).expect("a connection"))
    }

    /// From a socket made elsewhere, for example with an address of its own.
    pub fn over(stream: TcpStream) -> Raw {
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Raw { stream }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        // The server may have hung up already; what it said before is what tests look at.
        let _ = self.stream.write_all(bytes);
    }

    /// The next frame: operation and body. `None` at the end of the stream.
    pub fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; HEADER_BYTES];
        self.stream.read_exact(&mut header).ok()?;
        let header = Header::decode(header, u32::MAX).expect("the server sends good frames");
        let mut body = vec![0; header.length as usize];
        self.stream.read_exact(&mut body).ok()?;
        Some((header.operation, body))
    }

    /// Reads until the server ends the connection, and gives everything it said.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return bytes,
                Ok(length) => bytes.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return bytes,
                Err(error) => panic!("the server did not end the connection: {error}"),
            }
        }
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }
}
