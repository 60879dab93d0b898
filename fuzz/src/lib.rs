//! The parsers that are fuzzed, compiled on their own from the sources of the project.

pub mod domain;
pub mod ssh;
