//! The real parts that tests start, and what they build on them.

pub mod postgres;
