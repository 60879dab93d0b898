//! The SSH side against real OpenSSH servers.

mod host_keys;
mod limits;
mod login;
mod steps;
mod uploads;
mod ways;
