//! Edgewise against a fake world and against real parts: one binary for all of it.

mod architecture;
mod command_line;
mod habits;
mod packages;
