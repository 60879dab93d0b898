//! The log stores: what every one of them must do, and what is each one's own.

mod embedded;
mod suite;
mod world;
