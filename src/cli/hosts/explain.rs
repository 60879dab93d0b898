//! `edgewise hosts explain HOST`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::dialing;
use crate::cli::exit::{Exit, Failure};
use crate::cli::host_list::{self, NamedHost};
use crate::cli::output::{Output, note, table};
use crate::cli::settings_args::SettingsArgs;
use crate::ssh::SshHosts;

/// `edgewise hosts explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// `[user@]host[:port]`
    host: String,
    /// A file with a host a line, or an Ansible inventory (INI, YAML), that knows more of the host
    #[arg(long, value_name = "FILE")]
    hosts_file: Option<PathBuf>,
    /// The `ssh_config` to read instead of the usual ones
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it; contacts nobody.
pub fn run(args: &ExplainArgs, output: Output) -> Result<Exit, Failure> {
    let ssh = dialing::hosts(&args.settings, args.ssh_config.as_ref())?;
    let named = host_list::collect(std::slice::from_ref(&args.host), args.hosts_file.as_deref())?;
    // A bare list adds its hosts to those that are named; the first one is meant.
    let Some(named) = named.first() else {
        return Err(Failure::usage("no host is named"));
    };
    let failed = |error: crate::ssh::SshError| Failure::usage(error.to_string());
    let host = ssh.explain(&named.asked()).map_err(failed)?;
    let rows = host.explain();
    let shown: Vec<_> = rows
        .iter()
        .map(|(keyword, value, origin)| json!({"keyword": keyword, "value": value, "origin": origin.to_string()}))
        .collect();
    let route = route(&ssh, named)?;
    output.print(
        &json!({"host": named.text, "known_hosts_name": host.known_name(), "settings": shown, "route": route,
                "warnings": ssh.warnings(&[named.asked()])}),
        || {
            let mut text = table(
                ["keyword", "value", "from"],
                rows.iter().map(|(keyword, value, origin)| {
                    [(*keyword).to_owned(), value.clone(), origin.to_string()]
                }),
            );
            if route.len() > 1 {
                let hops: Vec<&str> = route.iter().filter_map(|hop| hop["place"].as_str()).collect();
                text.push_str("\n\nthe way there: ");
                text.push_str(&hops.join(" -> "));
            }
            text
        },
    )?;
    if !output.is_json() {
        for warning in ssh.warnings(&[named.asked()]) {
            note(&format!("warning: {warning}"));
        }
    }
    Ok(Exit::Done)
}

/// The hops, the last one being the host itself; each with the line that names the hop before it.
fn route(ssh: &SshHosts, named: &NamedHost) -> Result<Vec<Value>, Failure> {
    let route = ssh
        .route(&named.asked())
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(route
        .iter()
        .map(|hop| {
            json!({"name": hop.name, "place": hop.place(), "known_hosts_name": hop.known_name(),
                   "origin": hop.proxy_jump.origin.to_string()})
        })
        .collect())
}
