//! The HTTP interface: login and reading for the mini program, pages, and the operators' own listener.
//!
//! [`router`] serves clients, [`admin_router`] operators; [`HttpServer`] drives either on connections that somebody
//! else accepted. To add an endpoint: one file under `endpoints/` with request, answer, handler and description, and a
//! line in `endpoints::all`; the router and `/openapi.json` both follow from it.

mod state;

mod router;

mod endpoint;
mod endpoints;
mod openapi;

mod admin;
mod admin_patches;
mod dev_crash;
mod dev_tools;
mod static_files;

mod body;
mod caller;
mod cors;
mod envelope;
mod request_log;

mod lingering_io;
mod prefixed_io;
mod server;
mod slots;

pub use admin::{AdminState, admin_router};
pub use admin_patches::{PatchAdmin, patch_router};
pub use cors::Origins;
pub use dev_crash::dev_crash_router;
pub use dev_tools::{DevTools, dev_tools_router};
pub use prefixed_io::PrefixedIo;
pub use router::router;
pub use server::{ConnectionLimits, HttpServer, Peer};
pub use state::{AdmitLogin, LoginAttempt, Replays, RestConfig, RestState};
pub use static_files::StaticFiles;
