//! The whole server against real SSH servers, over HTTP.

mod deploys;
mod holding;
mod killing;
mod plans;
mod requests;
