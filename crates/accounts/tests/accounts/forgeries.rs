//! Tokens that are not ours, or not any more.

use std::time::Duration;

use accounts::{Accounts, AccountsConfig, BadConfig, Role};
use clock::{Chance, Clock};
use protocol::ErrorCode;
use serde_json::{Value, json};

use crate::bench::{Bench, DEMO_KEY, OTHER_KEY, START_S, app, open, write};

#[test]
fn a_token_says_who_and_how_long() {
    let bench = Bench::new();
    let answer = bench.login("demo", "dev:alice").unwrap();
    assert_eq!(answer.expires_in, 3600);
    let claims = bench.accounts.verify_access(&answer.token).unwrap();
    assert_eq!((claims.app.as_str(), claims.name.as_str(), claims.role), ("demo", "alice", Role::Player));
    assert_eq!(claims.player, answer.player.id);
    assert_eq!(claims.expires_s, START_S + 3600);
    let (header, body) = open(&answer.token);
    assert_eq!(header["alg"], "HS256");
    for claim in ["sub", "app", "role", "iat", "exp", "jti"] {
        assert!(!body[claim].is_null(), "{claim}");
    }
}

#[test]
fn a_token_ends_to_the_second() {
    let bench = Bench::new();
    let token = bench.login("demo", "dev:alice").unwrap().token;
    bench.clock.advance(Duration::from_millis(3_599_999));
    bench.accounts.verify_access(&token).unwrap();
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.accounts.verify_access(&token).unwrap_err().code, ErrorCode::TokenExpired);
}

/// Our writer makes what the server makes, so what is refused below is refused for the change alone.
#[test]
fn a_token_written_by_hand_with_the_right_key_is_good() {
    let bench = Bench::new();
    let (header, claims) = open(&bench.login("demo", "dev:alice").unwrap().token);
    bench.accounts.verify_access(&write(&header, &claims, DEMO_KEY)).unwrap();
    // Another order of the header's fields takes the long way.
    let spaced = json!({"zip_": 1, "typ": "JWT", "kid": header["kid"], "alg": "HS256"});
    bench.accounts.verify_access(&write(&spaced, &claims, DEMO_KEY)).unwrap();
}

/// Written by Python's hmac, json and base64 from the key alone.
#[test]
fn a_token_of_another_implementation_is_good() {
    let token = concat!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImJCbk9TdlpmIn0.",
        "eyJ1c2UiOiJhY2Nlc3MiLCJzdWIiOiJwMSIsImFwcCI6ImRlbW8iLCJuYW1lIjoiXHU2YmZkXHU1YjUwIiwicm9sZSI6InBs",
        "YXllciIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwLCJqdGkiOiJqMSIsImZhbSI6ImYxIn0.",
        "U3StCxwCKiAX8GZGDpcl98TU5FgDAEqItvsJCJuJDiM",
    );
    let claims = Bench::new().accounts.verify_access(token).unwrap();
    assert_eq!((claims.player.as_str(), claims.name.as_str()), ("p1", "毽子"));
}

#[test]
fn forged_tokens_are_refused() {
    let bench = Bench::new();
    let token = bench.login("demo", "dev:alice").unwrap().token;
    let (header, claims) = open(&token);
    let with = |target: &Value, field: &str, value: Value| {
        let mut changed = target.clone();
        changed[field] = value;
        changed
    };
    let none = write(&json!({"alg": "none", "typ": "JWT", "kid": header["kid"]}), &claims, DEMO_KEY);
    let mut forgeries = vec![
        none.clone(),
        format!("{}.", none.rsplit_once('.').unwrap().0),
        write(&header, &claims, OTHER_KEY),
        write(&header, &claims, ""),
        write(&with(&header, "kid", json!("nobody")), &claims, DEMO_KEY),
        write(&with(&header, "kid", json!(7)), &claims, DEMO_KEY),
        write(&with(&header, "crit", json!(["b64"])), &claims, DEMO_KEY),
        write(&json!({"typ": "JWT", "kid": header["kid"]}), &claims, DEMO_KEY),
        write(&header, &with(&claims, "app", json!("other")), DEMO_KEY),
        write(&header, &with(&claims, "role", json!("god")), DEMO_KEY),
        write(&header, &with(&claims, "exp", json!("never")), DEMO_KEY),
        write(&header, &with(&claims, "exp", json!(-1)), DEMO_KEY),
        write(&header, &with(&claims, "use", json!("refresh")), DEMO_KEY),
        write(&header, &json!([]), DEMO_KEY),
        bench.login("demo", "dev:alice").unwrap().refresh_token,
        token.replace('.', "_"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token}{}", "A".repeat(4096)),
        String::new(),
        "..".into(),
        "a.b.c".into(),
        "毽子.毽子.毽子".into(),
    ];
    for alg in ["hs256", "HS384", "HS512", "RS256", "None", "", "HS256 "] {
        forgeries.push(write(&with(&header, "alg", json!(alg)), &claims, DEMO_KEY));
    }
    for forgery in forgeries {
        let fault = bench.accounts.verify_access(&forgery).unwrap_err();
        assert_eq!(fault.code, ErrorCode::TokenInvalid, "{forgery}");
    }
}

#[test]
fn a_changed_character_is_found() {
    let bench = Bench::new();
    let token = bench.login("demo", "dev:alice").unwrap().token;
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        let code = bench.accounts.verify_access(&changed).unwrap_err().code;
        assert_eq!(code, ErrorCode::TokenInvalid, "character {at}");
    }
}

#[test]
fn deep_nesting_does_no_harm() {
    let bench = Bench::new();
    let (header, mut claims) = open(&bench.login("demo", "dev:alice").unwrap().token);
    claims["deep"] = (0..100).fold(json!(1), |inner, _| json!([inner]));
    bench.accounts.verify_access(&write(&header, &claims, DEMO_KEY)).unwrap();
    claims["deep"] = (0..500).fold(json!(1), |inner, _| json!([inner]));
    bench.accounts.verify_access(&write(&header, &claims, DEMO_KEY)).unwrap();
    claims["sub"] = claims["deep"].take();
    assert!(bench.accounts.verify_access(&write(&header, &claims, DEMO_KEY)).is_err());
}

#[test]
fn keys_can_be_changed_without_logging_anybody_out() {
    let before = Bench::new();
    let answer = before.login("demo", "dev:alice").unwrap();
    const NEW_KEY: &str = "new-key-new-key-new-key-new-key-new-key";
    let after = Bench::with(|config| config.apps[0] = app("demo", &[NEW_KEY, DEMO_KEY]));
    after.accounts.verify_access(&answer.token).unwrap();
    let refreshed = after.accounts.refresh(&answer.refresh_token).unwrap();
    let gone = Bench::with(|config| config.apps[0] = app("demo", &[NEW_KEY]));
    assert_eq!(gone.accounts.verify_access(&answer.token).unwrap_err().code, ErrorCode::TokenInvalid);
    gone.accounts.verify_access(&refreshed.token).unwrap();
}

#[test]
fn apps_that_share_a_secret_do_not_share_tokens() {
    let bench = Bench::with(|config| config.apps[1] = app("other", &[DEMO_KEY]));
    let (header, mut claims) = open(&bench.login("demo", "dev:alice").unwrap().token);
    claims["app"] = json!("other");
    let fault = bench.accounts.verify_access(&write(&header, &claims, DEMO_KEY)).unwrap_err();
    assert_eq!(fault.code, ErrorCode::TokenInvalid);
}

#[test]
fn bad_configurations_are_refused() {
    let start = |apps| {
        let sim = Bench::new().sim;
        Accounts::new(AccountsConfig::new(apps), sim, Clock::System, Chance::system()).err()
    };
    assert_eq!(start(vec![]), Some(BadConfig::NoApp));
    assert!(matches!(start(vec![app("a", &[])]), Some(BadConfig::NoKey(_))));
    assert!(matches!(start(vec![app("a", &["short"])]), Some(BadConfig::ShortKey { bytes: 5, .. })));
    assert!(matches!(start(vec![app("a", &[DEMO_KEY, DEMO_KEY])]), Some(BadConfig::KeyTwice(_))));
    assert!(matches!(
        start(vec![app("a", &[DEMO_KEY]), app("a", &[OTHER_KEY])]),
        Some(BadConfig::AppTwice(_))
    ));
}
