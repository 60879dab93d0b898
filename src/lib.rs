//! Edgewise deploys to fleets of plain Linux hosts over SSH, with no agent on them.

/// Use cases, and the traits for the outside world.
pub mod app;
/// The words of Edgewise and what may be decided with them: pure.
pub mod domain;
/// Where log entries go and where they are read.
pub mod logs;
/// Everything Edgewise must not forget, on SQLite or PostgreSQL.
pub mod store;
