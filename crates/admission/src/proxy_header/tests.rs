use proptest::prelude::*;

use super::*;

#[test]
fn version_1_lines() {
    let present = |source: &str, length| Ok(ProxyHeader::Present { source: source.parse().ok(), length });
    let line = b"PROXY TCP4 203.0.113.5 192.0.2.1 56324 443\r\nGET / HTTP/1.1\r\n";
    assert_eq!(read_proxy_header(line), present("203.0.113.5:56324", 44));
    let line = b"PROXY TCP6 2001:db8::5 2001:db8::1 56324 443\r\n\x12\x34";
    assert_eq!(read_proxy_header(line), present("[2001:db8::5]:56324", 46));
    assert_eq!(read_proxy_header(b"PROXY UNKNOWN\r\n"), present("", 15));
    assert_eq!(read_proxy_header(b"PROXY UNKNOWN ff ff 1 2\r\n"), present("", 25));

    let bad: [&[u8]; 8] = [
        b"PROXY TCP4 203.0.113.5 192.0.2.1 56324\r\n",
        b"PROXY TCP4 203.0.113.5 192.0.2.1 56324 443 9\r\n",
        b"PROXY TCP4 2001:db8::5 192.0.2.1 56324 443\r\n",
        b"PROXY TCP4 203.0.113.5 192.0.2.1 65536 443\r\n",
        b"PROXY TCP4 203.0.113.5 192.0.2.1 56324 443\n",
        b"PROXY UDP4 203.0.113.5 192.0.2.1 56324 443\r\n",
        b"PROXY \xff\r\n",
        &[b"PROXY ".as_slice(), &[b'x'; 101]].concat(),
    ];
    for line in bad {
        assert!(read_proxy_header(line).is_err(), "{}", line.escape_ascii());
    }
}

#[test]
fn other_protocols_are_left_alone() {
    for first in
        [b"GET / HTTP/1.1".as_slice(), b"POST /v1/login", b"PUT /", b"\x12\x34\x01\x0a", b"\x16\x03\x01"]
    {
        assert_eq!(read_proxy_header(first), Ok(ProxyHeader::Absent), "{}", first.escape_ascii());
    }
    assert_eq!(read_proxy_header(b"P"), Ok(ProxyHeader::Incomplete));
}

#[test]
fn every_shorter_piece_of_a_header_is_incomplete() {
    let headers = [b"PROXY TCP4 203.0.113.5 192.0.2.1 56324 443\r\n".to_vec(), v2(0x21, 0x11, &[7; 12])];
    for header in headers {
        for length in 0..header.len() {
            assert_eq!(read_proxy_header(&header[..length]), Ok(ProxyHeader::Incomplete), "{length}");
        }
        let length = header.len();
        assert!(
            matches!(read_proxy_header(&header), Ok(ProxyHeader::Present { length: l, .. }) if l == length)
        );
    }
}

#[test]
fn version_2_refuses_what_it_does_not_know() {
    for bad in [
        v2(0x11, 0x11, &[0; 12]),
        v2(0x22, 0x11, &[0; 12]),
        v2(0x21, 0x11, &[0; 11]),
        v2(0x21, 0x21, &[0; 35]),
    ] {
        assert!(read_proxy_header(&bad).is_err());
    }
    let mut long = v2(0x21, 0x11, &[]);
    long[14..16].copy_from_slice(&2049u16.to_be_bytes());
    assert!(read_proxy_header(&long).is_err());
    let local = v2(0x20, 0x00, &[]);
    assert_eq!(read_proxy_header(&local), Ok(ProxyHeader::Present { source: None, length: 16 }));
    let unix = v2(0x21, 0x31, &[1; 216]);
    assert_eq!(read_proxy_header(&unix), Ok(ProxyHeader::Present { source: None, length: 232 }));
}

proptest! {
    #[test]
    fn version_2_round_trips(source: SocketAddr, extensions in prop::collection::vec(any::<u8>(), 0..100)) {
        let port = source.port().to_be_bytes();
        let (family, mut body) = match source.ip() {
            IpAddr::V4(ip) => (0x11, [&ip.octets()[..], &[9; 4], &port, &[0; 2]].concat()),
            IpAddr::V6(ip) => (0x21, [&ip.octets()[..], &[9; 16], &port, &[0; 2]].concat()),
        };
        body.extend_from_slice(&extensions);
        let header = v2(0x21, family, &body);
        let expected = SocketAddr::new(source.ip(), source.port());
        prop_assert_eq!(
            read_proxy_header(&header),
            Ok(ProxyHeader::Present { source: Some(expected), length: header.len() })
        );
    }

    #[test]
    fn garbage_never_panics(start in 0usize..3, rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let start: &[u8] = [b"".as_slice(), V1_SIGNATURE, V2_SIGNATURE][start];
        let bytes = [start, &rest].concat();
        if let Ok(ProxyHeader::Present { length, .. }) = read_proxy_header(&bytes) {
            prop_assert!(length <= bytes.len());
        }
    }

    #[test]
    fn a_flipped_byte_never_panics(at in 0usize..44, to: u8) {
        let mut line = b"PROXY TCP4 203.0.113.5 192.0.2.1 56324 443\r\n".to_vec();
        line[at] = to;
        let _ = read_proxy_header(&line);
    }
}

fn v2(version_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    [V2_SIGNATURE, &[version_command, family], &length, body].concat()
}
