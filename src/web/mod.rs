//! The web side: pages for people, an API for programs, one table of routes for both.
//!
//! The way of a request: `trail` gives it an id and catches what fails, `gate` finds the actor and turns
//! away whoever has none, a handler reads the body or the query and asks a use case, and the answer goes
//! back as JSON or as a page. Nothing here decides; it reads, asks and shows.

mod api;
mod assets;
mod body;
mod cookie;
mod error;
mod gate;
mod openapi;
mod options;
mod origin;
mod pages;
mod problem;
mod query;
mod routes;
mod server;
mod timings;
mod trail;
mod visitor;

pub use options::Options;
pub use server::server;
