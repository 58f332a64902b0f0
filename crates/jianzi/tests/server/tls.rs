//! TLS at the players' door: certificates by configuration, read again when they change.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use prost::Message as _;
use protocol::{HEADER_BYTES, Header, messages, operation};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;
use testkit::{HttpAnswer, Raw, Server, frame};

use crate::support::options;

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A server with TLS, and the folder of its certificate files.
struct Secured {
    server: Server,
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Secured {
    fn start() -> Secured {
        let folder = TempDir::new().unwrap();
        let certificate = write_certificate(&folder);
        let path = |name: &str| folder.path().join(name).display().to_string();
        let options = options().with("TLS__CERT", &path("cert.pem")).with("TLS__KEY", &path("key.pem"));
        Secured { server: Server::start(options), folder, certificate }
    }

    fn connect(&self, name: &str) -> Stream {
        connect(self.server.address(name), &self.certificate).expect("a TLS handshake")
    }

    /// The answer to a request, read to the end of the stream.
    fn request(&self, request: &str) -> HttpAnswer {
        let mut stream = self.connect("http");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an end with a farewell");
        HttpAnswer::read(&answer)
    }

    fn token(&self, name: &str) -> String {
        let body = format!("{{\"code\":\"dev:{name}\"}}");
        let answer = self.request(&format!(
            "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["data"]["token"].as_str().unwrap().to_owned()
    }

    fn log_in(&self, name: &str) -> tungstenite::WebSocket<Stream> {
        let token = self.token(name);
        let (mut socket, _) = tungstenite::client("ws://localhost/ws", self.connect("http")).unwrap();
        let login = messages::Login { token, build: "1.0.0".into(), ..Default::default() };
        socket.send(tungstenite::Message::binary(frame(operation::LOGIN, &login))).unwrap();
        let welcome = socket.read().unwrap().into_data();
        assert_eq!(welcome[3], operation::WELCOME);
        socket
    }

    /// The server is well for others.
    fn still_works(&mut self) {
        assert!(self.server.is_alive());
        echo(&mut self.log_in("still-works"), 9);
    }
}

/// Writes a new certificate for `localhost` into the folder, each file in one step.
fn write_certificate(folder: &TempDir) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    for (name, pem) in [("key.pem", made.signing_key.serialize_pem()), ("cert.pem", made.cert.pem())] {
        let new: PathBuf = folder.path().join(format!("{name}.new"));
        std::fs::write(&new, pem).unwrap();
        std::fs::rename(&new, folder.path().join(name)).unwrap();
    }
    made.cert.der().clone()
}

/// A client that trusts this certificate alone.
fn client(trusted: &CertificateDer<'static>) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap()
}

fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<Stream> {
    let mut tls = client(trusted);
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(testkit::LIMIT))?;
    stream.set_nodelay(true)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(tls, stream))
}

/// Sends a heartbeat and waits for its echo.
fn echo(socket: &mut tungstenite::WebSocket<Stream>, number: u32) {
    let beat = messages::Heartbeat { echo: number, ..Default::default() };
    socket.send(tungstenite::Message::binary(frame(operation::HEARTBEAT, &beat))).unwrap();
    let answer = socket.read().unwrap().into_data();
    assert_eq!(answer[3], operation::HEARTBEAT);
    assert_eq!(messages::Heartbeat::decode(&answer[8..]).unwrap().echo, beat.echo);
}

#[test]
fn login_and_play_over_tls() {
    let secured = Secured::start();
    let mut socket = secured.log_in("a");
    for number in 1..=100 {
        echo(&mut socket, number);
    }
    // Long messages in both directions: many TLS records each.
    let value = "x".repeat(50_000);
    let body = messages::Property { key: "k".into(), value }.encode_to_vec().into();
    let call = messages::Call { id: 1, method: "echo".into(), deadline_ms: 0, body };
    socket.send(tungstenite::Message::binary(frame(operation::CALL, &call))).unwrap();
    let answer = messages::Answer::decode(&socket.read().unwrap().into_data()[8..]).unwrap();
    assert!(answer.error.is_none());
    assert_eq!(answer.body, call.body);

    // The same protocol without WebSocket.
    let mut tcp = secured.connect("tcp");
    let login = messages::Login { token: secured.token("b"), ..Default::default() };
    tcp.write_all(&frame(operation::LOGIN, &login)).unwrap();
    let mut header = [0; HEADER_BYTES];
    tcp.read_exact(&mut header).unwrap();
    let header = Header::decode(header, u32::MAX).unwrap();
    assert_eq!(header.operation, operation::WELCOME);

    // Pages too, longer than one record.
    let page = secured.request("GET /play/play.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(page.status, 200);
    assert!(page.text.len() > 20_000, "{} bytes", page.text.len());
}

#[test]
fn new_certificates_are_taken_up_while_old_connections_go_on() {
    let mut secured = Secured::start();
    let mut old_connection = secured.log_in("a");
    let address = secured.server.address("http");
    let old = secured.certificate.clone();
    let new = write_certificate(&secured.folder);
    assert_ne!(old, new);
    testkit::eventually("the new certificate", || connect(address, &new).ok());
    secured.certificate = new.clone();
    let stream = secured.connect("http");
    assert_eq!(stream.conn.peer_certificates().unwrap()[0], new);
    assert!(connect(address, &old).is_err(), "nobody gets the old one any more");
    echo(&mut old_connection, 1);
    secured.log_in("b");

    // Files that do not work are said, and change nothing.
    std::fs::write(secured.folder.path().join("cert.pem"), "not a certificate").unwrap();
    testkit::eventually("a complaint", || secured.server.events("certificates_unusable").first().cloned());
    secured.still_works();
    echo(&mut old_connection, 2);
    // A key that belongs to another certificate neither.
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(secured.folder.path().join("cert.pem"), stranger.cert.pem()).unwrap();
    let complaints = secured.server.events("certificates_unusable").len();
    testkit::eventually("another complaint", || {
        (secured.server.events("certificates_unusable").len() > complaints).then_some(())
    });
    secured.still_works();
    // Good ones are taken up again afterwards.
    secured.certificate = write_certificate(&secured.folder);
    testkit::eventually("the third certificate", || connect(address, &secured.certificate).ok());
    echo(&mut old_connection, 3);
}

#[test]
fn what_is_not_tls_is_ended_and_harms_nobody() {
    let mut secured = Secured::start();
    for port in ["http", "tcp"] {
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"\x12\x34\x01\x0A\0\0\0\0",
            &[0x16, 3, 1, 0xFF, 0xFF, 1, 2, 3],
            &[0x16, 3, 3, 0, 4, 1, 0, 0, 0],
            &[0; 1000],
            &[0xFF; 1000],
        ] {
            let mut raw = Raw::connect(secured.server.address(port));
            raw.send(bytes);
            raw.stream().shutdown(std::net::Shutdown::Write).unwrap();
            let said = raw.read_to_end();
            assert!(said.is_empty() || said[0] == 0x15, "nothing, or a TLS alert: {said:?}");
        }
    }
    secured.still_works();
}

/// A handshake, and a session, cut off after every few bytes.
#[test]
fn tls_may_be_cut_off_anywhere() {
    let mut secured = Secured::start();
    // A client's first words, recorded.
    let mut client = client(&secured.certificate);
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    for length in (0..hello.len()).step_by(5) {
        let mut raw = Raw::connect(secured.server.address("http"));
        raw.send(&hello[..length]);
        raw.stream().shutdown(std::net::Shutdown::Write).unwrap();
        raw.read_to_end();
    }
    // Half of a record after a good handshake, then the end without a farewell.
    let mut stream = secured.connect("http");
    let mut record = Vec::new();
    stream.conn.writer().write_all(b"GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.conn.write_tls(&mut record).unwrap();
    stream.sock.write_all(&record[..record.len() / 2]).unwrap();
    stream.sock.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    let _ = stream.sock.read_to_end(&mut rest);
    // A session whose record was changed on the way: its end, nobody else's.
    let mut socket = secured.log_in("a");
    let stream = socket.get_mut();
    let mut record = Vec::new();
    stream.conn.writer().write_all(&[1; 100]).unwrap();
    stream.conn.write_tls(&mut record).unwrap();
    record[20] ^= 1;
    stream.sock.write_all(&record).unwrap();
    testkit::eventually("the end of the connection", || match stream.sock.read(&mut [0; 100]) {
        Ok(0) | Err(_) => Some(()),
        Ok(_) => None,
    });
    let open = "jianzi_gateway_connections_open{listener=\"http\"}";
    testkit::eventually("all are forgotten", || (secured.server.metric(open) == 0.0).then_some(()));
    secured.still_works();
}

/// Bytes of TLS one at a time.
#[test]
fn a_slow_handshake_succeeds() {
    let secured = Secured::start();
    let mut stream = TcpStream::connect(secured.server.address("http")).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(testkit::LIMIT)).unwrap();
    let mut tls = client(&secured.certificate);
    let send = |tls: &mut ClientConnection, stream: &mut TcpStream| {
        let mut bytes = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut bytes).unwrap();
        }
        for byte in bytes {
            stream.write_all(&[byte]).unwrap();
        }
    };
    while tls.is_handshaking() {
        send(&mut tls, &mut stream);
        if tls.wants_read() && tls.is_handshaking() {
            tls.read_tls(&mut stream).unwrap();
            tls.process_new_packets().unwrap();
        }
    }
    tls.writer()
        .write_all(b"GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    send(&mut tls, &mut stream);
    let mut answer = Vec::new();
    StreamOwned::new(tls, stream).read_to_end(&mut answer).unwrap();
    assert_eq!(HttpAnswer::read(&answer).status, 200);
}
