//! `edgewise completion SHELL`: what a shell needs to complete commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::{Cli, output};

/// `edgewise completion`.
#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionArgs {
    /// The shell to write for
    shell: Shell,
}

/// Prints the script.
pub fn run(args: CompletionArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "edgewise", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
