//! The engine on made-up hosts.

mod properties;
mod report;
