//! The store: every test runs on SQLite and on PostgreSQL.

mod actions;
mod claims;
mod configuration;
mod endings;
mod inventory;
mod leases;
mod schema;
mod users;
mod world;
