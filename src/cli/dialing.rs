//! Hosts for the commands that reach them without a server.

use std::path::PathBuf;

use super::exit::Failure;
use super::settings_args::SettingsArgs;
use crate::boot;
use crate::ssh::SshHosts;

/// Hosts as the settings and `ssh_config` say how to reach them. `config_file` goes before the setting.
pub fn hosts(settings: &SettingsArgs, config_file: Option<&PathBuf>) -> Result<SshHosts, Failure> {
    let mut settings = boot::ssh_settings(&settings.settings()?);
    if let Some(file) = config_file {
        settings.config_file = Some(file.clone());
    }
    SshHosts::new(&settings).map_err(|error| Failure::usage(error.to_string()))
}
