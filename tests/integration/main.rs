//! Edgewise against a fake world and against real parts.

mod logs;
mod store;
mod support;
