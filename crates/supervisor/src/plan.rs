//! What the supervisor is told to do.

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use crate::keeper::Limits;

/// A server to look after.
pub struct Plan {
    /// After the program's name, for example `serve --config jianzi.toml`.
    pub arguments: Vec<OsString>,
    /// Another version is asked with these whether it would start: the arguments and `--check`.
    pub check: Vec<OsString>,
    /// Of the server's own program, for people.
    pub version: String,
    /// The server's data folder; the supervisor keeps its things in `supervisor/` there.
    pub data: PathBuf,
    pub sockets: Sockets,
    pub limits: Limits,
    pub probes: ProbePlan,
    /// Hears the lines that a service manager is to be told, such as `READY=1`.
    pub parent: Box<dyn Fn(&str) + Send>,
    /// How often the parent wants to hear `WATCHDOG=1`.
    pub parent_watchdog: Option<Duration>,
    /// Hears what somebody should know.
    pub incidents: Box<dyn Fn(&Incident) + Send>,
}

/// Listening sockets, passed to every server under these names. One at least of `http` and `admin`.
pub struct Sockets {
    pub http: Vec<TcpListener>,
    pub tcp: Vec<TcpListener>,
    pub admin: Vec<TcpListener>,
}

/// How it is found out whether the server is well.
#[derive(Clone, Debug)]
pub struct ProbePlan {
    pub every: Duration,
    /// A probe that takes longer has failed.
    pub within: Duration,
    /// Exit code 0: well. It finds `JIANZI_HTTP`, `JIANZI_ADMIN` and `JIANZI_PID` in its environment.
    pub script: Option<PathBuf>,
}

/// Something that an operator may want to be woken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incident {
    /// The server ended and is started again. `pid` and `status` (as `waitpid` gave it) are of the process, if there
    /// was one.
    Down {
        cause: String,
        why: String,
        pid: Option<u32>,
        status: Option<i32>,
    },
    CrashLoop {
        crashes: u32,
    },
    /// Ready after a time without.
    Ready {
        down: Duration,
    },
    UpgradeConfirmed {
        version: String,
    },
    UpgradeWentBack {
        why: String,
    },
}

impl Sockets {
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &TcpListener)> {
        let all = [("http", &self.http), ("tcp", &self.tcp), ("admin", &self.admin)];
        all.into_iter().flat_map(|(name, sockets)| sockets.iter().map(move |socket| (name, socket)))
    }

    /// By name, in the order in which they are passed.
    pub fn addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        self.named().filter_map(|(name, socket)| Some((name, socket.local_addr().ok()?))).collect()
    }
}
