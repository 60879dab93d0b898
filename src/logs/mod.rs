//! Where log entries go, and where they are read: one module for each kind of place.

pub mod embedded;
