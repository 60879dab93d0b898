//! Edgewise deploys to fleets of plain Linux hosts over SSH, with no agent on them.

/// Use cases, and the traits for the outside world.
pub mod app;
/// What uploads put on hosts.
pub mod artifacts;
/// Load balancers.
pub mod balancer;
/// Health checks.
pub mod checks;
/// The command line: one file a command.
pub mod cli;
/// The machine's clock.
pub mod clock;
/// The words of Edgewise and what may be decided with them: pure.
pub mod domain;
/// Scripts: Starlark files that turn an action into a plan.
pub mod script;
/// The server's settings.
pub mod settings;
/// Where log entries go and where they are read.
pub mod logs;
/// Everything Edgewise must not forget, on SQLite or PostgreSQL.
pub mod store;
/// Pages for people, an API for programs.
pub mod web;
