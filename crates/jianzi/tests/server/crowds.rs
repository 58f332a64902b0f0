//! Thousands of connections: from one address, behind one proxy, all at once.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prost::Message as _;
use protocol::{ErrorCode, messages, operation};
use socket2::{Domain, Socket, Type};
use testkit::{HttpAnswer, Player, Raw, Server, ServerOptions, eventually, frame};

use crate::limits::{MIB, echo, error, login_by_name, memory_returns};
use crate::support::{options, player};

/// Crowds share this process's open files, so there is one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static CROWD: Mutex<()> = Mutex::new(());
    let guard = CROWD.lock().unwrap_or_else(PoisonError::into_inner);
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    guard
}

/// A connection from another of this machine's addresses.
fn connect_from(source: Ipv4Addr, address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.into()
}

#[test]
fn ten_thousand_connects_from_one_address_stay_bounded() {
    const CONNECTS: usize = 10_000;
    const ALLOWED: f64 = 300.0;
    /// Those who wait to hear why they may not come in are bounded too.
    const TURNED_AWAY: f64 = 1024.0;
    let _alone = alone();
    let server = Server::start(
        options()
            .with("LIMITS__PENDING_PER_ADDRESS", "300")
            .with("LIMITS__ARRIVALS_PER_ADDRESS", "1000/s burst 5000")
            .with("GATEWAY__LOGIN_TIMEOUT", "3s"),
    );
    // One player of the crowd's own address is in already, and one of another address comes later.
    let mut inside = player(&server, "inside");
    let token = server.http().token("elsewhere");
    let before = server.resident_bytes();
    let open = || {
        server.metric("jianzi_gateway_connections_open{listener=\"http\"}")
            + server.metric("jianzi_gateway_connections_open{listener=\"tcp\"}")
    };
    let mut crowd = Vec::with_capacity(CONNECTS);
    let mut most: f64 = 0.0;
    for number in 0..CONNECTS {
        let address = server.address(if number % 2 == 0 { "http" } else { "tcp" });
        crowd.push(TcpStream::connect(address).expect("the kernel takes it"));
        if number % 1_000 == 999 {
            most = most.max(open());
        }
    }
    assert!(
        most > ALLOWED && most <= ALLOWED + TURNED_AWAY + 1.0,
        "bounded, and the bound was reached: {most}"
    );
    let mut elsewhere = Raw::over(connect_from(Ipv4Addr::new(127, 0, 0, 2), server.address("tcp")));
    elsewhere.send(&frame(operation::LOGIN, &messages::Login { token, ..Default::default() }));
    assert_eq!(elsewhere.next_frame().unwrap().0, operation::WELCOME, "other addresses are let in");
    echo(&mut inside);

    // Those who were sent away were told so, in words that fit the port.
    let last = crowd.split_off(CONNECTS - 2);
    let [http, tcp]: [Vec<u8>; 2] = last
        .into_iter()
        .map(|stream| Raw::over(stream).read_to_end())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let answer = HttpAnswer::read(&http);
    assert_eq!(answer.status, 429, "{answer:?}");
    let error = messages::Error::decode(&tcp[8..]).unwrap();
    assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::TooManyConnections));

    drop(crowd);
    drop(elsewhere);
    eventually("all have gone", || (open() == 1.0).then_some(()));
    echo(&mut inside);
    player(&server, "afterwards");
    memory_returns(&server, before, 12 * MIB);
}

/// A WebSocket's client cannot read why its handshake failed, so it succeeds, and the first frame says it.
#[test]
fn those_who_come_too_fast_are_told_when_to_come_back() {
    let slow = || options().with("LIMITS__ARRIVALS", "1/s burst 4");
    let server = Server::start(slow());
    let mut inside = player(&server, "inside");
    // The rate is used up by the login over HTTP, the player, and these.
    let _others = [Raw::connect(server.address("tcp")), Raw::connect(server.address("tcp"))];
    let (mut longest, mut welcomed) = (0, 0);
    for _ in 0..20 {
        let mut socket = Player::open(server.address("http"), "/ws");
        // A client says what it wants before it hears that it cannot have it.
        let _ = socket.send(tungstenite::Message::binary(login_by_name("late")));
        let first = socket.read().unwrap().into_data();
        if first[3] == operation::WELCOME {
            welcomed += 1;
            continue;
        }
        assert_eq!(first[3], operation::ERROR);
        let error = messages::Error::decode(&first[8..]).unwrap();
        assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::Overloaded));
        assert!(error.retry_after_ms > 0);
        longest = longest.max(error.retry_after_ms);
        let tungstenite::Message::Close(Some(close)) = socket.read().unwrap() else {
            panic!("a close frame")
        };
        assert_eq!(u16::from(close.code), ErrorCode::Overloaded.close_code());
    }
    assert!(longest > 5_000, "they are told to come one after another: {longest} ms");
    let mut on_tcp = Raw::connect(server.address("tcp"));
    on_tcp.send(&login_by_name("late"));
    let error = error(&mut on_tcp);
    assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::Overloaded));
    assert!(error.retry_after_ms > 0 && on_tcp.read_to_end().is_empty());
    let logins = server.metric("jianzi_gateway_logins_total{outcome=\"new\"}") as u32;
    assert_eq!(logins, 1 + welcomed, "the logins of those turned away are thrown away");
    let over_http = server.http().get("/v1/version");
    assert_eq!(over_http.status, 503);
    assert!(over_http.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().unwrap() >= 1));
    echo(&mut inside);
}

/// PROXY header, version 2: TCP over IPv4.
fn proxy_v2(source: Ipv4Addr) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C".to_vec();
    header.extend_from_slice(&source.octets());
    header.extend_from_slice(&[127, 0, 0, 1, 0x20, 0, 0x1D, 0xB1]);
    header
}

fn proxy_v1(source: Ipv4Addr) -> Vec<u8> {
    format!("PROXY TCP4 {source} 127.0.0.1 8192 7601\r\n").into_bytes()
}

/// A WebSocket handshake and a login in one go.
fn upgrade(login: &[u8], forwarded: Option<Ipv4Addr>) -> Vec<u8> {
    let forwarded = forwarded.map_or(String::new(), |source| format!("X-Forwarded-For: {source}\r\n"));
    let mut bytes = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{forwarded}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(&[0x82, 0x80 | login.len() as u8, 0, 0, 0, 0]);
    bytes.extend_from_slice(login);
    bytes
}

/// What comes first behind an accepted handshake: a welcome, or an error.
fn first_word(raw: &mut Raw) -> Result<(), messages::Error> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        raw.stream().read_exact(&mut byte).expect("an answer to the handshake");
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    // The server's frames are not masked: two bytes of header, and two more for a medium length.
    let mut header = [0; 2];
    raw.stream().read_exact(&mut header).unwrap();
    if header[1] == 126 {
        raw.stream().read_exact(&mut [0; 2]).unwrap();
    }
    match raw.next_frame().unwrap() {
        (operation::WELCOME, _) => Ok(()),
        (operation::ERROR, body) => Err(messages::Error::decode(body.as_slice()).unwrap()),
        (other, _) => panic!("operation {other}"),
    }
}

fn behind_proxy() -> ServerOptions {
    options()
        .with("SERVER__PROXIES", "127.0.0.1")
        .with("LIMITS__PER_ADDRESS", "2")
        .with("LIMITS__PENDING_PER_ADDRESS", "2")
}

#[test]
fn a_whole_town_behind_one_listed_proxy_gets_in() {
    /// As many as this process and the server may have open files, and some to spare for other tests.
    const PLAYERS: u32 = 18_000;
    let _alone = alone();
    let server = Server::start(behind_proxy());
    // Two of each address: as many as one may have.
    let address_of = |number: u32| Ipv4Addr::from(u32::from(Ipv4Addr::new(20, 0, 0, 0)) + number / 2);
    let begin = |number: u32| -> Raw {
        let source = address_of(number);
        let login = login_by_name(&format!("player-{number}"));
        let (port, words) = match number % 4 {
            0 => ("tcp", [proxy_v1(source), login].concat()),
            1 => ("tcp", [proxy_v2(source), login].concat()),
            2 => ("http", [proxy_v2(source), upgrade(&login, None)].concat()),
            _ => ("http", upgrade(&login, Some(source))),
        };
        let mut raw = Raw::connect(server.address(port));
        raw.send(&words);
        raw
    };
    let mut town = Vec::with_capacity(PLAYERS as usize);
    for number in 0..PLAYERS {
        town.push(begin(number));
    }
    eventually("everybody is in", || {
        (server.metric("jianzi_gateway_logins_total{outcome=\"new\"}") == f64::from(PLAYERS)).then_some(())
    });
    for raw in town.iter_mut().step_by(4) {
        assert_eq!(raw.next_frame().unwrap().0, operation::WELCOME);
    }
    // A third of an address that has two is one too many, however it comes.
    for number in 0..4 {
        let mut third = begin(number + 4 * 100);
        let said = third.read_to_end();
        let text = String::from_utf8_lossy(&said);
        assert!(text.contains("Too many connections from this address"), "{text}");
    }
    drop(town);
    let open = ["http", "tcp"].map(|name| format!("jianzi_gateway_connections_open{{listener=\"{name}\"}}"));
    eventually("all have gone", || open.iter().all(|series| server.metric(series) == 0.0).then_some(()));
    player(&server, "afterwards");
}

/// Only the proxy's own header counts: what the client wrote behind it is the client's.
#[test]
fn nobody_moves_to_another_address_by_saying_so() {
    let server = Server::start(behind_proxy());
    let own = Ipv4Addr::new(203, 0, 113, 7);
    let elsewhere = |number: u8| Ipv4Addr::new(198, 51, 100, number);
    let mut held = Vec::new();
    for number in 0..2 {
        let mut raw = Raw::connect(server.address("tcp"));
        raw.send(&[proxy_v1(own), login_by_name(&format!("own-{number}"))].concat());
        assert_eq!(raw.next_frame().unwrap().0, operation::WELCOME);
        held.push(raw);
    }
    // The address is full. A second header is no way around it, neither at once nor after a while.
    for (number, second) in [proxy_v1(elsewhere(1)), proxy_v2(elsewhere(2))].into_iter().enumerate() {
        let login = login_by_name(&format!("spoofed-{number}"));
        let mut raw = Raw::connect(server.address("http"));
        raw.send(&[&proxy_v2(own)[..], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"].concat());
        let said = raw.read_to_end();
        assert_eq!(HttpAnswer::read(&said).status, 429, "full");

        // From an address with room: the second header is part of what the client says, and no HTTP.
        let mut raw = Raw::connect(server.address("http"));
        let before = server.metric("jianzi_gateway_bytes_in_total");
        raw.send(&proxy_v1(elsewhere(50 + number as u8)));
        eventually("the first header has been read", || {
            (server.metric("jianzi_gateway_bytes_in_total") > before).then_some(())
        });
        raw.send(&[second, upgrade(&login, None)].concat());
        let said = raw.read_to_end();
        assert!(said.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&said));
    }
    // Behind a header that names the client, X-Forwarded-For is the client's own invention.
    let mut raw = Raw::connect(server.address("http"));
    raw.send(&[proxy_v1(own), upgrade(&login_by_name("third"), Some(elsewhere(9)))].concat());
    let refused = first_word(&mut raw).expect_err("its address is full");
    assert_eq!(ErrorCode::from_number(refused.code), Some(ErrorCode::TooManyConnections));
    // From a peer that is not listed a header is nonsense, and nothing is believed.
    let mut raw = Raw::over(connect_from(Ipv4Addr::new(127, 0, 0, 2), server.address("tcp")));
    raw.send(&[proxy_v1(elsewhere(3)), login_by_name("unlisted")].concat());
    assert_eq!(ErrorCode::from_number(error(&mut raw).code), Some(ErrorCode::BadMagic));
    let forwarded: Vec<Option<ErrorCode>> = (0..3)
        .map(|number| {
            let login = login_by_name(&format!("forwarded-{number}"));
            let stream = connect_from(Ipv4Addr::new(127, 0, 0, 3), server.address("http"));
            let mut raw = Raw::over(stream);
            raw.send(&upgrade(&login, Some(elsewhere(20 + number))));
            let outcome = first_word(&mut raw).err().map(|error| ErrorCode::from_number(error.code).unwrap());
            held.push(raw);
            outcome
        })
        .collect();
    assert_eq!(forwarded, [None, None, Some(ErrorCode::TooManyConnections)], "three of one address");
}
