//! Quick match: tickets in, rooms out.
//!
//! [`Matcher`] decides and is pure: requests and time in, [`Decision`]s out. [`Matchmaking`] is the thread around it.
//! Which tickets share a match is decided in one step, and the step also draws the room's id; from then on the room is
//! asked for by that id until an answer comes. So lost, late and doubled answers never make a second room.
//!
//! This crate knows no rooms and no sockets: it asks through [`RoomMaker`] and speaks through [`Players`].

mod config;
mod matcher;
mod ports;
mod service;
mod ticket;
mod wish;

pub use config::MatchConfig;
pub use matcher::{Decision, Matcher, RoomOrder};
pub use ports::{Made, Players, RoomMaker};
pub use service::{Done, Matchmaking};
pub use ticket::Asking;
