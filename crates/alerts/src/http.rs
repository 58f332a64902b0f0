//! The one way out: POST over HTTP or HTTPS, with a limit in time and size.

use std::time::Duration;

use ureq::Agent;

/// Longest wait for one request, connecting included.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes.
const ANSWER_MAX: u64 = 64 << 10;

/// A request, ready to go. Its address is a secret: chat robots are known by nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub url: platform::Secret,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: String,
}

/// Why it did not arrive, in words without the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub why: String,
    /// How long to wait before another try; `None` if that makes no sense.
    pub wait: Option<Duration>,
}

impl Refusal {
    pub fn passing(why: impl Into<String>) -> Refusal {
        Refusal { why: why.into(), wait: Some(Duration::ZERO) }
    }

    pub fn after(why: impl Into<String>, wait: Duration) -> Refusal {
        Refusal { why: why.into(), wait: Some(wait) }
    }

    pub fn lasting(why: impl Into<String>) -> Refusal {
        Refusal { why: why.into(), wait: None }
    }
}

pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("jianzi/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

pub(crate) fn post(agent: &Agent, request: &Request) -> Result<Answer, Refusal> {
    let mut builder = agent.post(request.url.reveal());
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let mut response = builder.send(&request.body[..]).map_err(|error| refusal(&error))?;
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let body = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec();
    let body = body.map_err(|error| refusal(&error))?;
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after: retry_after.map(Duration::from_secs),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// The library's own words may repeat the address.
fn refusal(error: &ureq::Error) -> Refusal {
    match error {
        ureq::Error::Timeout(_) => Refusal::passing(format!("no answer within {} s", PATIENCE.as_secs())),
        ureq::Error::HostNotFound => Refusal::passing("the host is not found"),
        ureq::Error::ConnectionFailed => Refusal::passing("no connection"),
        ureq::Error::Io(error) => Refusal::passing(error.to_string()),
        ureq::Error::Tls(why) => Refusal::passing(format!("TLS: {why}")),
        ureq::Error::Rustls(error) => Refusal::passing(format!("TLS: {error}")),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Refusal::lasting("the address is none"),
        ureq::Error::BodyExceedsLimit(_) => Refusal::passing("the answer is too long"),
        _ => Refusal::passing("the request failed"),
    }
}
