//! room-core
