//! Who may come in and how much: limits, and the addresses that they count.
//!
//! Everything is pure: time comes in as a [`clock::Moment`], nothing opens a socket or holds a lock. Limits count per
//! account and device first and per address last, because a carrier puts thousands of players behind one address.

mod rate;

mod arrivals;
mod connections;
mod flood;
mod keyed;
mod logins;

mod address;
mod client_address;
mod proxy_header;

pub use address::{AddressKey, BadNetwork, Network};
pub use arrivals::{Arrivals, ArrivalsConfig};
pub use client_address::{ClientAddress, Proxies};
pub use connections::{ConnectionLimits, ConnectionLimitsConfig};
pub use flood::{FloodConfig, FloodMeter};
pub use keyed::KeyedBuckets;
pub use logins::{LoginLimits, LoginLimitsConfig};
pub use proxy_header::{BadProxyHeader, ProxyHeader, read_proxy_header};
pub use rate::{Rate, TokenBucket};
