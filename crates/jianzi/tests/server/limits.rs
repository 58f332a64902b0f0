//! Too much, too fast, too slow, too many: the one who does it is cut, everybody else goes on, and memory returns.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prost::Message as _;
use protocol::{ErrorCode, messages, operation};
use socket2::{Domain, Socket, Type};
use testkit::{HttpAnswer, Player, Raw, Server, ServerOptions, eventually, frame};

use crate::support::{create, join, options, player, relay_spec, resume, resume_login, room_id};

fn echo(player: &mut Player) {
    let echo = messages::Property { key: "k".into(), value: "v".into() };
    assert_eq!(player.call::<messages::Property>("echo", &echo).unwrap().value, "v");
}

fn heartbeat(echo: u32) -> Vec<u8> {
    frame(operation::HEARTBEAT, &messages::Heartbeat { echo, ..Default::default() })
}

/// A login of a test player by name, as the founding article's client does it.
fn login_by_name(name: &str) -> Vec<u8> {
    [
        &protocol::Header { operation: operation::LOGIN, length: name.len() as u32 }.encode()[..],
        name.as_bytes(),
    ]
    .concat()
}

fn error(raw: &mut Raw) -> messages::Error {
    let (operation, body) = raw.next_frame().expect("a word of farewell");
    assert_eq!(operation, operation::ERROR);
    messages::Error::decode(body.as_slice()).unwrap()
}

fn log_in_on_tcp(server: &Server, name: &str) -> Raw {
    let mut raw = Raw::connect(server.address("tcp"));
    raw.send(&login_by_name(name));
    assert_eq!(raw.next_frame().unwrap().0, operation::WELCOME);
    raw
}

/// Waits until the server is as large as `before` again, give or take what an allocator keeps.
fn memory_returns(server: &Server, before: u64, spare: u64) {
    // An allocator gives pages back while it works, so the server gets a little to do.
    eventually("memory is back to about where it was", || {
        server.metric("jianzi_gateway_sessions");
        (server.resident_bytes() < before + spare).then_some(())
    });
}

const MIB: u64 = 1 << 20;

#[test]
fn a_flood_ends_the_one_who_sends_it() {
    let server = Server::start(options().with("LIMITS__FRAMES", "50/s burst 100"));
    let mut calm = player(&server, "calm");
    let mut flooding = log_in_on_tcp(&server, "flooding");
    let beats: Vec<u8> = (1..=1000).flat_map(heartbeat).collect();
    flooding.send(&beats);
    let mut echoed = 0;
    let error = loop {
        match flooding.next_frame().expect("an error before the end") {
            (operation::HEARTBEAT, _) => echoed += 1,
            (operation::ERROR, body) => break messages::Error::decode(body.as_slice()).unwrap(),
            (other, _) => panic!("operation {other}"),
        }
    };
    assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::Flood));
    assert!(error.retry_after_ms > 0);
    assert!((50..200).contains(&echoed), "about the burst passes: {echoed}");
    flooding.read_to_end();
    echo(&mut calm);
    eventually("it is counted", || (server.metric("jianzi_gateway_floods_total") == 1.0).then_some(()));

    // Tiny parts of a message that never ends, pings and pongs are frames too.
    for opcode in [tungstenite::Message::Ping(vec![].into()), tungstenite::Message::Pong(vec![].into())] {
        let mut player = player(&server, "pinging");
        for _ in 0..300 {
            if player.socket().send(opcode.clone()).is_err() {
                break;
            }
        }
        let goodbye = messages::Error::decode(player.next_of(operation::ERROR)).unwrap();
        assert_eq!(ErrorCode::from_number(goodbye.code), Some(ErrorCode::Flood));
    }
    echo(&mut calm);
}

#[test]
fn too_many_bytes_are_a_flood_as_well() {
    let server = Server::start(options().with("LIMITS__BYTES", "10000/s burst 100000"));
    let mut raw = log_in_on_tcp(&server, "loud");
    let body = messages::Property { key: "k".into(), value: "x".repeat(30_000) }.encode_to_vec().into();
    let call = frame(operation::CALL, &messages::Call { id: 1, method: "echo".into(), deadline_ms: 0, body });
    for _ in 0..4 {
        raw.send(&call);
    }
    // The call is made once, and repeated for a while.
    while let Some((operation, body)) = raw.next_frame() {
        if operation == operation::ERROR {
            let error = messages::Error::decode(body.as_slice()).unwrap();
            assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::Flood));
            return;
        }
        assert_eq!(operation, operation::ANSWER);
    }
    panic!("no word of the flood");
}

#[test]
fn a_slow_reader_is_cut_and_the_others_go_on() {
    const SIZE: usize = 32 * 1024;
    let unlimited = options().with("LIMITS__BYTES", "unlimited").with("LIMITS__FRAMES", "unlimited");
    let server = Server::start(unlimited);
    let [mut speaker, mut listener] = ["speaker", "listener"].map(|name| player(&server, name));
    let created = create(&mut speaker, relay_spec(6));
    let room = room_id(&created);
    let joined = join(&mut listener, &room);
    resume(&mut speaker, created.channel, 0);
    resume(&mut listener, joined.channel, 0);
    let mut said: u32 = 0;
    let mut say = |times: u32| {
        for number in said..said + times {
            let data = [&number.to_be_bytes()[..], &vec![7; SIZE]].concat().into();
            let relay = messages::Relay { channel: created.channel, data, ..Default::default() };
            speaker.send(operation::RELAY, &relay);
            let heard = messages::Relay::decode(listener.next_of(operation::RELAY)).unwrap();
            assert_eq!(heard.data[..4], number.to_be_bytes(), "every message, in order");
        }
        said += times;
    };
    let mut after_first = None;
    for round in 1..=4 {
        let name = format!("slow-{round}");
        let mut slow = player(&server, &name);
        let joined = join(&mut slow, &room);
        resume(&mut slow, joined.channel, 0);
        let before = server.resident_bytes();
        // Kernels buffer megabytes; at some point the server's own bound is reached.
        let mut waiting = 0;
        while server.metric("jianzi_gateway_slow_consumers_total") < f64::from(round) {
            say(20);
            waiting += 20 * SIZE as u64;
            assert!(waiting < 64 * MIB, "{waiting} bytes were taken for a client that reads nothing");
            assert!(server.resident_bytes() < before + 12 * MIB, "what waits for one connection is bounded");
        }
        say(40);
        match after_first {
            // What the allocator keeps for such messages is there from the first time on.
            None => after_first = Some(server.resident_bytes()),
            Some(size) => memory_returns(&server, size, 2 * MIB),
        }
        // The session waits for its client all the same.
        let login = resume_login(&server, &name, &slow.welcome);
        assert!(Player::try_log_in(server.address("http"), &login).unwrap().welcome.resumed);
    }
}

#[test]
fn a_login_over_a_limit_changes_nothing() {
    let server = Server::start(options().with("LIMITS__PER_DEVICE", "1").with("LIMITS__PER_ACCOUNT", "1"));
    let log_in = |name: &str, device: String| {
        let login = messages::Login { token: server.http().token(name), device, ..Default::default() };
        Player::try_log_in(server.address("http"), &login)
    };
    let mut first = log_in("a", "phone".into()).unwrap();
    for (name, device) in [("a", "tablet"), ("b", "phone")] {
        let (code, message) =
            log_in(name, device.into()).err().expect("one too many, told before any welcome");
        assert_eq!(code, Some(ErrorCode::TooManyConnections), "{message}");
    }
    echo(&mut first);
    assert_eq!(server.metric("jianzi_gateway_logins_total{outcome=\"new\"}"), 1.0);
    drop(first);
    eventually("there is room again", || log_in("b", "phone".into()).ok());
    // Names that would be kept for a whole session are short.
    let (code, message) = log_in("c", "x".repeat(10_000)).err().unwrap();
    assert_eq!(code, Some(ErrorCode::BadRequest));
    assert!(message.contains("device"), "{message}");
}

/// A client that is gone without a word: its machine never ends the connection and answers nothing.
#[test]
fn a_half_open_connection_is_found() {
    let server =
        Server::start(options().with("GATEWAY__HEARTBEAT", "1s").with("GATEWAY__RESUME_WINDOW", "1s"));
    let mut gone = log_in_on_tcp(&server, "gone");
    let open = "jianzi_gateway_connections_open{listener=\"tcp\"}";
    assert_eq!(server.metric(open), 1.0);
    assert_eq!(gone.next_frame().unwrap().0, operation::HEARTBEAT, "asked for a word first");
    // The socket stays open on this side; the server does not wait for its end.
    eventually("the connection is forgotten", || (server.metric(open) == 0.0).then_some(()));
    assert_eq!(server.metric("jianzi_gateway_closes_total{reason=\"idle\"}"), 1.0);
    eventually("so is the session", || (server.metric("jianzi_gateway_sessions") == 0.0).then_some(()));
    let (operation, body) = gone.next_frame().unwrap();
    assert_eq!(operation, operation::GOODBYE);
    let goodbye = messages::Goodbye::decode(body.as_slice()).unwrap();
    assert_eq!(ErrorCode::from_number(goodbye.code), Some(ErrorCode::Idle));
}

/// Sends one byte every 40 ms until the server says something or ends the connection; what it said.
fn trickle(mut stream: TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_millis(40))).unwrap();
    let mut said = Vec::new();
    for byte in bytes.iter().cycle().take(2_000) {
        if std::io::Write::write_all(&mut stream, &[*byte]).is_err() {
            return said;
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(0) => return said,
            Ok(length) => said.extend_from_slice(&chunk[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return said,
        }
    }
    panic!("the server listens for ever");
}

#[test]
fn whoever_speaks_one_byte_at_a_time_is_ended_after_the_login_timeout() {
    let server = Server::start(options().with("GATEWAY__LOGIN_TIMEOUT", "1s"));
    let mut inside = player(&server, "inside");
    let clock = clock::Clock::System;
    let began = clock.now();
    let (http, tcp) = (server.address("http"), server.address("tcp"));
    let request = format!("GET /ws HTTP/1.1\r\nHost: x\r\nX-Slow: {}\r\n", "a".repeat(3_000));
    let login = messages::Login { token: "x".repeat(3_000), ..Default::default() };
    let login = frame(operation::LOGIN, &login);
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..20)
            .map(|number| match number % 2 {
                0 => scope.spawn(|| trickle(TcpStream::connect(http).unwrap(), request.as_bytes())),
                _ => scope.spawn(|| trickle(TcpStream::connect(tcp).unwrap(), &login)),
            })
            .collect();
        // Meanwhile others notice nothing.
        for _ in 0..50 {
            echo(&mut inside);
        }
        player(&server, "somebody-new");
        assert!(clock.now().since(began) < Duration::from_secs(5));
        for (number, slow) in slow.into_iter().enumerate() {
            let said = slow.join().unwrap();
            match number % 2 {
                0 => assert_eq!(HttpAnswer::read(&said).status, 408),
                _ => {
                    let error = messages::Error::decode(&said[8..]).unwrap();
                    assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::LoginTimeout));
                }
            }
        }
    });
    let took = clock.now().since(began);
    assert!((900..6_000).contains(&took.as_millis()), "{took:?}");
    eventually("none is left", || {
        (server.metric("jianzi_gateway_connections_open{listener=\"tcp\"}") == 0.0).then_some(())
    });
    echo(&mut inside);
}

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
    let mut longest = 0;
    for _ in 0..20 {
        let mut socket = Player::open(server.address("http"), "/ws");
        // A client says what it wants before it hears that it cannot have it.
        let _ = socket.send(tungstenite::Message::binary(login_by_name("late")));
        let first = socket.read().unwrap().into_data();
        if first[3] == operation::WELCOME {
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
