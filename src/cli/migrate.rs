//! `edgewise migrate`: brings the store's schema up to date.

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::local_store;
use super::output::Output;
use super::settings_args::SettingsArgs;

/// `edgewise migrate`.
#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it.
pub async fn run(args: &MigrateArgs, output: Output) -> Result<Exit, Failure> {
    let settings = args.settings.settings()?;
    let (_, migrations) = local_store::open(&settings).await?;
    output.print(&json!({"migrations": migrations}), || {
        if migrations.is_empty() {
            "the schema is up to date".to_owned()
        } else {
            format!("brought up to date: {}", migrations.join(", "))
        }
    })?;
    Ok(Exit::Done)
}
