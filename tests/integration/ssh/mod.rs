//! The SSH side against real OpenSSH servers.

mod downloads;
mod folders;
mod host_keys;
mod limits;
mod login;
mod sftp;
mod steps;
mod uploads;
mod ways;
