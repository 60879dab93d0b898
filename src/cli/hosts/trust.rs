//! `edgewise hosts trust HOST...`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::dialing;
use crate::cli::exit::{Exit, Failure};
use crate::cli::host_list::{self, NamedHost};
use crate::cli::output::{Output, line, note};
use crate::cli::settings_args::SettingsArgs;
use crate::ssh::{HostKeyVerdict, Scanned, SshHosts};

/// `edgewise hosts trust`.
#[derive(Debug, Clone, Args)]
pub struct TrustArgs {
    /// `[user@]host[:port]`, ranges or groups
    #[arg(required_unless_present = "hosts_file")]
    hosts: Vec<String>,
    /// A file with a host a line, or an Ansible inventory (INI, YAML)
    #[arg(long, value_name = "FILE")]
    hosts_file: Option<PathBuf>,
    /// Add the key only if this is its fingerprint (SHA256:...); nothing is asked then
    #[arg(long, value_name = "SHA256:...")]
    fingerprint: Option<String>,
    /// The `ssh_config` to read instead of the usual ones
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What came of one host.
enum Trusted {
    /// Its key was known.
    Known,
    /// It was added to this file.
    Added(String),
    /// It was not added: why.
    Refused(String),
}

/// Goes through the hosts one after another, as each may need an answer. Ends with the worst of them.
pub async fn run(args: &TrustArgs, output: Output) -> Result<Exit, Failure> {
    let ssh = dialing::hosts(&args.settings, args.ssh_config.as_ref())?;
    let hosts = host_list::collect(&args.hosts, args.hosts_file.as_deref())?;
    dialing::prepare(&ssh, &hosts).await?;
    let mut exit = Exit::Done;
    for host in &hosts {
        let scanned = match ssh.scan(&host.asked()).await {
            Ok(scanned) => scanned,
            Err(error) => {
                tell(host, None, "unreachable", &error.to_string(), output)?;
                exit = worse(exit, Exit::OutOfReach);
                continue;
            }
        };
        match trust(&ssh, args, host, &scanned, output).await? {
            Trusted::Known => tell(host, Some(&scanned), "known", "its key is known", output)?,
            Trusted::Added(file) => tell(host, Some(&scanned), "added", &format!("added to {file}"), output)?,
            Trusted::Refused(why) => {
                tell(host, Some(&scanned), "refused", &why, output)?;
                exit = worse(exit, Exit::Refused);
            }
        }
    }
    Ok(exit)
}

async fn trust(
    ssh: &SshHosts,
    args: &TrustArgs,
    host: &NamedHost,
    scanned: &Scanned,
    output: Output,
) -> Result<Trusted, Failure> {
    match &scanned.verdict {
        HostKeyVerdict::Known => return Ok(Trusted::Known),
        HostKeyVerdict::Changed(places) => {
            return Ok(Trusted::Refused(format!(
                "it shows ANOTHER key than the one that is known ({}). Somebody may sit in between. If the host was set \
                 up anew, remove that line first",
                places.join(", ")
            )));
        }
        HostKeyVerdict::Revoked(place) => {
            return Ok(Trusted::Refused(format!("its key is revoked ({place})")));
        }
        HostKeyVerdict::BadCertificate(reason) => return Ok(Trusted::Refused(reason.clone())),
        HostKeyVerdict::Unknown => {}
    }
    let shown = format!("{} {}", scanned.key.algorithm(), scanned.fingerprint);
    match &args.fingerprint {
        Some(wanted) if *wanted == scanned.fingerprint => {}
        Some(wanted) => return Ok(Trusted::Refused(format!("it shows {shown}, not {wanted}"))),
        None => {
            note(&format!("{}: {shown}", scanned.name));
            if !output.confirm("Compare it with what the host's own console says. Is it that host's key?")? {
                return Ok(Trusted::Refused("not added".to_owned()));
            }
        }
    }
    let file = ssh
        .trust(&host.asked(), scanned)
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Trusted::Added(file))
}

fn tell(
    host: &NamedHost,
    scanned: Option<&Scanned>,
    result: &str,
    words: &str,
    output: Output,
) -> Result<(), Failure> {
    if output.is_json() {
        let object = json!({"host": host.text, "result": result, "message": words,
                            "key_type": scanned.map(|scanned| scanned.key.algorithm().to_string()),
                            "fingerprint": scanned.map(|scanned| scanned.fingerprint.as_str())});
        return line(&object.to_string());
    }
    let fingerprint = scanned.map_or_else(String::new, |scanned| format!(" ({})", scanned.fingerprint));
    line(&format!("{}: {words}{fingerprint}", host.text))
}

/// A host that refused weighs more than one that could not be reached.
fn worse(a: Exit, b: Exit) -> Exit {
    if a == Exit::Refused { a } else { b }
}
