//! Hosts over SSH, on russh.
//!
//! `SshHosts` resolves a name by `ssh_config`, dials it over its jump hosts with every host key checked, and gives a
//! `SshSession`: one connection for a whole action, opened again where it breaks. Steps run there under the wrapper,
//! which outlives the connection; ad-hoc commands run by `Connection::ad_hoc` and end with it. Files and folders go both
//! ways by `transfer`.

mod ad_hoc;
mod auth;
mod check;
mod config;
mod connection;
mod descriptors;
mod detached;
mod error;
mod exec;
mod hosts;
mod known_hosts;
mod lines;
mod manner;
mod nonce;
mod pattern;
mod places;
mod seat;
mod session;
mod settings;
mod sudo;
mod terms;
mod transfer;
mod verdict;
mod wrapper;

pub use ad_hoc::AdHoc;
pub use config::{
    AddressFamily, Asked, ConfigError, HostConfig, Jump, Origin, Sourced, SshConfig, StrictHostKeys,
};
pub use connection::{Connection, Scanned};
pub use descriptors::raise_open_files_limit;
pub use error::SshError;
pub use exec::{ExecEnd, Piece};
pub use hosts::SshHosts;
pub use known_hosts::{HostKeyVerdict, Incoming, IncomingFate, KnownHosts, Shown};
pub use manner::Manner;
pub use session::SshSession;
pub use settings::{CONNECT_TIMEOUT_SECONDS, MAX_OUTPUT_BYTES, PATIENCE_SECONDS, SshLimits, SshSettings};
pub use transfer::{Download, Moved};
pub use wrapper::quote;

#[cfg(test)]
mod any_bytes_test;
#[cfg(test)]
mod session_test;
#[cfg(test)]
mod testing;
