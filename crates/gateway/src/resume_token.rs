//! The token that lets a session go on after its connection broke.
//!
//! Authenticated by the server's key alone, so that it is understood after a restart too.

use clock::Clock;
use model::SessionId;
use protocol::{ErrorCode, Fault};
use ring::hmac;

/// What a resume token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeToken {
    pub session: SessionId,
    /// Rises with each resume; see `Session::take_over`.
    pub generation: u32,
    /// Seconds since 1970.
    pub expires_s: u64,
}

/// Makes and checks resume tokens.
pub struct ResumeKey {
    key: hmac::Key,
    clock: Clock,
}

impl ResumeKey {
    pub fn new(secret: &[u8], clock: Clock) -> ResumeKey {
        ResumeKey { key: hmac::Key::new(hmac::HMAC_SHA256, secret), clock }
    }

    pub fn seal(&self, token: &ResumeToken) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48 + token.session.as_str().len());
        bytes.extend_from_slice(&token.generation.to_be_bytes());
        bytes.extend_from_slice(&token.expires_s.to_be_bytes());
        bytes.extend_from_slice(token.session.as_str().as_bytes());
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend_from_slice(&tag.as_ref()[..16]);
        bytes
    }

    /// # Errors
    /// `token_invalid` if it is not one of ours, `token_expired` if its time is over.
    pub fn open(&self, bytes: &[u8]) -> Result<ResumeToken, Fault> {
        let invalid = || Fault::new(ErrorCode::TokenInvalid, "the resume token is not one of this server's");
        let (content, tag) = bytes.split_last_chunk::<16>().ok_or_else(invalid)?;
        let expected = hmac::sign(&self.key, content);
        // Both sides are hashed once more, so that comparing them tells nothing about either.
        let blind = |tag: &[u8]| hmac::sign(&self.key, tag);
        if blind(&expected.as_ref()[..16]).as_ref() != blind(tag).as_ref() {
            return Err(invalid());
        }
        let (generation, rest) = content.split_first_chunk::<4>().ok_or_else(invalid)?;
        let (expires, session) = rest.split_first_chunk::<8>().ok_or_else(invalid)?;
        let session = std::str::from_utf8(session).map_err(|_| invalid())?;
        let token = ResumeToken {
            session: SessionId::try_from(session).map_err(|_| invalid())?,
            generation: u32::from_be_bytes(*generation),
            expires_s: u64::from_be_bytes(*expires),
        };
        if token.expires_s < self.clock.wall_s() {
            return Err(Fault::new(ErrorCode::TokenExpired, "the resume token has expired"));
        }
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use clock::ManualClock;

    use super::*;
    use crate::login::RESUME_TOKEN_SPARE_S;

    #[test]
    fn a_token_round_trips_and_every_flipped_bit_is_found() {
        let clock = Arc::new(ManualClock::new(1_000_000));
        let key = ResumeKey::new(b"a key", Clock::Manual(clock.clone()));
        let token = ResumeToken { session: SessionId::new("s1"), generation: 7, expires_s: 1010 };
        let sealed = key.seal(&token);
        assert_eq!(key.open(&sealed), Ok(token));
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(&forged).unwrap_err().code, ErrorCode::TokenInvalid);
        }
        assert!(ResumeKey::new(b"another", Clock::default()).open(&sealed).is_err());
        clock.advance(Duration::from_secs(11));
        assert_eq!(key.open(&sealed).unwrap_err().code, ErrorCode::TokenExpired);
    }

    #[test]
    fn an_hour_that_the_wall_clock_jumps_costs_no_session() {
        let hour = 3_600_000;
        for jump in [hour, -hour] {
            let clock = Arc::new(ManualClock::new(1_795_219_200_000));
            let key = ResumeKey::new(b"a key", Clock::Manual(clock.clone()));
            let expires_s = Clock::Manual(clock.clone()).wall_s() + RESUME_TOKEN_SPARE_S;
            let sealed = key.seal(&ResumeToken { session: SessionId::new("s1"), generation: 7, expires_s });
            clock.jump_wall(jump);
            assert!(key.open(&sealed).is_ok());
        }
    }
}
