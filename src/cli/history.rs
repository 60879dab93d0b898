//! `edgewise history`: what was changed of one configuration object.

use clap::Args;

use super::exit::{Exit, Failure};
use super::local_store;
use super::output::Output;
use super::settings_args::SettingsArgs;
use crate::app::configure::{self, PastChange};

/// `edgewise history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// space, environment, project, script or policy
    kind: String,
    /// Its name; a project's is SPACE/PROJECT, a script's its file name
    name: String,
    /// At most so many changes, the newest
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: u32,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Shows them, newest first.
pub async fn run(args: &HistoryArgs, output: Output) -> Result<Exit, Failure> {
    let (store, _) = local_store::open(&args.settings.settings()?).await?;
    let changes = configure::history(&store, &args.kind, &args.name, args.limit).await?;
    output.print(&changes, || {
        changes.iter().map(shown).collect::<Vec<_>>().join("\n\n")
    })?;
    Ok(Exit::Done)
}

fn shown(change: &PastChange) -> String {
    format!(
        "{} {} by {}, revision {}\n{}",
        change.time,
        change.verb,
        change.actor,
        change.revision,
        change.diff.trim_end()
    )
}
