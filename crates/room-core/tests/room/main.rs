//! The room from outside: requests, inputs and ticks in, events and outputs out.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod kit;

mod authoritative;
mod ending;
mod entering;
mod events;
mod hashes;
mod images;
mod limits;
mod lockstep;
mod owning;
mod properties;
mod random;
mod replays;
mod specs;
mod starting;
