//! Edgewise deploys to fleets of plain Linux hosts over SSH, with no agent on them.

/// Use cases, and the traits for the outside world.
pub mod app;
/// The words of Edgewise and what may be decided with them: pure.
pub mod domain;
/// Scripts: Starlark files that turn an action into a plan.
pub mod script;
/// What is read from files: configuration folders.
pub mod settings;
