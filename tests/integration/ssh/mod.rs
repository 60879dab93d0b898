//! The SSH side against real OpenSSH servers.

mod detached;
mod host_keys;
mod limits;
mod login;
mod shells;
mod steps;
mod sudo;
mod uploads;
mod ways;
