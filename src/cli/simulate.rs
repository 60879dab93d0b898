//! `edgewise simulate FILE`: the rollout engine on made-up hosts with failures.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use super::output::Output;
use crate::domain::action::WaitKind;
use crate::domain::rollout::simulate::simulate;

/// `edgewise simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateArgs {
    /// The file that says which hosts, which strategy and which failures
    file: PathBuf,
}

/// Runs it; the exit code is that of an action that was followed.
pub fn run(args: &SimulateArgs, output: Output) -> Result<Exit, Failure> {
    let place = args.file.display();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| Failure::usage(format!("cannot read {place}: {error}")))?;
    let report = simulate(&text).map_err(|error| Failure::usage(format!("{place}: {error}")))?;
    output.print(&report, || report.to_text())?;
    let waits_for_approval = report
        .waiting_for
        .as_ref()
        .is_some_and(|waiting| waiting.kind == WaitKind::Approval);
    Ok(Exit::of_action(report.status, waits_for_approval))
}
