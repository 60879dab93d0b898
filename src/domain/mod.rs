//! The words of Edgewise and what may be decided with them.
//!
//! Pure: no async, no clock, no environment, no file, no socket. Time, ids and everything read from
//! the outside arrive as values, so each decision here can be tested (and simulated) without a world.

pub mod action;
pub mod actor;
pub mod analysis;
pub mod config;
pub mod environment;
pub mod fold;
pub mod lease;
pub mod log_context;
pub mod log_entry;
pub mod log_event;
pub mod mask;
pub mod name;
pub mod notice;
pub mod outcome;
pub mod output_limit;
pub mod plan;
pub mod policy;
pub mod project;
pub mod quarantine;
pub mod rollout;
pub mod sanitize;
pub mod shell_word;
pub mod space;
pub mod target;
pub mod text_query;
pub mod timestamp;
