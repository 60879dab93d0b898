//! The store: every test runs on SQLite and on PostgreSQL.

mod accepting;
mod actions;
mod claims;
mod configuration;
mod endings;
mod events;
mod inventory;
mod leases;
mod notices;
mod orchestrator;
mod quarantine;
mod schema;
mod users;
mod world;
