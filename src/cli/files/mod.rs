//! `edgewise files`: put files and folders on many hosts, and fetch them, no server needed.
//!
//! What is written or read is judged before anything is contacted, as the same by a command would be; each host then holds a
//! lease of this process.

mod get;
mod hosts;
mod put;
mod report;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::host_list::{self, NamedHost};
use super::output::{Output, note};
use super::policy_args::PolicyArgs;
use super::sanitize;
use super::settings_args::SettingsArgs;
use crate::domain::outcome::Outcome;
use crate::domain::sanitize::{Clearance, SanitizedCommand, Sanitizer, Surroundings};
use report::{HostEnd, tell};

/// `edgewise files`.
#[derive(Debug, Clone, Args)]
pub struct FilesArgs {
    #[command(subcommand)]
    command: FilesCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum FilesCommand {
    /// Put a file or a folder on many hosts: whole and verified, or not at all
    Put(put::PutArgs),
    /// Fetch a file or a folder from many hosts, each into a folder of its name
    Get(get::GetArgs),
}

/// Which hosts, and how they are worked with.
#[derive(Debug, Clone, Args)]
struct Where {
    /// Hosts, `[user@]host[:port]`, with commas between
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B",
        required_unless_present = "hosts_file"
    )]
    hosts: Vec<String>,
    /// A file with a host a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    hosts_file: Option<PathBuf>,
    /// The `ssh_config` to read instead of the usual ones
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    /// So many hosts at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: u32,
    /// Give up on a host after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: u64,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it.
pub async fn run(args: &FilesArgs, output: Output) -> Result<Exit, Failure> {
    match &args.command {
        FilesCommand::Put(args) => put::run(args, output).await,
        FilesCommand::Get(args) => get::run(args, output).await,
    }
}

impl Where {
    fn collect(&self) -> Result<Vec<NamedHost>, Failure> {
        host_list::collect(&self.hosts, self.hosts_file.as_deref())
    }
}

/// The text, if it may be. Where it may not, each host is told of.
fn judged(
    sanitizer: &Sanitizer,
    text: &str,
    surroundings: &Surroundings<'_>,
    hosts: &[NamedHost],
    output: Output,
) -> Result<Option<SanitizedCommand>, Failure> {
    let clearance = if output.yes {
        Clearance::Approved
    } else {
        Clearance::None
    };
    match SanitizedCommand::check_in(sanitizer, text, surroundings, clearance) {
        Ok(command) => Ok(Some(command)),
        Err(refusal) => {
            for host in hosts {
                tell(
                    &HostEnd::of(&host.text, Outcome::Denied, Some(refusal.to_string())),
                    output,
                )?;
            }
            note(&sanitize::explain(text, &refusal.verdict));
            note("nothing was contacted");
            Ok(None)
        }
    }
}
