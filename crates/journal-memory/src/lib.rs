//! journal-memory
