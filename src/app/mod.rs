//! Use cases that read as a person would say them.

pub mod ports;
