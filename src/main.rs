//! The `edgewise` command: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use edgewise::cli::{self, Cli};

fn main() -> ExitCode {
    cli::run(&Cli::parse()).into()
}
