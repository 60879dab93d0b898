//! `edgewise files get REMOTE LOCALDIR`.

use std::path::PathBuf;

use clap::Args;

use super::hosts::on_all;
use super::put::path;
use super::{Where, judged};
use crate::app::uploads;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Output;
use crate::domain::lease::Lease;
use crate::domain::sanitize::Surroundings;
use crate::ssh::Download;

/// `edgewise files get`.
#[derive(Debug, Clone, Args)]
pub struct GetArgs {
    /// A file or a folder on the hosts: absolute, or below the login's home
    #[arg(value_name = "REMOTE", value_parser = path)]
    remote: String,
    /// The folder here; each host gets a folder of its name in it
    #[arg(value_name = "LOCALDIR")]
    folder: PathBuf,
    #[command(flatten)]
    place: Where,
}

/// Fetches it from all of them.
pub async fn run(args: &GetArgs, output: Output) -> Result<Exit, Failure> {
    let hosts = args.place.collect()?;
    let sanitizer = args.place.policies.sanitizer()?;
    let text = uploads::fetch_text(&args.remote);
    let Some(command) = judged(&sanitizer, &text, &Surroundings::default(), &hosts, output)? else {
        return Ok(Exit::Refused);
    };
    on_all(&args.place, &hosts, output, async |host, session, cancel| {
        let lease = Lease::of_process(std::process::id(), host.host.clone());
        let download = Download {
            target: host.host.clone(),
            remote: args.remote.clone(),
            folder: args.folder.join(folder_name(&host.text)),
            timeout_seconds: args.place.timeout,
        };
        session.get(&lease, &command, &download, cancel).await
    })
    .await
}

/// A host's name as that of a folder: no slash, and nothing special.
fn folder_name(host: &str) -> String {
    let name: String = host
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "._@:[]-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    if name.starts_with('.') {
        format!("_{name}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::folder_name;

    #[test]
    fn a_host_is_a_folder_of_its_name_wherever_it_leads() {
        for (host, name) in [
            ("web-1", "web-1"),
            ("me@[::1]:22", "me@[::1]:22"),
            ("../../x@h", "_.._.._x@h"),
            ("..", "_.."),
            ("a/b@h", "a_b@h"),
        ] {
            assert_eq!(folder_name(host), name);
        }
    }
}
