//! Plain HTTP requests, for JSON and for text.

use std::net::SocketAddr;

use serde_json::Value;

/// One server's HTTP side.
pub struct Http {
    base: String,
    agent: ureq::Agent,
}

/// What came back, whatever the status.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl HttpAnswer {
    /// # Panics
    /// When the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    /// Reads an answer as it came over a socket that has ended.
    ///
    /// # Panics
    /// When it is not an HTTP answer with all of its body.
    pub fn read(bytes: &[u8]) -> HttpAnswer {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let answer = HttpAnswer { status: status.expect("a status"), headers, text: body.to_owned() };
        let announced = answer.header("content-length").map(|length| length.parse().expect("a length"));
        assert!(announced.is_none_or(|length: usize| length == body.len()), "the whole body: {text:?}");
        answer
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Http {
    pub fn new(address: SocketAddr) -> Http {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .allow_non_standard_methods(true)
            .build();
        Http { base: format!("http://{address}"), agent: config.into() }
    }

    pub fn get(&self, path: &str) -> HttpAnswer {
        answer(self.agent.get(format!("{}{path}", self.base)).call())
    }

    pub fn get_as(&self, path: &str, token: &str) -> HttpAnswer {
        let request = self.agent.get(format!("{}{path}", self.base));
        answer(request.header("authorization", format!("Bearer {token}")).call())
    }

    /// What is no text; `None` unless the status is 200.
    pub fn get_bytes_as(&self, path: &str, token: &str) -> Option<Vec<u8>> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let mut response =
            request.header("authorization", format!("Bearer {token}")).call().expect("an answer");
        let bytes = response.body_mut().read_to_vec().expect("a body");
        (response.status() == 200).then_some(bytes)
    }

    pub fn post(&self, path: &str, body: &Value) -> HttpAnswer {
        self.post_bytes(path, body.to_string().as_bytes())
    }

    /// Posts bytes as they are, named JSON.
    pub fn post_bytes(&self, path: &str, body: &[u8]) -> HttpAnswer {
        let request = self.agent.post(format!("{}{path}", self.base));
        answer(request.header("content-type", "application/json").send(body))
    }

    /// Any request, with headers of one's own.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> HttpAnswer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        answer(self.agent.run(request))
    }

    /// Logs a test player in and gives the answer's data.
    pub fn log_in(&self, name: &str) -> Value {
        let body = serde_json::json!({ "code": format!("dev:{name}"), "device": format!("device-{name}") });
        let answer = self.post("/v1/login", &body);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["data"].clone()
    }

    pub fn token(&self, name: &str) -> String {
        self.log_in(name)["token"].as_str().expect("a token").to_owned()
    }
}

fn answer(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> HttpAnswer {
    let mut response = result.expect("an answer");
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned())).collect();
    let text = response.body_mut().read_to_string().expect("a text");
    HttpAnswer { status: response.status().as_u16(), headers, text }
}
