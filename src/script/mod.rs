//! Scripts: Starlark files that turn an action into a plan, and touch nothing.
//!
//! `functions` is the table of the words a script may call; `evaluate` runs a script in this process;
//! `worker` does the same in a child process with hard limits, which is what the server uses.

mod collect;
mod evaluate;
mod fault;
mod function;
pub mod functions;
mod given;
mod host_text;
mod session;
mod step_draft;
mod value;
pub mod worker;

#[cfg(test)]
mod tests;

pub use function::{Call, Kind, Literal, Param, Rest, ScriptFunction};
