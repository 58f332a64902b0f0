//! Which builds of a game may play: the version table.
//!
//! Rules are read in order and the first that fits an app and a build decides; where none fits, the build may play.
//! The table is replaced as a whole, at run time, without a lock for those who ask it.

mod pattern;
mod table;

pub use pattern::{BadPattern, Pattern};
pub use table::{BadRule, BuildRule, Decision, Releases};
