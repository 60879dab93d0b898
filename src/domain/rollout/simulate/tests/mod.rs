//! The engine on made-up hosts.

mod docs;
mod orchestrator;
mod properties;
mod report;
mod scale;
