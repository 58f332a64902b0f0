//! Lines and the chain of their hashes.

use ring::digest::{SHA256, digest};

use super::Entry;
use crate::keys::Hex;

/// The `prev` of the first entry.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

/// A history that was found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub entries: u64,
    /// The hash of the last; whoever keeps it elsewhere will notice a history that was cut.
    pub head: String,
}

/// A line that does not continue the chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHistory {
    #[error("line {0} is no entry: {1}")]
    Line(u64, String),
    #[error("line {0} was changed: its hash is not that of its entry")]
    Changed(u64),
    #[error("line {0} does not follow the line before it: something was left out, put in or moved")]
    Unlinked(u64),
    #[error("line {0} is not whole")]
    Cut(u64),
}

const BEFORE_HASH: &str = r#"{"hash":""#;
const BEFORE_ENTRY: &str = r#"","entry":"#;
const HASH_DIGITS: usize = START.len();

impl Link {
    pub(crate) fn start() -> Link {
        Link { seq: 0, hash: START.to_owned() }
    }
}

/// Reads a whole history, line by line.
///
/// # Errors
/// The first line that does not continue the chain.
pub fn check_history(text: &str) -> Result<Checked, BadHistory> {
    let mut link = Link::start();
    for line in text.split_inclusive('\n') {
        let number = link.seq + 1;
        let line = line.strip_suffix('\n').ok_or(BadHistory::Cut(number))?;
        link = read_line(line, &link)?.1;
    }
    Ok(Checked { entries: link.seq, head: link.hash })
}

/// The line of an entry, its end included, and the chain's end behind it.
pub(crate) fn line_of(entry: &Entry) -> Result<(String, Link), serde_json::Error> {
    let json = serde_json::to_string(entry)?;
    let hash = hash_of(&json);
    let line = format!("{BEFORE_HASH}{hash}{BEFORE_ENTRY}{json}}}\n");
    Ok((line, Link { seq: entry.seq, hash }))
}

/// The entry of a line that follows `before`.
pub(super) fn read_line(line: &str, before: &Link) -> Result<(Entry, Link), BadHistory> {
    let number = before.seq + 1;
    let not_a_line = |why: &str| BadHistory::Line(number, why.to_owned());
    let rest = line.strip_prefix(BEFORE_HASH).ok_or_else(|| not_a_line("it does not begin with a hash"))?;
    let (hash, rest) = rest.split_at_checked(HASH_DIGITS).ok_or_else(|| not_a_line("its hash is cut"))?;
    let json = rest
        .strip_prefix(BEFORE_ENTRY)
        .and_then(|rest| rest.strip_suffix('}'))
        .ok_or_else(|| not_a_line("it has no entry"))?;
    if hash_of(json) != hash {
        return Err(BadHistory::Changed(number));
    }
    let entry: Entry = serde_json::from_str(json).map_err(|error| not_a_line(&error.to_string()))?;
    if entry.seq != number || entry.prev != before.hash {
        return Err(BadHistory::Unlinked(number));
    }
    Ok((entry, Link { seq: number, hash: hash.to_owned() }))
}

fn hash_of(json: &str) -> String {
    Hex(digest(&SHA256, json.as_bytes()).as_ref()).to_string()
}
