//! How options are written: read from TOML or from the environment, shown as TOML.

mod kinds;
mod units;

pub use kinds::Platform;
pub use units::Bytes;

/// A value as somebody wrote it.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Given>),
    /// Of a kind that no option has: its name.
    Other(&'static str),
}

/// Something that an option can be.
pub trait Value: Sized {
    /// As TOML.
    const EXAMPLE: &'static str;

    /// The error says what is wanted, for example `a duration such as "5s" is wanted, not a list`.
    fn read(given: &Given) -> Result<Self, String>;

    /// As TOML; `None` if there is no value.
    fn show(&self) -> Option<String>;
}

impl Given {
    /// A word for messages that does not repeat what may be a secret.
    pub fn kind(&self) -> &'static str {
        match self {
            Given::Text(_) => "a text",
            Given::Number(_) => "a number",
            Given::Flag(_) => "true or false",
            Given::List(_) => "a list",
            Given::Other(kind) => kind,
        }
    }

    pub fn text(&self, wanted: &str) -> Result<&str, String> {
        match self {
            Given::Text(text) => Ok(text),
            other => Err(format!("{wanted} is wanted, not {}", other.kind())),
        }
    }
}

/// A TOML string.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
