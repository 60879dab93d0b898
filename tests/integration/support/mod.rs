//! What the tests stand on.

pub mod ssh;
pub mod sshd;
