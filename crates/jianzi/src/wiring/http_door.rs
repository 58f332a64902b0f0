//! Connections that turned out to be ordinary HTTP go from the gateway's thread to the HTTP server's.

use gateway::{HttpConnection, HttpDoor};
use rest::{HttpServer, Peer};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::tls_stream::TlsStream;

pub struct HttpHandOver {
    server: HttpServer,
    runtime: Handle,
}

impl HttpHandOver {
    pub fn new(server: HttpServer, runtime: Handle) -> HttpHandOver {
        HttpHandOver { server, runtime }
    }
}

impl HttpDoor for HttpHandOver {
    fn serve(&self, connection: HttpConnection) {
        let HttpConnection { socket, tls, already_read, address } = connection;
        // The gateway has looked behind the PROXY header already.
        let peer = Peer { ip: address, told: None };
        let Some(tls) = tls else {
            return self.server.spawn(&self.runtime, socket, already_read.into(), peer);
        };
        let server = self.server.clone();
        self.runtime.spawn(async move {
            match TcpStream::from_std(socket) {
                Ok(socket) => {
                    server.serve_connection(TlsStream::new(socket, tls), already_read.into(), peer).await;
                }
                Err(error) => tracing::warn!(event = "http_handover_failed", %error),
            }
        });
    }
}
