//! The log stores: what every one of them must do, and what is each one's own.

mod delivering;
mod elasticsearch;
mod embedded;
mod login;
mod setting_aside;
mod sinks;
mod spool;
mod suite;
pub mod world;
