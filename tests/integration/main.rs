//! Edgewise against a fake world and against real parts.

mod store;
mod support;
