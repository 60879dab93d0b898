//! The SSH side against real OpenSSH servers.

mod black_holes;
mod broken_lines;
mod detached;
mod downloads;
mod folders;
mod host_keys;
mod limits;
mod login;
mod odd_servers;
mod owners;
mod places;
mod scale;
mod sftp;
mod shells;
mod steps;
mod sudo;
mod uploads;
mod ways;
