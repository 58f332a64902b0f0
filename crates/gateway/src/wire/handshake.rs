//! The request head that begins every connection to the HTTP port: an upgrade to WebSocket, or anything else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The longest request head, in bytes.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// What the first bytes of a connection turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    /// The head has not arrived whole.
    Incomplete,
    /// An upgrade at `/` or `/ws`; the head is this many bytes long.
    Upgrade { request: UpgradeRequest, length: usize },
    /// Ordinary HTTP, or an upgrade elsewhere: somebody else's.
    Other,
    /// Not HTTP, or too long; the sentence says which.
    Bad(&'static str),
}

/// What a client said while it asked for a WebSocket.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UpgradeRequest {
    pub key: String,
    /// From `?token=`, `Authorization: Bearer` or the subprotocol `bearer.<token>`.
    pub token: Option<String>,
    pub build: Option<String>,
    pub device: Option<String>,
    /// Offered subprotocols; one must be chosen where any was offered.
    pub protocol: Option<String>,
    pub forwarded_for: Option<String>,
}

/// Looks at the bytes that have arrived so far.
pub fn read_head(bytes: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => read_request(&request, length),
        Ok(httparse::Status::Partial) if bytes.len() > MAX_HEAD_BYTES => {
            Head::Bad("the request head is over 16 KiB")
        }
        Ok(httparse::Status::Partial) => Head::Incomplete,
        Err(_) => Head::Bad("the connection does not begin with an HTTP request"),
    }
}

fn read_request(request: &httparse::Request<'_, '_>, length: usize) -> Head {
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let (path, query) = match request.path.unwrap_or("/").split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.path.unwrap_or("/"), ""),
    };
    let wants_websocket = header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    if request.method != Some("GET") || !wants_websocket || !matches!(path, "/" | "/ws") {
        return Head::Other;
    }
    if header("sec-websocket-version") != Some("13") {
        return Head::Bad("only WebSocket version 13 is spoken here");
    }
    let Some(key) = header("sec-websocket-key") else {
        return Head::Bad("the upgrade has no Sec-WebSocket-Key");
    };
    let offered: Vec<&str> = header("sec-websocket-protocol")
        .unwrap_or("")
        .split(',')
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .collect();
    let bearer_protocol = offered.iter().find_map(|offer| offer.strip_prefix("bearer."));
    let bearer_header = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let parameter = |name: &str| query_value(query, name);
    let token = parameter("token")
        .or_else(|| bearer_header.map(|token| token.trim().to_owned()))
        .or_else(|| bearer_protocol.map(str::to_owned));
    let protocol =
        offered.iter().find(|offer| **offer == "jianzi").or(offered.first()).map(|p| (*p).to_owned());
    let request = UpgradeRequest {
        key: key.to_owned(),
        token,
        build: parameter("build"),
        device: parameter("device"),
        protocol,
        forwarded_for: forwarded_for(request),
    };
    Head::Upgrade { request, length }
}

/// All lines of the header, in order: a proxy may add a line of its own behind one that the client made up.
fn forwarded_for(request: &httparse::Request<'_, '_>) -> Option<String> {
    let lines = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("x-forwarded-for"));
    let lines: Vec<_> = lines.filter_map(|header| std::str::from_utf8(header.value).ok()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

fn query_value(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| percent_decode(value))
        .next()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = tail.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Appends the answer that turns the connection into a WebSocket (RFC 6455, section 4.2.2).
pub fn write_accept(out: &mut Vec<u8>, request: &UpgradeRequest) {
    const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let joined = format!("{}{MAGIC}", request.key);
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, joined.as_bytes());
    out.extend_from_slice(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    );
    out.extend_from_slice(format!("Sec-WebSocket-Accept: {}\r\n", STANDARD.encode(digest)).as_bytes());
    if let Some(protocol) = &request.protocol {
        out.extend_from_slice(format!("Sec-WebSocket-Protocol: {protocol}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends an HTTP error for a connection that never became anything else.
pub fn write_refusal(out: &mut Vec<u8>, status: u16, sentence: &str, retry_after_s: Option<u64>) {
    let reason = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        408 => "Request Timeout",
        429 => "Too Many Requests",
        _ => "Service Unavailable",
    };
    let retry = retry_after_s.map_or(String::new(), |seconds| format!("Retry-After: {seconds}\r\n"));
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n{retry}\
         Connection: close\r\n\r\n{sentence}\n",
        sentence.len() + 1
    );
    out.extend_from_slice(head.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UPGRADE: &str = "GET /ws?token=a%2Eb&build=1.0 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
        Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        X-Forwarded-For: 10.1.2.3\r\n\r\nrest";

    #[test]
    fn the_rfcs_own_example_is_accepted() {
        let Head::Upgrade { request, length } = read_head(UPGRADE.as_bytes()) else { panic!("no upgrade") };
        assert_eq!(&UPGRADE[length..], "rest");
        assert_eq!(request.token.as_deref(), Some("a.b"));
        assert_eq!(request.build.as_deref(), Some("1.0"));
        assert_eq!(request.forwarded_for.as_deref(), Some("10.1.2.3"));
        let mut out = Vec::new();
        write_accept(&mut out, &request);
        assert!(
            String::from_utf8(out)
                .unwrap()
                .contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
        );
    }

    #[test]
    fn a_token_may_come_in_a_header_or_a_subprotocol() {
        let with = |line: &str| UPGRADE.replace("?token=a%2Eb&", "?").replace("Host: x", line);
        for line in ["Authorization: Bearer a.b", "Sec-WebSocket-Protocol: jianzi, bearer.a.b"] {
            let Head::Upgrade { request, .. } = read_head(with(line).as_bytes()) else { panic!("{line}") };
            assert_eq!(request.token.as_deref(), Some("a.b"), "{line}");
        }
    }

    #[test]
    fn a_forged_forwarded_for_does_not_hide_the_proxys_own() {
        let two = UPGRADE.replace("Host: x", "X-Forwarded-For: 6.6.6.6");
        let Head::Upgrade { request, .. } = read_head(two.as_bytes()) else { panic!("no upgrade") };
        assert_eq!(request.forwarded_for.as_deref(), Some("6.6.6.6,10.1.2.3"));
    }

    #[test]
    fn everything_else_is_somebody_elses() {
        assert_eq!(read_head(b"GET /play HTTP/1.1\r\nHost: x\r\n\r\n"), Head::Other);
        assert_eq!(read_head(UPGRADE.replace("/ws", "/other").as_bytes()), Head::Other);
        assert_eq!(read_head(b"GET / HT"), Head::Incomplete);
        assert!(matches!(read_head(b"\x12\x34\x01\x0a\0\0\0\0\r\n\r\n"), Head::Bad(_)));
        let endless = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(20_000));
        assert!(matches!(read_head(endless.as_bytes()), Head::Bad(_)));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,60}") {
            let _ = read_head(&bytes);
            let _ = percent_decode(&text);
        }
    }
}
