//! Everything else that an option can be.

use std::net::SocketAddr;
use std::path::PathBuf;

use admission::Network;
use model::AppId;
use platform::Secret;
use releases::Decision;
use rooms::WithoutJournal;
use telemetry::Format;

use super::{Given, Value, quoted};

/// The game platform that an app's players log in through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Everybody is believed: for tests and demonstrations.
    Simulator,
}

impl Value for bool {
    const EXAMPLE: &'static str = "true";

    fn read(given: &Given) -> Result<bool, String> {
        match given {
            Given::Flag(flag) => Ok(*flag),
            other => Err(format!("true or false is wanted, not {}", other.kind())),
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! whole_number {
    ($kind:ty) => {
        impl Value for $kind {
            const EXAMPLE: &'static str = "8";

            fn read(given: &Given) -> Result<$kind, String> {
                match given {
                    Given::Number(number) => <$kind>::try_from(*number)
                        .map_err(|_| format!("a whole number from 0 to {} is wanted", <$kind>::MAX)),
                    other => Err(format!("a whole number is wanted, not {}", other.kind())),
                }
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    };
}

whole_number!(u32);
whole_number!(usize);

impl Value for String {
    const EXAMPLE: &'static str = "\"…\"";

    fn read(given: &Given) -> Result<String, String> {
        given.text("a text").map(str::to_owned)
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self))
    }
}

/// Shown as a path of its own platform, read likewise.
impl Value for PathBuf {
    const EXAMPLE: &'static str = "\"/path/to/file\"";

    fn read(given: &Given) -> Result<PathBuf, String> {
        match given.text("a path")? {
            "" => Err("a path is wanted, not an empty text".to_owned()),
            text => Ok(text.into()),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl Value for AppId {
    const EXAMPLE: &'static str = "\"my-game\"";

    fn read(given: &Given) -> Result<AppId, String> {
        let text = given.text("an app's id")?;
        let well_formed = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if well_formed {
            Ok(AppId::new(text))
        } else {
            Err("an id has 1 to 64 letters, digits, - _ or .".to_owned())
        }
    }

    fn show(&self) -> Option<String> {
        (!self.as_str().is_empty()).then(|| quoted(self.as_str()))
    }
}

/// The text itself, or `file:PATH` for the content of a file without its last line end.
impl Value for Secret {
    const EXAMPLE: &'static str = "\"file:/run/secrets/name\"";

    fn read(given: &Given) -> Result<Secret, String> {
        let text = given.text("a secret, or \"file:PATH\",")?;
        match text.strip_prefix("file:") {
            None => Ok(Secret::new(text)),
            Some(path) => match std::fs::read_to_string(path) {
                Ok(secret) => Ok(Secret::new(secret.trim_end_matches(['\r', '\n']))),
                Err(error) => Err(format!("the secret cannot be read from {path}: {error}")),
            },
        }
    }

    /// Never the secret.
    fn show(&self) -> Option<String> {
        None
    }
}

macro_rules! from_text {
    ($kind:ty, $wanted:literal, $example:literal, $show:expr) => {
        impl Value for $kind {
            const EXAMPLE: &'static str = $example;

            fn read(given: &Given) -> Result<$kind, String> {
                let text = given.text($wanted)?;
                text.parse().map_err(|_| format!(concat!($wanted, " is wanted, not {:?}"), text))
            }

            fn show(&self) -> Option<String> {
                let show: fn(&$kind) -> String = $show;
                Some(quoted(&show(self)))
            }
        }
    };
}

from_text!(
    SocketAddr,
    "an address with port such as \"127.0.0.1:7600\" or \"[::]:7600\"",
    "\"0.0.0.0:7600\"",
    |a| a.to_string()
);
from_text!(Network, "an address or network such as \"10.0.0.0/8\"", "\"10.0.0.0/8\"", |n| n.to_string());
from_text!(Format, "\"text\" or \"json\"", "\"json\"", |format| match format {
    Format::Text => "text".to_owned(),
    Format::Json => "json".to_owned(),
});

macro_rules! one_of {
    ($kind:ty { $($word:literal => $variant:expr),+ $(,)? }, $example:literal) => {
        impl Value for $kind {
            const EXAMPLE: &'static str = $example;

            fn read(given: &Given) -> Result<$kind, String> {
                let wanted = concat!("one of", $(" \"", $word, "\""),+);
                match given.text(wanted)? {
                    $($word => Ok($variant),)+
                    other => Err(format!("{wanted} is wanted, not {other:?}")),
                }
            }

            fn show(&self) -> Option<String> {
                let words = [$(($word, $variant)),+];
                words.iter().find(|(_, variant)| variant == self).map(|(word, _)| quoted(word))
            }
        }
    };
}

one_of!(Platform { "simulator" => Platform::Simulator }, "\"simulator\"");
one_of!(WithoutJournal {
    "pause" => WithoutJournal::Pause,
    "end" => WithoutJournal::End,
    "play_on" => WithoutJournal::PlayOn,
}, "\"end\"");
one_of!(Decision {
    "allow" => Decision::Allow,
    "please_update" => Decision::PleaseUpdate,
    "must_update" => Decision::MustUpdate,
    "other_server" => Decision::OtherServer,
}, "\"must_update\"");

impl<V: Value> Value for Option<V> {
    const EXAMPLE: &'static str = V::EXAMPLE;

    fn read(given: &Given) -> Result<Option<V>, String> {
        V::read(given).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(V::show)
    }
}

/// A text counts as a list with commas: that is how the environment writes one.
impl<V: Value> Value for Vec<V> {
    const EXAMPLE: &'static str = V::EXAMPLE;

    fn read(given: &Given) -> Result<Vec<V>, String> {
        match given {
            Given::List(items) => items.iter().map(V::read).collect(),
            Given::Text(text) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| V::read(&Given::Text(item.to_owned())))
                .collect(),
            other => Err(format!("a list is wanted, not {}", other.kind())),
        }
    }

    fn show(&self) -> Option<String> {
        let items: Option<Vec<String>> = self.iter().map(V::show).collect();
        items.map(|items| format!("[{}]", items.join(", ")))
    }
}
