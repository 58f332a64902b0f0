//! `crates/protocol/src/errors.rs`.

use std::fmt::Display;
use std::path::Path;

use anyhow::Result;

use super::ErrorList;
use super::error_list::{ErrorEntry, Retry};
use crate::workspace;

pub fn generate(root: &Path, list: &ErrorList) -> Result<String> {
    let errors = &list.errors;
    let variants: String = errors
        .iter()
        .map(|error| format!("/// {}\n{} = {},\n", error.en, error.camel_case(), error.code))
        .collect();
    let all: String = errors.iter().map(|error| format!("ErrorCode::{},\n", error.camel_case())).collect();
    let closing: Vec<String> = errors
        .iter()
        .filter(|error| error.closes)
        .map(|error| format!("ErrorCode::{}", error.camel_case()))
        .collect();
    let text = TEMPLATE
        .replace("@VARIANTS@", &variants)
        .replace("@COUNT@", &errors.len().to_string())
        .replace("@ALL@", &all)
        .replace("@NUMBERS@", &numbers(errors))
        .replace("@NAME@", &arms(errors, |error| format!("{:?}", error.name)))
        .replace("@RETRY@", &arms(errors, |error| format!("Retry::{}", variant(error.retry))))
        .replace("@HTTP@", &arms(errors, |error| error.http))
        .replace("@CLOSING@", &closing.join(" | "))
        .replace("@ENGLISH@", &arms(errors, |error| format!("{:?}", error.en)))
        .replace("@CHINESE@", &arms(errors, |error| format!("{:?}", error.zh)));
    workspace::rustfmt(root, &text)
}

const TEMPLATE: &str = r##"// Generated from proto/errors.toml by `cargo xtask codegen`; do not edit.

//! Every error that Jianzi tells a client. `docs/errors/` has a page for each.

/// What went wrong, as a number that never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum ErrorCode {
@VARIANTS@
}

/// What a client does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The request is wrong and will be wrong again.
    Never,
    /// At once.
    Now,
    /// After `retry_after_ms`, or with growing delay.
    Later,
    /// After a new login.
    Login,
}

impl ErrorCode {
    /// In the order of their numbers.
    pub const ALL: [ErrorCode; @COUNT@] = [
@ALL@
    ];

    /// The code of this number, if there is one.
    pub const fn from_number(number: u32) -> Option<ErrorCode> {
        Some(match number {
@NUMBERS@
            _ => return None,
        })
    }

    /// As `proto/errors.toml` gives it.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// In snake_case.
    pub const fn name(self) -> &'static str {
        match self {
@NAME@
        }
    }

    /// What a client does about it.
    pub const fn retry(self) -> Retry {
        match self {
@RETRY@
        }
    }

    /// The status of an HTTP answer that carries it.
    pub const fn http_status(self) -> u16 {
        match self {
@HTTP@
        }
    }

    /// The server closes the connection after telling it.
    pub const fn closes(self) -> bool {
        matches!(self, @CLOSING@)
    }

    /// The WebSocket close code, unique for each error: 4000 + 100 × thousands + last two digits (2005 → 4205).
    pub const fn close_code(self) -> u16 {
        let number = self as u16;
        4000 + number / 1000 * 100 + number % 100
    }

    /// A sentence for any case of it.
    pub const fn english(self) -> &'static str {
        match self {
@ENGLISH@
        }
    }

    /// As [`english`](ErrorCode::english), in Chinese.
    pub const fn chinese(self) -> &'static str {
        match self {
@CHINESE@
        }
    }
}

impl Retry {
    /// In lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Retry::Never => "never",
            Retry::Now => "now",
            Retry::Later => "later",
            Retry::Login => "login",
        }
    }
}
"##;

fn arms<T: Display>(errors: &[ErrorEntry], value: impl Fn(&ErrorEntry) -> T) -> String {
    errors.iter().map(|error| format!("ErrorCode::{} => {},\n", error.camel_case(), value(error))).collect()
}

fn numbers(errors: &[ErrorEntry]) -> String {
    errors.iter().map(|error| format!("{} => ErrorCode::{},\n", error.code, error.camel_case())).collect()
}

fn variant(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "Never",
        Retry::Now => "Now",
        Retry::Later => "Later",
        Retry::Login => "Login",
    }
}
