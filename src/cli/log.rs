//! `edgewise log`: the entries that a place of the log refused. They lie in the data folder of the server, so this is for
//! whoever may read it.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::output::{Output, table};
use super::settings_args::SettingsArgs;
use crate::app::view::SetAsideView;
use crate::boot;

/// `edgewise log`.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    #[command(subcommand)]
    command: LogCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum LogCommand {
    /// List what was set aside because a sink refused it, and why, the newest first
    Refused {
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// Runs it.
pub fn run(args: &LogArgs, output: Output) -> Result<Exit, Failure> {
    let LogCommand::Refused { settings } = &args.command;
    let folder = settings.settings()?.server.data_dir;
    let set_aside = boot::refused(&folder).map_err(|error| {
        Failure::failed(format!("cannot read the spool in {}: {error}", folder.display()))
    })?;
    let shown: BTreeMap<&String, Vec<SetAsideView>> = set_aside
        .iter()
        .map(|(sink, entries)| (sink, entries.iter().map(SetAsideView::from).collect()))
        .collect();
    output.print(&shown, || {
        if shown.values().all(Vec::is_empty) {
            return "no sink has refused an entry".to_owned();
        }
        let rows = shown
            .iter()
            .flat_map(|(sink, entries)| entries.iter().map(move |entry| (sink, entry)));
        table(
            ["sink", "time", "action", "seq", "why", "text"],
            rows.map(|(sink, entry)| {
                [
                    (*sink).clone(),
                    entry.time.to_string(),
                    entry.action.to_string(),
                    entry.seq.to_string(),
                    entry.why.clone(),
                    entry.text.clone(),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}
