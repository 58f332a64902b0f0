//! The parent process: starts the server, looks whether it is well, starts it again, exchanges it for another version.
//!
//! It holds the listening sockets, so that a connection made while there is no server waits instead of being refused,
//! and it knows nothing of what the server does: sockets are passed and life signs given by systemd's protocols.
//!
//! What is decided, and when, is in [`keeper`]: a state machine without a process, a socket or a clock. The rest does
//! what it says: `run` (the loop), `child` (processes), `notices`, `probe`, `control` (`jianzi status` and `upgrade`),
//! `binary` (versions kept), `saved` (what another supervisor must know when this one has been killed).
#![cfg(unix)]

mod plan;
mod post;
mod run;

pub mod keeper;

mod binary;
mod child;
mod control;
mod folder;
mod notices;
mod probe;
mod saved;
mod sockets;
mod status;

mod audit;

pub use control::{Answer, Ask, NoSupervisor, ask};
pub use keeper::{CrashLoop, Limits};
pub use plan::{Incident, Plan, ProbePlan, Sockets};
pub use post::{Post, PostError};
pub use run::{Outcome, StartError, run};
pub use status::{ProbeStatus, RestartStatus, ServerStatus, Status, UpgradeStatus};
