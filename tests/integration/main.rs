//! Edgewise against a fake world and against real parts.

mod ssh;
mod support;
