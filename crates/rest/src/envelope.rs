//! `{"code":0,"msg":"ok","data":…}`, and what stands there instead when something is wrong.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{ErrorCode, Fault, Retry};
use serde::Serialize;

/// An answer with data.
pub(crate) struct Data<T>(pub(crate) T);

/// An answer that says what is wrong.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Fault);

pub(crate) type Answer<T> = Result<Data<T>, Failure>;

impl Failure {
    pub(crate) fn bad_request(sentence: impl Into<String>) -> Failure {
        Failure(Fault::new(ErrorCode::BadRequest, sentence.into()))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure(fault)
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Failure {
        Failure(code.into())
    }
}

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope<T> {
            code: u32,
            msg: &'static str,
            data: T,
        }
        json(StatusCode::OK, &Envelope { code: 0, msg: "ok", data: self.0 })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope<'a> {
            code: u32,
            msg: &'a str,
            msg_zh: &'static str,
            retry: &'static str,
            retry_after_ms: u64,
        }
        let Failure(fault) = self;
        let retry_after_ms = fault.retry_after.map_or(0, |wait| wait.as_millis() as u64);
        let status =
            StatusCode::from_u16(fault.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let envelope = Envelope {
            code: fault.code.number(),
            msg: &fault.message,
            msg_zh: fault.code.chinese(),
            retry: retry_word(fault.code.retry()),
            retry_after_ms,
        };
        let mut response = json(status, &envelope);
        if retry_after_ms > 0 {
            // The header counts whole seconds; rounding down would ask for a second refusal.
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

pub(crate) const RETRY_WORDS: [&str; 4] = ["never", "now", "later", "login"];

const fn retry_word(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => RETRY_WORDS[0],
        Retry::Now => RETRY_WORDS[1],
        Retry::Later => RETRY_WORDS[2],
        Retry::Login => RETRY_WORDS[3],
    }
}

/// Answers are about one player at one moment: nobody may keep them.
fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    match serde_json::to_vec(body) {
        Ok(body) => (status, headers, body).into_response(),
        Err(error) => {
            tracing::error!(event = "answer_not_written", %error);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
