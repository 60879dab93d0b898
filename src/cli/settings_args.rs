//! The flags of every command that reads the server's settings.

use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use crate::settings::{Loaded, Settings, Sources};

/// Where the settings come from.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// The settings file (else `$EDGEWISE_CONFIG`, ./edgewise.toml, /etc/edgewise/edgewise.toml)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A setting that goes before file and environment
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    pub set: Vec<String>,
}

impl SettingsArgs {
    /// Reads them, with where each came from.
    pub fn load(&self) -> Result<Loaded, Failure> {
        Sources::of_process(self.config.clone(), self.set.clone())
            .load()
            .map_err(|errors| Failure::usage(errors.to_string()))
    }

    /// Reads them.
    pub fn settings(&self) -> Result<Settings, Failure> {
        Ok(self.load()?.settings)
    }
}
