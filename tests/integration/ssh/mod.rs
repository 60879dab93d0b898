//! The SSH side against real OpenSSH servers.

mod black_holes;
mod broken_lines;
mod detached;
mod host_keys;
mod host_keys;
mod limits;
mod limits;
mod login;
mod login;
mod odd_servers;
mod places;
mod scale;
mod shells;
mod steps;
mod sudo;
mod uploads;
mod ways;
