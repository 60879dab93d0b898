//! The engine on made-up hosts.

mod orchestrator;
mod properties;
mod report;
mod scale;
