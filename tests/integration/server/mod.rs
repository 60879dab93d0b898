//! The whole server against real SSH servers, over HTTP.

mod denied;
mod deploys;
mod folders;
mod holding;
mod hosts;
mod killing;
mod plans;
mod requests;
mod roles;
mod scripts;
mod watching;
