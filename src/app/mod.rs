//! Use cases that read as a person would say them.

pub mod accounts;
pub mod configure;
pub mod error;
mod facade;
pub use facade::{App, NewSession, SessionCaller, Steered, Unfit};
pub mod ports;
pub mod request;
pub mod view;
