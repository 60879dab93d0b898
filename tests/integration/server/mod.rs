//! The whole server against real SSH servers, over HTTP.

mod approvals;
mod denied;
mod deploys;
mod holding;
mod hosts;
mod killing;
mod plans;
mod requests;
mod roles;
mod scripts;
mod signing_in;
mod starting;
mod watching;
