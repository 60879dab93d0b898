//! The whole server against real SSH servers, over HTTP.

mod analysis;
mod approvals;
mod denied;
mod deploys;
mod elasticsearch;
mod folders;
mod holding;
mod hosts;
mod killing;
mod killing_many;
mod plans;
mod reading;
mod requests;
mod roles;
mod scripts;
mod signing_in;
mod starting;
mod waiting;
mod watching;
