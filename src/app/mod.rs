//! Use cases that read as a person would say them.

pub mod error;
pub mod ports;
pub mod request;
pub mod view;
