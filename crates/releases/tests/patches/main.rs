//! Patches as operators meet them: bundles, trust, and the service over a catalog on disk.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod bench;

mod bundles;
mod corpus;
mod trust;

mod publishing;
mod rollouts;
