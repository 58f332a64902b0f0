//! The address of a project: `https://<key>@<host>[:port][/path]/<project>`.

use std::fmt;
use std::str::FromStr;

use platform::Secret;

/// Does not print: the key lets anybody send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dsn {
    scheme: &'static str,
    key: Secret,
    /// With port and path, without the project.
    base: String,
    project: String,
}

/// Says what is missing, without repeating the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDsn(&'static str);

impl Dsn {
    pub(super) fn envelope_url(&self) -> String {
        format!("{}://{}/api/{}/envelope/", self.scheme, self.base, self.project)
    }

    /// The value of `X-Sentry-Auth`.
    pub(super) fn auth(&self) -> String {
        let client = concat!("jianzi/", env!("CARGO_PKG_VERSION"));
        format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={}", self.key.reveal())
    }
}

impl FromStr for Dsn {
    type Err = BadDsn;

    fn from_str(text: &str) -> Result<Dsn, BadDsn> {
        let (scheme, rest) = text.split_once("://").ok_or(BadDsn("it has no ://"))?;
        let scheme = match scheme {
            "https" => "https",
            "http" => "http",
            _ => return Err(BadDsn("it begins with neither https:// nor http://")),
        };
        let (key, rest) = rest.split_once('@').ok_or(BadDsn("it has no key before an @"))?;
        // An old form has a second, secret key, which nobody needs any more.
        let key = key.split(':').next().unwrap_or_default();
        let (base, project) =
            rest.trim_end_matches('/').rsplit_once('/').ok_or(BadDsn("it has no project after the host"))?;
        let clean = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        if !clean(key)
            || !clean(base)
            || project.is_empty()
            || !project.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return Err(BadDsn("key, host or project is missing or has strange characters"));
        }
        Ok(Dsn { scheme, key: Secret::new(key), base: base.to_owned(), project: project.to_owned() })
    }
}

impl fmt::Display for BadDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a DSN is https://<key>@<host>/<project>; {}", self.0)
    }
}

impl std::error::Error for BadDsn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dsns_are_read_and_nonsense_is_refused() {
        for (text, url) in [
            ("https://abc@o1.ingest.example.io/42", "https://o1.ingest.example.io/api/42/envelope/"),
            ("http://abc:old@127.0.0.1:9000/sub/7/", "http://127.0.0.1:9000/sub/api/7/envelope/"),
        ] {
            let dsn: Dsn = text.parse().unwrap();
            assert_eq!(dsn.envelope_url(), url);
            assert!(dsn.auth().ends_with("sentry_key=abc"), "{}", dsn.auth());
            assert!(!format!("{dsn:?}").contains("abc"));
        }
        for bad in [
            "",
            "abc@host/1",
            "ftp://abc@host/1",
            "https://host/1",
            "https://@host/1",
            "https://abc@host",
            "https://abc@host/a b",
        ] {
            let error = bad.parse::<Dsn>().unwrap_err();
            assert!(error.to_string().contains("https://<key>@<host>/<project>"));
        }
    }
}
