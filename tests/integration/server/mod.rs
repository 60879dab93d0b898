//! The whole server against real SSH servers, over HTTP.

mod deploys;
mod holding;
mod plans;
mod requests;
