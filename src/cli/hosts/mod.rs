//! `edgewise hosts`: is a host who we think it is, can we work with it, and how is it reached?

mod check;
mod explain;
mod import;
mod import_keys;
mod trust;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::output::Output;

/// `edgewise hosts`.
#[derive(Debug, Clone, Args)]
pub struct HostsArgs {
    #[command(subcommand)]
    command: HostsCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum HostsCommand {
    /// Show the fingerprints of hosts' keys, and add them to `known_hosts` after a yes
    Trust(trust::TrustArgs),
    /// Say whether hosts can be worked with: reached, key, login, sudo, free disk
    Check(check::CheckArgs),
    /// Show how a host is reached, and where each setting comes from
    Explain(explain::ExplainArgs),
    /// Take over the hosts of an Ansible inventory, or the keys of a file of known hosts
    Import(import::ImportArgs),
}

/// Runs it.
pub async fn run(args: &HostsArgs, output: Output) -> Result<Exit, Failure> {
    match &args.command {
        HostsCommand::Trust(args) => trust::run(args, output).await,
        HostsCommand::Check(args) => check::run(args, output).await,
        HostsCommand::Explain(args) => explain::run(args, output),
        HostsCommand::Import(args) => import::run(args, output).await,
    }
}
