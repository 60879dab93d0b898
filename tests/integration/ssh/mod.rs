//! The SSH side against real OpenSSH servers.

mod host_keys;
mod limits;
mod login;
mod detached;
mod shells;
mod steps;
mod sudo;
mod uploads;
mod ways;
