//! The operators' calls of a server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use platform::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{failed, user};
use crate::config::{Config, Profile};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The server's `admin` address, as IP:PORT or URL. Without it JIANZI_SERVER__ADMIN, else 127.0.0.1:7602.
    #[arg(long, value_name = "ADDRESS")]
    server: Option<String>,
    /// A file that holds the admin token. Without it JIANZI_SERVER__ADMIN_TOKEN, else that of a developer's server.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The data folder of a developer's server, for its token.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Your name in the history; without it, the user's.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// A server that will be asked.
pub(super) struct Admin {
    address: String,
    token: Secret,
    by: String,
    agent: ureq::Agent,
}

/// Longer than a trial replay may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Of an answer; a history grows by some hundred bytes a step.
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;

const TOKEN_VARIABLE: &str = "JIANZI_SERVER__ADMIN_TOKEN";

impl Admin {
    pub(super) fn new(args: &ServerArgs) -> Result<Admin, Failure> {
        let address = args.server.clone().or_else(|| std::env::var("JIANZI_SERVER__ADMIN").ok());
        let address = address.unwrap_or_else(|| Config::defaults(Profile::Dev).server.admin.to_string());
        let address = match address.contains("://") {
            true => address.trim_end_matches('/').to_owned(),
            false => format!("http://{address}"),
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_global(Some(ANSWER_WITHIN))
            .build()
            .into();
        Ok(Admin { address, token: token(args)?, by: args.by.clone().unwrap_or_else(user), agent })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn by(&self) -> &str {
        &self.by
    }

    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        data(&self.get_text(path)?)
    }

    pub(super) fn get_text(&self, path: &str) -> Result<String, Failure> {
        self.read(self.agent.get(self.url(path)).header("authorization", self.bearer()).call())
    }

    pub(super) fn post<T: DeserializeOwned>(&self, path: &str, order: &Value) -> Result<T, Failure> {
        let request = self.agent.post(self.url(path)).header("authorization", self.bearer());
        data(&self.read(request.send_json(order))?)
    }

    pub(super) fn post_bytes<T: DeserializeOwned>(&self, path: &str, bytes: &[u8]) -> Result<T, Failure> {
        let request = self.agent.post(self.url(path)).header("authorization", self.bearer());
        data(&self.read(request.header("content-type", "application/octet-stream").send(bytes))?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/admin/v1/patches{path}", self.address)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.reveal())
    }

    /// The body of an answer that is none of a failure.
    fn read(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<String, Failure> {
        let address = &self.address;
        let silent = |error: ureq::Error| {
            failed(format!(
                "{address} does not answer: {error}; is it the server's `admin` address? See --server"
            ))
        };
        let mut answer = answer.map_err(silent)?;
        let status = answer.status();
        let text =
            answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().map_err(silent)?;
        if status.is_success() {
            return Ok(text);
        }
        #[derive(Deserialize)]
        struct Refusal {
            msg: String,
        }
        let said = serde_json::from_str::<Refusal>(&text).map(|refusal| refusal.msg);
        Err(failed(said.unwrap_or_else(|_| format!("{address} answers {status}; is this a Jianzi server?"))))
    }
}

fn data<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        data: T,
    }
    let understood = serde_json::from_str::<Envelope<T>>(text);
    let other =
        |error| failed(format!("the answer is not understood: {error}; are both of the same version?"));
    understood.map(|envelope| envelope.data).map_err(other)
}

fn token(args: &ServerArgs) -> Result<Secret, Failure> {
    if let Some(file) = &args.token_file {
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| failed(format!("{shown} cannot be read: {error}")))?;
        return Ok(Secret::new(text.trim()));
    }
    if let Ok(token) = std::env::var(TOKEN_VARIABLE) {
        return Ok(Secret::new(token.trim()));
    }
    let folder = args.data.clone().unwrap_or_else(|| Config::defaults(Profile::Dev).server.data);
    developers_token(&folder).ok_or_else(|| {
        let keys = folder.join("dev-keys.toml");
        failed(format!(
            "no admin token: give --token-file, or set {TOKEN_VARIABLE}; a developer's server keeps one in {}, see --data",
            keys.display()
        ))
    })
}

fn developers_token(folder: &Path) -> Option<Secret> {
    #[derive(Deserialize)]
    struct Keys {
        admin_token: String,
    }
    let text = std::fs::read_to_string(folder.join("dev-keys.toml")).ok()?;
    Some(Secret::new(toml::from_str::<Keys>(&text).ok()?.admin_token))
}
