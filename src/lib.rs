//! Edgewise deploys to fleets of plain Linux hosts over SSH, with no agent on them.

/// Use cases, and the traits for the outside world.
pub mod app;
/// What uploads put on hosts.
pub mod artifacts;
/// Load balancers.
pub mod balancer;
/// Puts the adapters behind the use cases.
pub mod boot;
/// Health checks.
pub mod checks;
/// The command line: one file a command.
pub mod cli;
/// The machine's clock.
pub mod clock;
/// Everything built in: made-up hosts, a balancer, three deploys.
pub mod demo;
/// The words of Edgewise and what may be decided with them: pure.
pub mod domain;
/// Made-up hosts in this process: SSH servers on the loopback that really run what they are given.
pub mod fleet;
/// Where log entries go and where they are read.
pub mod logs;
/// Tells people and programs outside of actions.
pub mod notify;
/// Scripts: Starlark files that turn an action into a plan.
pub mod script;
/// The server's settings, and configuration folders.
pub mod settings;
/// Hosts over SSH: sessions, host keys, logins, commands, files, and the wrapper that steps run under.
pub mod ssh;
/// Everything Edgewise must not forget, on SQLite or PostgreSQL.
pub mod store;
/// Pages for people, an API for programs.
pub mod web;
