//! Too much, too fast, too slow, too many: the one who does it is cut, everybody else goes on, and memory returns.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use prost::Message as _;
use protocol::{ErrorCode, messages, operation};
use testkit::{HttpAnswer, Player, Raw, Server, eventually, frame};

use crate::support::{create, join, options, player, relay_spec, resume, resume_login, room_id};

pub fn echo(player: &mut Player) {
    let echo = messages::Property { key: "k".into(), value: "v".into() };
    assert_eq!(player.call::<messages::Property>("echo", &echo).unwrap().value, "v");
}

fn heartbeat(echo: u32) -> Vec<u8> {
    frame(operation::HEARTBEAT, &messages::Heartbeat { echo, ..Default::default() })
}

/// A login of a test player by name, as the founding article's client does it.
pub fn login_by_name(name: &str) -> Vec<u8> {
    [
        &protocol::Header { operation: operation::LOGIN, length: name.len() as u32 }.encode()[..],
        name.as_bytes(),
    ]
    .concat()
}

pub fn error(raw: &mut Raw) -> messages::Error {
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
pub fn memory_returns(server: &Server, before: u64, spare: u64) {
    // An allocator gives pages back while it works, so the server gets a little to do.
    eventually("memory is back to about where it was", || {
        server.metric("jianzi_gateway_sessions");
        (server.resident_bytes() < before + spare).then_some(())
    });
}

pub const MIB: u64 = 1 << 20;

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
