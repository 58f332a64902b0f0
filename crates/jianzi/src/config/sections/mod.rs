//! The sections, one file each.

mod server;
mod tls;

mod apps;
mod login;

mod gateway;
mod limits;

mod games;
mod journal;
mod matchmaking;
mod rooms;

mod alerts;
mod crashes;

mod builds;
mod cors;
mod log;

pub use alerts::AlertsSection;
pub use apps::AppSection;
pub use builds::BuildSection;
pub use cors::CorsSection;
pub use crashes::CrashesSection;
pub use games::GamesSection;
pub use gateway::GatewaySection;
pub use journal::JournalSection;
pub use limits::LimitsSection;
pub use log::LogSection;
pub use login::LoginSection;
pub use matchmaking::MatchSection;
pub use rooms::RoomsSection;
pub use server::ServerSection;
pub use tls::TlsSection;
