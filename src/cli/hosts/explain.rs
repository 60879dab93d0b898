//! `edgewise hosts explain HOST`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::dialing;
use crate::cli::exit::{Exit, Failure};
use crate::cli::host_list::NamedHost;
use crate::cli::output::{Output, note, table};
use crate::cli::settings_args::SettingsArgs;

/// `edgewise hosts explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// `[user@]host[:port]`
    host: NamedHost,
    /// The `ssh_config` to read instead of the usual ones
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it; contacts nobody.
pub fn run(args: &ExplainArgs, output: Output) -> Result<Exit, Failure> {
    let ssh = dialing::hosts(&args.settings, args.ssh_config.as_ref())?;
    let host = ssh
        .explain(&args.host.asked())
        .map_err(|error| Failure::usage(error.to_string()))?;
    let rows = host.explain();
    let shown: Vec<_> = rows
        .iter()
        .map(|(keyword, value, origin)| json!({"keyword": keyword, "value": value, "origin": origin.to_string()}))
        .collect();
    output.print(
        &json!({"host": args.host.text, "known_hosts_name": host.known_name(), "settings": shown, "warnings": host.warnings}),
        || {
            table(
                ["keyword", "value", "from"],
                rows.iter()
                    .map(|(keyword, value, origin)| [(*keyword).to_owned(), value.clone(), origin.to_string()]),
            )
        },
    )?;
    if !output.is_json() {
        for warning in &host.warnings {
            note(&format!("warning: {warning}"));
        }
    }
    Ok(Exit::Done)
}
