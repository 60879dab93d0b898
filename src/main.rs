//! The `edgewise` command.

fn main() {}
