//! `edgewise exec`: one command on many hosts, no server needed.
//!
//! The command is judged before anything is contacted; each host then holds a lease of this process.

mod capture;
mod one_host;
mod report;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};
use super::host_list;
use super::output::{Output, Paint, note, painted};
use super::policy_args::PolicyArgs;
use super::settings_args::SettingsArgs;
use super::{dialing, sanitize, show};
use crate::domain::outcome::Outcome;
use crate::domain::sanitize::{Clearance, SanitizedCommand};
use one_host::Task;
use report::{HostEnd, Printer};

/// `edgewise exec`.
#[derive(Debug, Clone, Args)]
pub struct ExecArgs {
    /// Hosts, `[user@]host[:port]`, with commas between
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B",
        required_unless_present = "hosts_file"
    )]
    hosts: Vec<String>,
    /// A file with a host a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    hosts_file: Option<PathBuf>,
    /// The `ssh_config` to read instead of the usual ones
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    /// So many hosts at once
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: u32,
    /// Stop the command on a host after so many seconds; 0 never does
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// As root, by `sudo -n`
    #[arg(long)]
    sudo: bool,
    /// Of each stream keep so many bytes, head and tail (with -o json)
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u64).range(2..))]
    max_output: u64,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// The command, after --
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Runs it.
pub async fn run(args: &ExecArgs, output: Output) -> Result<Exit, Failure> {
    let hosts = host_list::collect(&args.hosts, args.hosts_file.as_deref())?;
    let text = args.command.join(" ");
    let sanitizer = args.policies.sanitizer()?;
    let clearance = if output.yes {
        Clearance::Approved
    } else {
        Clearance::None
    };
    let command = match SanitizedCommand::check(&sanitizer, &text, None, clearance) {
        Ok(command) => Arc::new(command),
        Err(refusal) => {
            for host in &hosts {
                let reason = refusal.to_string();
                tell(
                    &HostEnd::without_output(&host.text, Outcome::Denied, reason),
                    output,
                )?;
            }
            note(&sanitize::explain(&text, &refusal.verdict));
            note("nothing was contacted");
            return Ok(Exit::Refused);
        }
    };
    let ssh = dialing::hosts(&args.settings, args.ssh_config.as_ref())?;
    crate::ssh::raise_open_files_limit();

    let printer =
        Printer::start().map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
    let cancel = CancellationToken::new();
    let (ended, mut ends) = mpsc::unbounded_channel();
    let permits = Arc::new(Semaphore::new(args.concurrency as usize));
    for host in &hosts {
        let task = Task {
            ssh: ssh.clone(),
            host: host.clone(),
            command: Arc::clone(&command),
            sudo: args.sudo,
            timeout: (args.timeout > 0).then(|| Duration::from_secs(args.timeout)),
            max_output: usize::try_from(args.max_output).unwrap_or(usize::MAX),
            live: if output.is_json() { None } else { printer.handle() },
            cancel: cancel.clone(),
        };
        let (permits, ended) = (Arc::clone(&permits), ended.clone());
        tokio::spawn(async move {
            let cancelled = task.cancel.clone();
            // The semaphore is never closed; a host that had not begun when Ctrl-C came is left alone.
            let permit = tokio::select! {
                biased;
                () = cancelled.cancelled() => return,
                permit = permits.acquire_owned() => permit,
            };
            let end = task.run().await;
            drop(permit);
            // Where nobody listens any more, nobody wants to know.
            let _ = ended.send(end);
        });
    }
    drop(ended);

    let outcomes = gather(&mut ends, &cancel, output).await?;
    printer.finish();
    if !output.is_json() {
        summary(&outcomes);
    }
    if cancel.is_cancelled() {
        let begun = outcomes.len();
        note(&format!(
            "interrupted: {} begun and ended, {} not begun",
            show::count(begun, "host"),
            hosts.len() - begun
        ));
        return Ok(Exit::Interrupted);
    }
    Ok(exit_of(&outcomes.iter().map(|(_, outcome)| *outcome)))
}

/// Tells of each host as it ends. The first Ctrl-C ends what runs; a second one ends this process at once.
async fn gather(
    ends: &mut mpsc::UnboundedReceiver<HostEnd>,
    cancel: &CancellationToken,
    output: Output,
) -> Result<Vec<(String, Outcome)>, Failure> {
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            end = ends.recv() => match end {
                Some(end) => {
                    outcomes.push((end.host.clone(), end.outcome));
                    tell(&end, output)?;
                }
                None => return Ok(outcomes),
            },
            signal = tokio::signal::ctrl_c() => {
                signal.map_err(|error| Failure::failed(format!("cannot wait for Ctrl-C: {error}")))?;
                if cancel.is_cancelled() {
                    return Err(Failure::new(Exit::Interrupted, "left at once: commands may still run"));
                }
                note("interrupted: ending the commands (once more leaves at once)");
                cancel.cancel();
            }
        }
    }
}

fn tell(end: &HostEnd, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        let mut line = serde_json::to_vec(end)
            .map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))?;
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        out.write_all(&line)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::failed(format!("cannot write the output: {error}")))?;
    } else if end.outcome != Outcome::Ok {
        let word = painted(end.outcome.as_str(), Paint::Bad);
        let code = end
            .exit_code
            .map_or_else(String::new, |code| format!(" (exit code {code})"));
        let error = end
            .error
            .as_ref()
            .map_or_else(String::new, |error| format!(": {error}"));
        note(&format!("{}: {word}{code}{error}", end.host));
    }
    Ok(())
}

/// `7 ok, 1 failed`, with the names of those that are not ok.
fn summary(outcomes: &[(String, Outcome)]) {
    let mut seen: Vec<Outcome> = Vec::new();
    for (_, outcome) in outcomes {
        if !seen.contains(outcome) {
            seen.push(*outcome);
        }
    }
    seen.sort_by_key(|outcome| *outcome != Outcome::Ok);
    let parts: Vec<String> = seen
        .iter()
        .map(|outcome| {
            let names: Vec<&str> = outcomes
                .iter()
                .filter(|(_, other)| other == outcome)
                .map(|(name, _)| name.as_str())
                .collect();
            match outcome {
                Outcome::Ok => format!("{} ok", names.len()),
                other => format!("{} {other} ({})", names.len(), names.join(", ")),
            }
        })
        .collect();
    if outcomes.len() > 1 {
        note(&parts.join(", "));
    }
}

/// The contract's exit code for what became of all hosts.
pub(super) fn exit_of(outcomes: &(impl Iterator<Item = Outcome> + Clone)) -> Exit {
    if outcomes
        .clone()
        .any(|outcome| matches!(outcome, Outcome::Failed | Outcome::Timeout))
    {
        Exit::Failed
    } else if outcomes.clone().any(|outcome| outcome != Outcome::Ok) {
        Exit::OutOfReach
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, exit_of};

    #[test]
    fn a_failure_weighs_more_than_a_host_out_of_reach() {
        let table: [(&[Outcome], u8); 6] = [
            (&[Outcome::Ok, Outcome::Ok], 0),
            (&[Outcome::Ok, Outcome::Failed], 1),
            (&[Outcome::Unreachable, Outcome::Timeout], 1),
            (&[Outcome::Ok, Outcome::HostKeyUnknown], 7),
            (&[Outcome::AuthFailed], 7),
            (&[Outcome::Unknown, Outcome::Ok], 7),
        ];
        for (outcomes, code) in table {
            assert_eq!(exit_of(&outcomes.iter().copied()).code(), code, "{outcomes:?}");
        }
    }
}
