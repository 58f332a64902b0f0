//! Why a module is refused, in words for its author.

use std::fmt;

use room_core::modules::CallEnd;

/// A module that cannot be a game. The message says what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the module has {bytes} bytes; a module may have {limit}")]
    TooLarge { bytes: usize, limit: usize },
    #[error("not a WebAssembly module: {0}")]
    NotWasm(&'static str),
    /// Truncated, damaged, or built for features of WebAssembly that are off here.
    #[error("the module is not valid here: {0}")]
    Invalid(String),
    #[error("the module imports {module}.{name}{}: {advice}", Used(place))]
    Import { module: String, name: String, place: Option<Place>, advice: &'static str },
    #[error("the module imports jianzi.{name} as {found}; it is {wanted}")]
    ImportType { name: String, wanted: String, found: String },
    #[error("the module does not export {name} {wanted}: {advice}")]
    NoExport { name: &'static str, wanted: String, advice: &'static str },
    #[error("the module exports {name} as {found}; it must be {wanted}")]
    ExportType { name: &'static str, wanted: String, found: String },
    #[error("a room of this module could not be kept as an image: {what}{}. {advice}", Where(place))]
    NoImage { what: String, place: Option<Place>, advice: &'static str },
    #[error("the module wants {pages} pages of memory (64 KiB each) from the start; a room may have {limit}")]
    Memory { pages: u64, limit: u32 },
    #[error("the module has {tables} tables; one is allowed")]
    Tables { tables: usize },
    #[error("the module's table has {elements} elements; {limit} are allowed")]
    TableElements { elements: u64, limit: u32 },
    #[error("{}", speaks(*found))]
    Abi { found: i32 },
    #[error("a new instance cannot be made: {0}; start section and _initialize may call no import")]
    Start(CallEnd),
    #[error("{function} ended badly in a new instance: {end}")]
    Probe { function: &'static str, end: CallEnd },
    #[error("the module cannot be compiled: {0}")]
    Compile(String),
}

/// Somewhere in a module's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub function: u32,
    /// From the name section, demangled.
    pub name: Option<String>,
    /// From the beginning of the module.
    pub byte: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} (byte {:#x})", self.byte),
            None => write!(
                f,
                "function {} (byte {:#x}; a build that keeps the names of functions would say which)",
                self.function, self.byte
            ),
        }
    }
}

struct Used<'a>(&'a Option<Place>);

impl fmt::Display for Used<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |place| write!(f, ", used by {place}"))
    }
}

struct Where<'a>(&'a Option<Place>);

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |place| write!(f, " in {place}"))
    }
}

fn speaks(found: i32) -> String {
    let (oldest, newest) = (game_abi::OLDEST_VERSION, game_abi::VERSION);
    let known = if oldest == newest { format!("{newest}") } else { format!("{oldest} to {newest}") };
    let advice = if found > newest as i32 {
        "build it with the SDK of this server's version, or update the server"
    } else {
        "build it again with the SDK of this server's version"
    };
    format!("the module speaks version {found} of the game ABI, this server {known}: {advice}")
}
