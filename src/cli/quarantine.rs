//! `edgewise quarantine`: versions that were rolled back, and letting one be deployed again.

use clap::{Args, Subcommand};
use serde_json::json;

use super::act::ProjectPath;
use super::client::Server;
use super::exit::{Exit, Failure};
use super::output::{Output, table};
use super::show;
use crate::app::view::{BadVersionView, Page};

/// `edgewise quarantine`.
#[derive(Debug, Clone, Args)]
pub struct QuarantineArgs {
    #[command(subcommand)]
    command: QuarantineCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum QuarantineCommand {
    /// List the versions of a project that are or were in quarantine, newest first
    List {
        /// The project, with its space
        #[arg(value_name = "SPACE/PROJECT")]
        project: ProjectPath,
    },
    /// Let a version be deployed again
    Lift(LiftArgs),
}

#[derive(Debug, Clone, Args)]
struct LiftArgs {
    /// The project, with its space
    #[arg(value_name = "SPACE/PROJECT")]
    project: ProjectPath,
    /// The version
    #[arg(value_name = "VERSION")]
    version: String,
    /// In this environment; the one where the project is, where left out
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Why: it is kept with the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs it.
pub async fn run(server: &Server, args: &QuarantineArgs, output: Output) -> Result<Exit, Failure> {
    let raw = match &args.command {
        QuarantineCommand::List { project } => server.get(&path(project), &[]).await?,
        QuarantineCommand::Lift(lift) => {
            let body = json!({
                "version": lift.version,
                "environment": lift.environment,
                "reason": lift.reason,
            });
            server
                .post(&format!("{}/lift", path(&lift.project)), &body, &[])
                .await?
        }
    };
    let page: Page<BadVersionView> = show::read(&raw, "a list of versions")?;
    output.print(&raw, || shown(&page.items))?;
    Ok(Exit::Done)
}

fn path(project: &ProjectPath) -> String {
    format!("/api/v1/quarantine/{}", project.segments())
}

fn shown(items: &[BadVersionView]) -> String {
    table(
        ["version", "environment", "since", "action", "by", "why", "lifted"],
        items.iter().map(|bad| {
            [
                bad.version.clone(),
                bad.environment.to_string(),
                bad.since.to_string(),
                bad.action.to_string(),
                bad.by.clone(),
                bad.why.clone(),
                bad.lifted.as_ref().map_or_else(String::new, |lifted| {
                    format!("{} by {}: {}", lifted.at, lifted.by, lifted.reason)
                }),
            ]
        }),
    )
}
