//! One address has its share of the connections, and the others have theirs.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use admission::Proxies;
use bytes::Bytes;
use rest::{ConnectionLimits, Peer};

use crate::bench::{Bench, read_to_end};
use crate::connections::wait_until;

const SLOTS: usize = 8;
const SHARE: usize = 3;
const HEAD_BEGINS: &[u8] = b"GET /v1/version HTTP/1.1\r\n";
const HEAD_ENDS: &[u8] = b"host: x\r\nconnection: close\r\n\r\n";

#[test]
fn one_address_cannot_keep_others_out() {
    let bench = Bench::with(|_| {}, limits());
    // One household, whose addresses differ in their last bits.
    let mut held: Vec<_> = (1..=SHARE).map(|n| hold(&bench, peer(&format!("2001:db8:1:2::{n}")))).collect();
    wait_until(|| bench.server.connections() == SHARE);
    assert_eq!(bench.server.addresses(), 1);
    for n in 1..50 {
        let answer = ask(&bench, peer(&format!("2001:db8:1:2:{n:x}::9")));
        assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 2"), "{answer}");
        assert!(answer.contains(r#""code":4007"#), "{answer}");
    }
    assert_eq!(bench.server.connections(), SHARE, "who is refused takes nothing");

    // The household next door, and everybody else.
    for other in ["2001:db8:1:3::1", "198.51.100.7", "::ffff:198.51.100.8"] {
        assert!(log_in(&bench, peer(other)).starts_with("HTTP/1.1 200"), "{other}");
    }

    // One of its connections ends: there is room for one more, and for one only.
    let mut first = held.remove(0);
    first.write_all(HEAD_ENDS).unwrap();
    assert!(read_to_end(&mut first).starts_with("HTTP/1.1 200"));
    wait_until(|| bench.server.connections() == SHARE - 1);
    held.push(hold(&bench, peer("2001:db8:1:2::1")));
    wait_until(|| bench.server.connections() == SHARE);
    assert!(ask(&bench, peer("2001:db8:1:2::1")).starts_with("HTTP/1.1 429"));

    drop(held);
    wait_until(|| bench.server.connections() == 0);
    assert_eq!(bench.server.addresses(), 0, "nobody is remembered");
    assert!(log_in(&bench, peer("2001:db8:1:2::1")).starts_with("HTTP/1.1 200"));
}

/// The share comes before the whole: a full server tells everybody else that it is full.
#[test]
fn all_addresses_together_have_all_slots_and_no_more() {
    let bench = Bench::with(|_| {}, limits());
    let held: Vec<_> = (0..SLOTS).map(|n| hold(&bench, peer(&format!("192.0.2.{}", n / SHARE)))).collect();
    wait_until(|| bench.server.connections() == SLOTS);
    assert!(ask(&bench, peer("192.0.2.0")).starts_with("HTTP/1.1 429"));
    for other in ["192.0.2.2", "198.51.100.7"] {
        assert!(ask(&bench, peer(other)).starts_with("HTTP/1.1 503"), "{other}");
    }
    assert_eq!(bench.server.addresses(), 3, "who was refused is not remembered");
    drop(held);
    wait_until(|| bench.server.connections() == 0);
    assert_eq!(bench.server.addresses(), 0);
}

#[test]
fn a_listed_proxy_s_own_connections_are_exempt_and_its_clients_are_not() {
    let bench = Bench::with(|_| {}, limits());
    let behind = |client: &str| Peer { told: Some(client.parse().unwrap()), ..peer("10.1.1.1") };
    let own: Vec<_> = (0..SHARE + 1).map(|_| hold(&bench, peer("10.1.1.1"))).collect();
    let of_one_client: Vec<_> = (0..SHARE).map(|_| hold(&bench, behind("203.0.113.5"))).collect();
    wait_until(|| bench.server.connections() == own.len() + SHARE);
    assert_eq!(bench.server.addresses(), 1, "the client's alone");
    assert!(ask(&bench, behind("203.0.113.5")).starts_with("HTTP/1.1 429"));
    assert!(ask(&bench, behind("203.0.113.6")).starts_with("HTTP/1.1 200"));
    wait_until(|| bench.server.connections() == own.len() + SHARE);
    drop(of_one_client);
    wait_until(|| bench.server.connections() == own.len());

    // Somebody who is not listed speaks for nobody.
    let liar = |n: usize| Peer { told: Some([203, 0, 113, n as u8].into()), ..peer("198.51.100.7") };
    let lies: Vec<_> = (0..SHARE).map(|n| hold(&bench, liar(n))).collect();
    wait_until(|| bench.server.connections() == own.len() + SHARE);
    assert!(ask(&bench, liar(SHARE)).starts_with("HTTP/1.1 429"));
    drop((own, lies));
    wait_until(|| bench.server.connections() == 0);
    assert_eq!(bench.server.addresses(), 0);
}

/// Refusing takes no slot, so it needs a bound of its own.
#[test]
fn who_is_refused_in_masses_is_closed_without_a_word() {
    let bench = Bench::with(|_| {}, ConnectionLimits { refusals: 2, ..limits() });
    let held: Vec<_> = (0..SHARE).map(|_| hold(&bench, peer("192.0.2.1"))).collect();
    wait_until(|| bench.server.connections() == SHARE);
    // Says nothing, so that each is being refused until its time is over.
    let silent: Vec<_> = (0..4).map(|_| connect_as(&bench, peer("192.0.2.1"))).collect();
    wait_until(|| ask(&bench, peer("192.0.2.1")).is_empty());
    wait_until(|| ask(&bench, peer("192.0.2.1")).starts_with("HTTP/1.1 429"));
    assert!(log_in(&bench, peer("198.51.100.7")).starts_with("HTTP/1.1 200"));
    drop((held, silent));
}

#[test]
fn a_share_is_an_eighth_unless_said_otherwise() {
    let limits = ConnectionLimits::default();
    assert_eq!(limits.per_address * 8, limits.connections);
}

fn limits() -> ConnectionLimits {
    ConnectionLimits {
        connections: SLOTS,
        per_address: SHARE,
        proxies: Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
        // Nobody is cut off for being slow here.
        head_within: Duration::from_secs(60),
        ..Default::default()
    }
}

fn peer(ip: &str) -> Peer {
    Peer { ip: ip.parse().unwrap(), told: None }
}

/// A connection that takes a slot and keeps it.
fn hold(bench: &Bench, peer: Peer) -> TcpStream {
    let mut stream = connect_as(bench, peer);
    stream.write_all(HEAD_BEGINS).unwrap();
    stream
}

fn ask(bench: &Bench, peer: Peer) -> String {
    let mut stream = connect_as(bench, peer);
    // It may be closed already.
    let _ = stream.write_all(&[HEAD_BEGINS, HEAD_ENDS].concat());
    read_to_end(&mut stream)
}

fn log_in(bench: &Bench, peer: Peer) -> String {
    let mut stream = connect_as(bench, peer);
    let head =
        "POST /v1/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let body = r#"{"code":"dev:alice"}"#;
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    read_to_end(&mut stream)
}

/// A connection over the loopback that the server is told comes from `peer`.
fn connect_as(bench: &Bench, peer: Peer) -> TcpStream {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (server_side, _) = listener.accept().unwrap();
    bench.server.spawn(bench.runtime.handle(), server_side, Bytes::new(), peer);
    stream
}
