//! Takes out what looks like a secret, before a report is written or sent.
//!
//! Log lines hold no secrets by the rules of the house; a panic's message or a library's line may.

const HIDDEN: &str = "[hidden]";

/// Words behind which a secret stands, followed by `=`, `:` or a space.
const NAMES: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "authorization",
    "bearer",
    "api_key",
    "apikey",
    "session_key",
    "resume_key",
    "jwt_key",
    "private_key",
    "access_token",
    "refresh_token",
    "code",
    "dsn",
    "sign",
];

/// The text without tokens, keys, passwords and the user part of addresses.
pub fn scrub(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hide_next = false;
    for piece in pieces(text) {
        let is_word = piece.starts_with(is_word_character);
        if !is_word {
            // The separator between a name and its value keeps the intent; anything else ends it.
            hide_next = hide_next && piece.chars().all(|c| matches!(c, '=' | ':' | ' ' | '"' | '\''));
            out.push_str(piece);
            continue;
        }
        let lower = piece.to_ascii_lowercase();
        let names_secret = NAMES.iter().any(|name| lower == *name || lower.ends_with(&format!("_{name}")));
        if looks_secret(piece) || (hide_next && !names_secret) {
            out.push_str(HIDDEN);
            hide_next = false;
        } else {
            out.push_str(piece);
            hide_next = names_secret;
        }
    }
    out
}

/// Runs of word characters and runs of others.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let kind = is_word_character(first);
        let end = rest.find(|c| is_word_character(c) != kind).unwrap_or(rest.len());
        let (piece, later) = rest.split_at(end);
        rest = later;
        Some(piece)
    })
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+')
}

/// A JSON web token, or a long run of letters and digits mixed as chance mixes them.
fn looks_secret(word: &str) -> bool {
    if word.starts_with("eyJ") && word.len() > 20 {
        return true;
    }
    let longest = word.split(['.', '-', '_']).map(str::len).max().unwrap_or(0);
    let has = |test: fn(&char) -> bool| word.chars().filter(test).count() >= 4;
    let is_hex = word.chars().all(|c| c.is_ascii_hexdigit());
    longest >= 32 && !is_hex && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for (text, expected) in [
            ("room 17-abc ended, tick=400", "room 17-abc ended, tick=400"),
            ("authorization: Bearer abc.def", "authorization: Bearer [hidden]"),
            ("GET /v1/version?token=abc&x=1", "GET /v1/version?token=[hidden]&x=1"),
            ("{\"session_key\":\"tiihtNczf5v6AKRyjwEUhQ\"}", "{\"session_key\":\"[hidden]\"}"),
            ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.abcDEF", "got [hidden]"),
            ("key q8ZrPk2vXw7TnB4mLd9JhF3sGc6YtR5a here", "key [hidden] here"),
            ("the token is missing", "the token [hidden] missing"),
            (
                "build f6b998e4567a51c1ba3d2d0bb9ae1544bd261d50",
                "build f6b998e4567a51c1ba3d2d0bb9ae1544bd261d50",
            ),
            ("毽子 password=密码 好", "毽子 password=[hidden] 好"),
        ] {
            assert_eq!(scrub(text), expected);
        }
    }
}
