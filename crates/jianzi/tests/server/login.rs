//! Tokens on the socket and over HTTP: good ones however they come, and no others.

use std::io::ErrorKind;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use prost::Message as _;
use protocol::{ErrorCode, messages, operation};
use ring::hmac;
use serde_json::{Value, json};
use testkit::{Http, Player, Raw, Server, frame};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::HeaderValue;

use crate::support::{options, player, start};

const KEY: &str = "a-key-that-only-this-test-knows-0123456789";

fn start_with_known_key() -> Server {
    Server::start(options().with("APPS__0__JWT_KEYS", KEY))
}

/// A token with other claims, signed as its header says.
fn forge(token: &str, header: &Value, key: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims: Value = serde_json::from_slice(&part(token, 1)).unwrap();
    change(&mut claims);
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(tag))
}

fn part(token: &str, index: usize) -> Vec<u8> {
    BASE64.decode(token.split('.').nth(index).unwrap()).unwrap()
}

/// What the socket and the HTTP interface say of a token; `None` where both take it.
fn verdict(server: &Server, token: &str) -> Option<(ErrorCode, u16)> {
    let login = messages::Login { token: token.to_owned(), ..Default::default() };
    let on_socket = Player::try_log_in(server.address("http"), &login).err().map(|(code, message)| {
        assert!(!message.is_empty());
        code.expect("a known code")
    });
    let answer = server.http().get_as("/v1/user/info", token);
    let over_http = answer.json()["code"].as_u64().filter(|code| *code != 0);
    assert_eq!(
        on_socket.map(|code| u64::from(code.number())),
        over_http,
        "both say the same: {}",
        answer.text
    );
    on_socket.map(|code| (code, answer.status))
}

#[test]
fn forged_and_expired_tokens_are_refused_on_the_socket_and_over_http() {
    let server = start_with_known_key();
    let login = server.http().log_in("a");
    let token = login["token"].as_str().unwrap();
    let header: Value = serde_json::from_slice(&part(token, 0)).unwrap();
    let as_it_is = |_: &mut Value| {};
    // The forger's tools work: the same claims, signed with the right key, are good.
    assert_eq!(verdict(&server, &forge(token, &header, KEY, as_it_is)), None);

    let invalid = Some((ErrorCode::TokenInvalid, 403));
    let with_header = |changes: &[(&str, Value)]| {
        let mut header = header.clone();
        for (key, value) in changes {
            header[*key] = value.clone();
        }
        forge(token, &header, KEY, as_it_is)
    };
    for algorithm in ["none", "None", "NONE", "nOnE", "", "HS384", "RS256"] {
        let signed = with_header(&[("alg", json!(algorithm))]);
        assert_eq!(verdict(&server, &signed), invalid, "{algorithm}");
        let unsigned = signed.rsplit_once('.').unwrap().0;
        assert_eq!(verdict(&server, &format!("{unsigned}.")), invalid, "{algorithm}, unsigned");
        assert_eq!(verdict(&server, unsigned), invalid, "{algorithm}, without a signature at all");
    }
    assert_eq!(verdict(&server, &with_header(&[("kid", json!("nobody's"))])), invalid);
    assert_eq!(verdict(&server, &with_header(&[("crit", json!(["exp"]))])), invalid);

    let another_key = forge(token, &header, "another-key-another-key-another-key-12345", as_it_is);
    assert_eq!(verdict(&server, &another_key), invalid);
    let somebody_else = forge(token, &header, KEY, |claims| claims["app"] = json!("another-app"));
    assert_eq!(verdict(&server, &somebody_else), invalid);
    let (signed, tag) = token.rsplit_once('.').unwrap();
    let mut claims: Value = serde_json::from_slice(&part(token, 1)).unwrap();
    claims["sub"] = json!("somebody-else");
    let swapped =
        format!("{}.{}.{tag}", signed.split_once('.').unwrap().0, BASE64.encode(claims.to_string()));
    assert_eq!(verdict(&server, &swapped), invalid, "other claims under the old signature");
    assert_eq!(verdict(&server, login["refresh_token"].as_str().unwrap()), invalid, "a refresh token");
    for nonsense in ["x", "a.b.c", "..", "....", &"x".repeat(10_000)] {
        assert_eq!(verdict(&server, nonsense), invalid, "{nonsense}");
    }

    let expired = forge(token, &header, KEY, |claims| claims["exp"] = json!(1_000_000));
    assert_eq!(verdict(&server, &expired), Some((ErrorCode::TokenExpired, 401)));
    assert_eq!(verdict(&server, token), None, "the true one is good all along");
}

#[test]
fn a_token_that_was_logged_out_is_spent_everywhere() {
    let server = start();
    let token = server.http().token("a");
    assert_eq!(verdict(&server, &token), None);
    let bearer = format!("Bearer {token}");
    let answer = server.http().request("POST", "/v1/logout", &[("authorization", bearer.as_str())], b"");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(verdict(&server, &token), Some((ErrorCode::TokenInvalid, 403)));
}

#[test]
fn http_without_a_token_asks_for_one() {
    let server = start();
    for headers in [&[][..], &[("authorization", "Basic YTpi")], &[("authorization", "Bearer ")]] {
        let answer = server.http().request("GET", "/v1/user/info", headers, b"");
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{headers:?}");
        assert_eq!(answer.json()["code"], ErrorCode::NotLoggedIn.number());
        assert_eq!(answer.json()["retry"], "login");
    }
}

/// The first frame after a handshake with these words, and the subprotocol that was chosen.
fn after_handshake(
    server: &Server,
    path: &str,
    header: Option<(&'static str, String)>,
) -> (u8, Vec<u8>, Option<String>) {
    let address = server.address("http");
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    if let Some((name, value)) = header {
        request.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
    }
    let stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(testkit::LIMIT)).unwrap();
    let (mut socket, response) = tungstenite::client(request, stream).unwrap();
    let chosen =
        response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned());
    let message = socket.read().unwrap().into_data();
    (message[3], message[8..].to_vec(), chosen)
}

#[test]
fn the_token_may_come_with_the_handshake() {
    let server = start();
    let (token, player) = (server.http().token("a"), server.http().log_in("a")["player"]["id"].clone());
    let ways = |token: &str| {
        [
            (format!("/ws?token={token}&build=2.1"), None),
            (format!("/?build=2.1&token={token}"), None),
            ("/ws".to_owned(), Some(("authorization", format!("Bearer {token}")))),
            ("/ws".to_owned(), Some(("sec-websocket-protocol", format!("jianzi, bearer.{token}")))),
            ("/ws".to_owned(), Some(("sec-websocket-protocol", format!("bearer.{token}")))),
        ]
    };
    for (path, header) in ways(&token) {
        let offered =
            header.as_ref().filter(|(name, _)| name.starts_with("sec")).map(|(_, offer)| offer.clone());
        let (operation, body, chosen) = after_handshake(&server, &path, header);
        assert_eq!(operation, operation::WELCOME, "{path} {offered:?}");
        assert_eq!(messages::Welcome::decode(body.as_slice()).unwrap().player, player.as_str().unwrap());
        // RFC 6455: a browser ends the connection unless one of those it offered is chosen.
        assert_eq!(chosen.is_some(), offered.is_some());
        assert!(chosen.is_none_or(|chosen| offered.unwrap().split(", ").any(|offer| offer == chosen)));
    }
    for (path, header) in ways("not.a.token") {
        let (operation, body, _) = after_handshake(&server, &path, header);
        assert_eq!(operation, operation::ERROR);
        let error = messages::Error::decode(body.as_slice()).unwrap();
        assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::TokenInvalid));
    }
}

#[test]
fn whoever_does_not_log_in_is_let_go_and_whoever_did_stays() {
    let server = Server::start(options().with("GATEWAY__LOGIN_TIMEOUT", "600ms"));
    let mut inside = player(&server, "inside");
    let clock = clock::Clock::System;
    let began = clock.now();

    let mut on_websocket = Player::open(server.address("http"), "/ws");
    let mut on_tcp = Raw::connect(server.address("tcp"));
    let mut began_a_frame = Raw::connect(server.address("tcp"));
    began_a_frame.send(&frame(operation::LOGIN, &messages::Login::default())[..6]);
    let mut silent_http = Raw::connect(server.address("http"));

    let error = messages::Error::decode(&on_websocket.read().unwrap().into_data()[8..]).unwrap();
    assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::LoginTimeout));
    let tungstenite::Message::Close(Some(close)) = on_websocket.read().unwrap() else {
        panic!("a close frame")
    };
    assert_eq!(u16::from(close.code), ErrorCode::LoginTimeout.close_code());
    for raw in [&mut on_tcp, &mut began_a_frame] {
        let (operation, body) = raw.next_frame().expect("a word of farewell");
        assert_eq!(operation, operation::ERROR);
        let error = messages::Error::decode(body.as_slice()).unwrap();
        assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::LoginTimeout));
        assert!(raw.read_to_end().is_empty());
    }
    assert_eq!(testkit::HttpAnswer::read(&silent_http.read_to_end()).status, 408);
    let took = clock.now().since(began);
    assert!(took.as_millis() >= 500, "not before its time: {took:?}");

    // Nothing came in the meantime, and the connection is as good as ever.
    inside.socket().get_ref().set_nonblocking(true).unwrap();
    let nothing = inside.socket().read();
    assert!(
        matches!(nothing, Err(tungstenite::Error::Io(ref e)) if e.kind() == ErrorKind::WouldBlock),
        "{nothing:?}"
    );
    inside.socket().get_ref().set_nonblocking(false).unwrap();
    let echo: messages::Property =
        inside.call("echo", &messages::Property { key: "k".into(), value: "v".into() }).unwrap();
    assert_eq!(echo.value, "v");
}

#[test]
fn a_refresh_token_is_good_once_and_a_lost_answer_costs_nothing() {
    let server = start();
    let refresh = |http: &Http, token: &Value| http.post("/v1/refresh", &json!({ "refresh_token": token }));
    let first = server.http().log_in("a");
    let second = refresh(&server.http(), &first["refresh_token"]);
    assert_eq!(second.status, 200, "{}", second.text);
    let second = second.json()["data"].clone();
    assert_eq!(verdict(&server, second["token"].as_str().unwrap()), None);
    let again = refresh(&server.http(), &first["refresh_token"]).json();
    assert_eq!(again["data"]["refresh_token"], second["refresh_token"], "the same successor");
    assert_eq!(refresh(&server.http(), &second["refresh_token"]).status, 200);
    // The first one is older than the grace allows: somebody has a copy, and the whole login ends.
    let copied = refresh(&server.http(), &first["refresh_token"]);
    assert_eq!((copied.status, &copied.json()["code"]), (401, &json!(ErrorCode::RefreshInvalid.number())));
    assert_eq!(verdict(&server, second["token"].as_str().unwrap()), Some((ErrorCode::TokenInvalid, 403)));
    for bad in [json!(""), json!("x.y.z"), first["token"].clone()] {
        assert_eq!(refresh(&server.http(), &bad).status, 401, "{bad}");
    }
}
