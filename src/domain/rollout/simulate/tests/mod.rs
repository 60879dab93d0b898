//! The engine on made-up hosts.

mod balancer;
mod docs;
mod orchestrator;
mod properties;
mod report;
mod scale;
