//! Hosts for the commands that reach them without a server.

use std::path::PathBuf;

use super::exit::Failure;
use super::host_list::NamedHost;
use super::output::note;
use super::password;
use super::settings_args::SettingsArgs;
use crate::boot;
use crate::ssh::{Asked, SshHosts};

/// Hosts as the settings and `ssh_config` say how to reach them. `config_file` goes before the setting.
pub fn hosts(settings: &SettingsArgs, config_file: Option<&PathBuf>) -> Result<SshHosts, Failure> {
    let mut settings = boot::ssh_settings(&settings.settings()?);
    if let Some(file) = config_file {
        settings.config_file = Some(file.clone());
    }
    SshHosts::new(&settings).map_err(|error| Failure::usage(error.to_string()))
}

/// What comes before the first of these hosts is dialled: says what of the `ssh_config` is not done, and asks for the
/// passphrases of the keys that are needed, where there is a terminal. A key that stays shut is told of by the hosts
/// that would have wanted it.
pub async fn prepare(ssh: &SshHosts, hosts: &[NamedHost]) -> Result<(), Failure> {
    let asked: Vec<Asked> = hosts.iter().map(NamedHost::asked).collect();
    for warning in ssh.warnings(&asked) {
        note(&format!("warning: {warning}"));
    }
    for path in ssh.sealed_keys(&asked).await {
        let Some(passphrase) = password::ask_once(&format!("passphrase of {path}: ")) else {
            break;
        };
        let passphrase = passphrase?;
        if !passphrase.is_empty()
            && let Err(error) = ssh.unseal(&path, &passphrase).await
        {
            note(&error.to_string());
        }
    }
    Ok(())
}
