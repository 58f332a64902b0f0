//! The game that authoritative rooms play here, in many versions, some with flaws; and how versions come and go.

mod engine;
mod operator;
mod releases;
mod rules;

pub use engine::{Engine, GAMES};
pub use operator::Operator;
pub use releases::{Releases, Told};
pub use rules::{THE_END, Tally, Version};
