//! From the settings to the SSH side, for the commands that reach hosts themselves.

use std::path::PathBuf;

use super::exit::Failure;
use super::settings_args::SettingsArgs;
use crate::ssh::{SshHosts, SshSettings};

/// Hosts as the settings and `ssh_config` say how to reach them. `config_file` goes before the setting.
pub fn hosts(settings: &SettingsArgs, config_file: Option<&PathBuf>) -> Result<SshHosts, Failure> {
    let ssh = settings.settings()?.ssh;
    let settings = SshSettings {
        config_file: config_file.cloned().or(ssh.config_file),
        known_hosts_file: ssh.known_hosts_file,
        user: ssh.user,
        identity_file: ssh.identity_file,
        password: ssh.password.map(|password| password.reveal().to_owned()),
        connect_timeout_seconds: ssh.connect_timeout_seconds.into(),
        ..SshSettings::of_environment()
    };
    SshHosts::new(&settings).map_err(|error| Failure::usage(error.to_string()))
}
