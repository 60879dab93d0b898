//! Edgewise against a fake world and against real parts: one binary for all of it.

#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot go on without ends it, and says where"
)]

mod app;
mod architecture;
mod balancer;
mod breaking;
mod browser;
mod command_line;
mod config_folder;
mod demo;
mod habits;
mod logs;
mod packages;
mod script_worker;
mod server;
mod ssh;
mod store;
mod support;
mod words_in_bash;
