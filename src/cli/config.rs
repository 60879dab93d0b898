//! `edgewise config`: are the settings right, and where does each come from?

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::output::{Output, line, table};
use super::settings_args::SettingsArgs;

/// `edgewise config`.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ConfigCommand {
    /// Say whether the settings are right, and all that is wrong with them
    Check(SettingsArgs),
    /// Show each setting and where its value comes from, secrets masked
    Print(SettingsArgs),
    /// Print the commented defaults, to begin a file of one's own
    Default,
}

/// Runs it.
pub fn run(args: &ConfigArgs, output: Output) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Check(settings) => {
            let loaded = settings.load()?;
            let file = loaded.file.map(|file| file.display().to_string());
            output.print(&serde_json::json!({"ok": true, "file": file}), || match &file {
                Some(file) => format!("the settings are right (file: {file})"),
                None => "the settings are right (no file: defaults and environment)".to_owned(),
            })?;
        }
        ConfigCommand::Print(settings) => {
            let loaded = settings.load()?;
            output.print(&loaded.shown, || {
                table(
                    ["setting", "value", "from"],
                    loaded
                        .shown
                        .iter()
                        .map(|shown| [shown.key.to_owned(), shown.value.clone(), shown.origin.clone()]),
                )
            })?;
        }
        ConfigCommand::Default => line(crate::settings::DEFAULT_TOML.trim_end())?,
    }
    Ok(Exit::Done)
}
