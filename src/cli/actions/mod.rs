//! `edgewise actions`: watch and steer what is under way.

mod list;
mod log_filter;
mod logs;
mod steer;

use std::time::Duration;

use clap::{Args, Subcommand};

use super::client::{Server, segment};
use super::exit::{Exit, Failure};
use super::follow::{Following, follow};
use super::output::Output;
use super::show;
pub use log_filter::{LogFilter, Sieve};
use steer::Steering;

/// `edgewise actions`.
#[derive(Debug, Clone, Args)]
pub struct ActionsArgs {
    #[command(subcommand)]
    command: Option<ActionsCommand>,
}

#[derive(Debug, Clone, Subcommand)]
enum ActionsCommand {
    /// List actions, newest first (also without a word)
    List(list::ListArgs),
    /// Show one action with its targets
    Show {
        /// The action's id
        id: String,
    },
    /// Print the log of an action, oldest entry first, or follow it
    Logs(logs::LogsArgs),
    /// Follow an action to its end; the exit code tells how it ended
    Watch {
        /// The action's id
        id: String,
        /// Log lines too
        #[arg(long)]
        logs: bool,
        /// Give up after so many seconds (exit code 6)
        #[arg(long, value_name = "SECONDS")]
        timeout: Option<u64>,
    },
    /// Finish what runs, start nothing
    Pause(Steering),
    /// Go on
    Resume(Steering),
    /// Skip the rest of this soak or gate
    Promote {
        #[command(flatten)]
        steering: Steering,
        /// All that follow too
        #[arg(long)]
        to_end: bool,
    },
    /// Skip soaks, gates and the queue; needs --reason
    Force(Steering),
    /// End it
    Abort {
        #[command(flatten)]
        steering: Steering,
        /// Every touched target goes back first
        #[arg(long)]
        rollback: bool,
    },
    /// Go back: every touched target to the version it had
    Rollback {
        #[command(flatten)]
        steering: Steering,
        /// To this version instead
        #[arg(long, value_name = "V")]
        version: Option<String>,
    },
    /// Do it again for the targets that did not get there
    Retry {
        #[command(flatten)]
        steering: Steering,
        /// Which targets: failed, pending, unreachable
        #[arg(long, value_delimiter = ',', value_name = "STATES")]
        only: Vec<String>,
    },
    /// Let it run in spite of what the sanitizer asked about, or pass an approval gate
    Approve(Steering),
    /// The opposite of approve
    Reject(Steering),
}

/// Runs it.
pub async fn run(server: &Server, args: &ActionsArgs, output: Output) -> Result<Exit, Failure> {
    let Some(command) = &args.command else {
        return list::run(server, &list::ListArgs::default(), output).await;
    };
    match command {
        ActionsCommand::List(args) => list::run(server, args, output).await,
        ActionsCommand::Show { id } => {
            let raw = server
                .get(&format!("/api/v1/actions/{}", segment(id)), &[])
                .await?;
            let view = show::action_of(&raw)?;
            output.print(&raw, || show::action(&view))?;
            Ok(Exit::Done)
        }
        ActionsCommand::Logs(args) => logs::run(server, args, output).await,
        ActionsCommand::Watch { id, logs, timeout } => {
            let how = Following {
                logs: *logs,
                timeout: timeout.map(Duration::from_secs),
            };
            follow(server, &segment(id), output, how).await
        }
        ActionsCommand::Pause(steering) => steering.send(server, "pause", output).await,
        ActionsCommand::Resume(steering) => steering.send(server, "resume", output).await,
        ActionsCommand::Promote { steering, to_end } => {
            let to = to_end.then(|| ("to", "end".into()));
            steering.send_with(server, "promote", to, output).await
        }
        ActionsCommand::Force(steering) => steering.send(server, "force", output).await,
        ActionsCommand::Abort { steering, rollback } => {
            let back = rollback.then(|| ("rollback", true.into()));
            steering.send_with(server, "abort", back, output).await
        }
        ActionsCommand::Rollback { steering, version } => {
            let version = version
                .as_ref()
                .map(|version| ("version", version.as_str().into()));
            steering.send_with(server, "rollback", version, output).await
        }
        ActionsCommand::Retry { steering, only } => {
            let only = (!only.is_empty()).then(|| ("only", only.as_slice().into()));
            steering.send_with(server, "retry", only, output).await
        }
        ActionsCommand::Approve(steering) => steering.send(server, "approve", output).await,
        ActionsCommand::Reject(steering) => steering.send(server, "reject", output).await,
    }
}
