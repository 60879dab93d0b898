//! The real parts that tests start, and what they build on them.

pub mod browser;
pub mod cutting;
pub mod disk;
pub mod elasticsearch;
pub mod fake_ssh;
pub mod gate;
pub mod haproxy;
pub mod login;
pub mod monitor;
pub mod port;
pub mod postgres;
pub mod prometheus;
pub mod receiver;
pub mod server;
pub mod shop;
pub mod situations;
pub mod ssh;
pub mod sshd;
pub mod waiting;
pub mod world;
