//! The journal on disk, on a real one and on one that is broken on purpose.

mod conformance;
mod corruption;
mod crashes;
mod model;
mod random;
mod rebuilding;
mod speed;
mod trouble;
