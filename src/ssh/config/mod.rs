//! `ssh_config` as OpenSSH reads it (`ssh_config(5)`), as far as it decides how a host is reached: parsed once
//! into a tree, then resolved for each host. The first value that applies wins, and remembers its place.

mod found;
mod include;
mod jump;
mod keyword;
mod line;
mod resolve;
mod resolved;
mod time;
mod token;
mod tree;

pub use resolve::{Asked, Defaults};
pub use resolved::{AddressFamily, HostConfig, Jump, Origin, Sourced, StrictHostKeys};
pub use tree::{ConfigError, SshConfig};
