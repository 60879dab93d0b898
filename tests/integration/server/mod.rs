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
mod log_state;
mod plans;
mod policies;
mod quarantine;
mod reading;
mod requests;
mod roles;
mod scripts;
mod signing_in;
mod starting;
mod stopping;
mod waiting;
mod watching;
