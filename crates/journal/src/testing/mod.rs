//! For the tests of engines and of those who use them: the promises of the port as a suite, and an engine that breaks
//! them on purpose.

mod suite;
mod unsteady;

pub use suite::{conformance, fill};
pub use unsteady::{Faults, Unsteady};
