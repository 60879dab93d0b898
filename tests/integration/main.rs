//! Edgewise against a fake world and against real parts.

fn main() {}
mod script_worker;
