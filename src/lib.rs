//! Edgewise deploys to fleets of plain Linux hosts over SSH, with no agent on them.

/// Use cases, and the traits for the outside world.
pub mod app;
/// The words of Edgewise and what may be decided with them: pure.
pub mod domain;
/// Pages for people, an API for programs.
pub mod web;
