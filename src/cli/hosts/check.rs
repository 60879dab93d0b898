//! `edgewise hosts check [HOST...]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::Map;
use tokio_util::sync::CancellationToken;

use crate::cli::exit::{Exit, Failure};
use crate::cli::host_list::{self, NamedHost};
use crate::cli::output::{Output, line, table};
use crate::cli::settings_args::SettingsArgs;
use crate::cli::{dialing, local_store};
use crate::domain::config::merge;
use crate::domain::lease::Lease;
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::sanitize::{Clearance, SanitizedCommand, Sanitizer};
use crate::domain::target::{Target, Topology};
use crate::ssh::{AdHoc, ExecEnd, Manner, Piece, SshHosts};

/// `edgewise hosts check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// `[user@]host[:port]`, ranges or groups; without any, the servers of all projects in the store
    hosts: Vec<String>,
    /// A file with a host a line, or an Ansible inventory (INI, YAML)
    #[arg(long, value_name = "FILE")]
    hosts_file: Option<PathBuf>,
    /// The `ssh_config` to read instead of the usual ones
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Fitness {
    host: String,
    /// `ok`, or the word for what stands in the way.
    outcome: Outcome,
    /// Sudo lets us in, without a password or with the one that is known; not known where nobody could look.
    sudo: Option<bool>,
    /// Free bytes in the login's home folder.
    free_bytes: Option<u64>,
    error: Option<String>,
}

/// Hosts looked at together.
const AT_ONCE: usize = 64;
/// How long one may take to answer once it let us in.
const ANSWER: Duration = Duration::from_secs(20);
/// Changes nothing: how much room is there? Run as root, whether we may become that.
const LOOK: &str = "df -Pk .";

/// Looks at all of them at once, in the order they were named.
pub async fn run(args: &CheckArgs, output: Output) -> Result<Exit, Failure> {
    let ssh = dialing::hosts(&args.settings, args.ssh_config.as_ref())?;
    let hosts = if args.hosts.is_empty() && args.hosts_file.is_none() {
        stored(&args.settings).await?
    } else {
        host_list::collect(&args.hosts, args.hosts_file.as_deref())?
    };
    if hosts.is_empty() {
        return Err(Failure::usage(
            "no project in the store has a server; name hosts to check",
        ));
    }
    dialing::prepare(&ssh, &hosts).await?;
    crate::ssh::raise_open_files_limit();
    let look = SanitizedCommand::check(&Sanitizer::default(), LOOK, None, Clearance::None)
        .map_err(|refusal| Failure::failed(refusal.to_string()))?;
    let found: Vec<Fitness> = futures_util::stream::iter(&hosts)
        .map(|host| check(&ssh, host, &look))
        .buffered(AT_ONCE)
        .collect()
        .await;
    if output.is_json() {
        for fitness in &found {
            line(&serde_json::to_string(fitness).map_err(|error| Failure::failed(error.to_string()))?)?;
        }
    } else {
        line(&shown(&found))?;
    }
    let fit = found.iter().all(|fitness| fitness.outcome == Outcome::Ok);
    Ok(if fit { Exit::Done } else { Exit::OutOfReach })
}

async fn check(ssh: &SshHosts, host: &NamedHost, look: &SanitizedCommand) -> Fitness {
    let mut fitness = Fitness {
        host: host.text.clone(),
        outcome: Outcome::Ok,
        sudo: None,
        free_bytes: None,
        error: None,
    };
    let (said, sudo) = match say(ssh, host, look).await {
        Ok(found) => found,
        Err((outcome, error)) => {
            fitness.outcome = outcome;
            fitness.error = Some(error);
            return fitness;
        }
    };
    fitness.sudo = Some(sudo);
    fitness.free_bytes = free(&said);
    fitness
}

async fn say(
    ssh: &SshHosts,
    host: &NamedHost,
    look: &SanitizedCommand,
) -> Result<(String, bool), (Outcome, String)> {
    let failed = |error: crate::ssh::SshError| (error.outcome(), error.to_string());
    let connection = ssh.dial(&host.asked()).await.map_err(failed)?;
    let lease = Lease::of_process(std::process::id(), host.host.clone());
    let plain = Manner::default();
    let root = Manner {
        sudo: true,
        ..Manner::default()
    };
    let ad_hoc = |manner| AdHoc {
        lease: &lease,
        command: look,
        manner,
        timeout: Some(ANSWER),
        cancel: CancellationToken::new(),
    };
    let mut said = Vec::new();
    let end = connection
        .ad_hoc(&ad_hoc(&plain), |piece| {
            if let Piece::Stdout(bytes) = piece
                && said.len() < 16 * 1024
            {
                said.extend_from_slice(bytes);
            }
        })
        .await;
    let as_root = connection.ad_hoc(&ad_hoc(&root), |_| ()).await;
    connection.close().await;
    match end.map_err(failed)? {
        ExecEnd::Exit(_) => {
            let may = matches!(as_root, Ok(ExecEnd::Exit(0)));
            Ok((String::from_utf8_lossy(&said).into_owned(), may))
        }
        ExecEnd::TimedOut { .. } | ExecEnd::Cancelled { .. } => Err((
            Outcome::Timeout,
            "it let us in, and did not answer in time".to_owned(),
        )),
        ExecEnd::Signal(name) => Err((Outcome::Failed, format!("the shell was ended by {name}"))),
        ExecEnd::Lost(reason) | ExecEnd::Refused(reason) => Err((Outcome::Unreachable, reason)),
    }
}

/// Free bytes, from `df -P -k` (POSIX): the fourth column of the second line.
fn free(said: &str) -> Option<u64> {
    let last = said
        .lines()
        .rfind(|line| line.contains('%') && line.contains('/'))?;
    last.split_whitespace()
        .nth(3)?
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

fn shown(found: &[Fitness]) -> String {
    table(
        ["host", "state", "sudo", "free", "error"],
        found.iter().map(|fitness| {
            [
                fitness.host.clone(),
                fitness.outcome.to_string(),
                match fitness.sudo {
                    Some(true) => "yes".to_owned(),
                    Some(false) => "no".to_owned(),
                    None => String::new(),
                },
                fitness
                    .free_bytes
                    .map_or_else(String::new, |bytes| format!("{} MiB", bytes >> 20)),
                fitness.error.clone().unwrap_or_default(),
            ]
        }),
    )
}

/// The servers of every project, by the addresses that their configuration gives.
async fn stored(settings: &SettingsArgs) -> Result<Vec<NamedHost>, Failure> {
    let (store, _) = local_store::open(&settings.settings()?).await?;
    let mut hosts: BTreeMap<String, NamedHost> = BTreeMap::new();
    for (_, project) in store.all_projects().await? {
        let Some(environment) = store.environment(&project.environment).await? else {
            continue;
        };
        let config = merge(&environment.config, &project.config, &Map::new());
        // A topology that cannot be read is `apply`'s and the pages' to complain about.
        let Ok(topology) = Topology::parse(&config) else {
            continue;
        };
        for target in topology.targets(&|name| name.to_string()) {
            if let Some(host) = named(&target) {
                hosts.insert(target.name.to_string(), host);
            }
        }
    }
    Ok(hosts.into_values().collect())
}

fn named(target: &Target) -> Option<NamedHost> {
    Some(NamedHost {
        text: target.name.to_string(),
        host: TargetName::parse(&target.address).ok()?,
        address: None,
        user: target.user.clone(),
        port: target.port,
        identity_file: None,
    })
}

#[cfg(test)]
mod tests {
    use super::free;

    #[test]
    fn free_room_is_read_from_df() {
        let said = "Filesystem     1024-blocks    Used Available Capacity Mounted on\n\
                    /dev/sda1         41152736 7045204  32304592      18% /\n";
        assert_eq!(free(said), Some(32_304_592 * 1024));
        assert_eq!(free("sh: df: not found\n"), None);
    }
}
