//! Who a player is: login through the platform, access and refresh tokens, profiles, bans, session numbers.
//!
//! It does not speak HTTP and holds no socket: `rest` and `gateway` are its doors. Player ids are derived from
//! (platform, app, subject), so they are the same after a restart and on every node.

mod accounts;
mod bans;
mod claims;
mod config;
mod jwt;
mod player_id;
mod profiles;
mod refresh_families;
mod session_numbers;

pub use accounts::{Accounts, LoginAnswer, LoginRequest, PlayerView};
pub use bans::Ban;
pub use claims::{AccessClaims, Role};
pub use config::{AccountsConfig, AppConfig, BadConfig};
pub use player_id::player_id;
pub use profiles::{MemoryProfiles, Profile, ProfileStore};
