//! `edgewise exec`: one command on many hosts, no server needed.
//!
//! The command is judged before anything is contacted; each host then holds a lease of this process. A command runs on its
//! connection and ends with it, or, with `--detachable`, under the wrapper that steps of actions run under.

mod capture;
mod detached;
mod one_host;
mod report;
mod what;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};
use super::host_list;
use super::output::{Output, Paint, note, painted};
use super::policy_args::PolicyArgs;
use super::settings_args::SettingsArgs;
use super::{dialing, local_store, sanitize, show};
use crate::domain::action::ActionId;
use crate::domain::mask::Masker;
use crate::domain::outcome::Outcome;
use crate::domain::sanitize::{Clearance, Input, Refusal, SanitizedCommand, Surroundings};
use detached::Deed;
use one_host::{Task, Work};
use report::{HostEnd, Printer};
use what::What;

/// `edgewise exec`.
#[derive(Debug, Clone, Args)]
pub struct ExecArgs {
    /// Hosts, `[user@]host[:port]`, ranges (`web[01:20]!web07`) or groups (`@web`), with commas between
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B",
        required_unless_present = "hosts_file"
    )]
    hosts: Vec<String>,
    /// A file with a host a line, or an Ansible inventory (INI, YAML); # begins a comment
    #[arg(long, value_name = "FILE")]
    hosts_file: Option<PathBuf>,
    /// The `ssh_config` to read instead of the usual ones
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    /// So many hosts at once
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: u32,
    /// Stop the command on a host after so many seconds; 0 never does [default: 600, with --detachable and --attach 0]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=315_360_000))]
    timeout: Option<u64>,
    /// As root, by sudo: without a password, or with the one in `EDGEWISE_SUDO_PASSWORD`
    #[arg(long)]
    sudo: bool,
    /// As this user, by sudo
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// In this folder of the host
    #[arg(long, value_name = "DIR")]
    cwd: Option<String>,
    /// With this umask
    #[arg(long, value_name = "OCTAL")]
    umask: Option<String>,
    /// With this variable; a NAME alone takes its value from our own environment, which keeps it out of sight
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// With the variables of a file, NAME=VALUE a line; nobody on the hosts sees them
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// The command's standard input, the same for all hosts; - is our own
    #[arg(long, value_name = "FILE", conflicts_with_all = ["detachable", "attach", "stop"])]
    stdin: Option<PathBuf>,
    /// Run this script of ours; what stands after -- are its arguments
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Leave it running when the connection or this program ends; its id is told at once
    #[arg(long)]
    detachable: bool,
    /// Hear again what was started with --detachable
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with_all = ["detachable", "stop", "script", "command"])]
    attach: Option<ActionId>,
    /// End what was started with --detachable (as --sudo or --user where it was)
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with_all = ["detachable", "script", "command"])]
    stop: Option<ActionId>,
    /// Begin on no more hosts once one is not ok
    #[arg(long, conflicts_with = "max_failed")]
    fail_fast: bool,
    /// Begin on no more hosts once more than so many are not ok
    #[arg(long, value_name = "N")]
    max_failed: Option<usize>,
    /// Of each stream keep so many bytes, head and tail (with -o json)
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u64).range(2..))]
    max_output: u64,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// The command, after --
    #[arg(last = true, required_unless_present_any = ["script", "attach", "stop"])]
    command: Vec<String>,
}

fn id(text: &str) -> Result<ActionId, String> {
    ActionId::parse(text).ok_or_else(|| "this is no id that --detachable told".to_owned())
}

/// What is done on every host.
enum Plan {
    AdHoc(Arc<SanitizedCommand>),
    Start(ActionId, Arc<SanitizedCommand>),
    Attach(ActionId),
    End(ActionId),
}

impl Plan {
    fn work(&self) -> Work {
        match self {
            Self::AdHoc(command) => Work::AdHoc(Arc::clone(command)),
            Self::Start(id, command) => Work::Detached(*id, Deed::Start(Arc::clone(command))),
            Self::Attach(id) => Work::Detached(*id, Deed::Attach),
            Self::End(id) => Work::Detached(*id, Deed::End),
        }
    }
}

impl ExecArgs {
    fn timeout(&self) -> Option<Duration> {
        let plain = !self.detachable && self.attach.is_none();
        let seconds = self.timeout.unwrap_or(if plain { 600 } else { 0 });
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    fn most_failed(&self) -> usize {
        if self.fail_fast {
            0
        } else {
            self.max_failed.unwrap_or(usize::MAX)
        }
    }
}

/// Runs it.
pub async fn run(args: &ExecArgs, output: Output) -> Result<Exit, Failure> {
    let hosts = host_list::collect(&args.hosts, args.hosts_file.as_deref())?;
    let what = What::of(args)?;
    let plan = if let Some(id) = args.attach {
        Plan::Attach(id)
    } else if let Some(id) = args.stop {
        Plan::End(id)
    } else {
        match judged(args, &what, output)? {
            Ok(command) if args.detachable => {
                let id = ActionId::from_parts(local_store::now(), rand::random());
                note(&format!(
                    "detachable as {id}: --attach {id} hears it again, --stop {id} ends it"
                ));
                Plan::Start(id, Arc::new(command))
            }
            Ok(command) => Plan::AdHoc(Arc::new(command)),
            Err(refusal) => {
                for host in &hosts {
                    let reason = refusal.to_string();
                    tell(
                        &HostEnd::without_output(&host.text, Outcome::Denied, reason),
                        output,
                    )?;
                }
                note(&sanitize::explain(&what.text, &refusal.verdict));
                note("nothing was contacted");
                return Ok(Exit::Refused);
            }
        }
    };
    let manner = Arc::new(what.manner);
    let ssh = dialing::hosts(&args.settings, args.ssh_config.as_ref())?;
    dialing::prepare(&ssh, &hosts).await?;
    crate::ssh::raise_open_files_limit();

    let printer =
        Printer::start().map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
    let cancel = CancellationToken::new();
    let (ended, mut ends) = mpsc::unbounded_channel();
    let permits = Arc::new(Semaphore::new(args.concurrency as usize));
    let begin_no_more = cancel.child_token();
    let bad = Arc::new(AtomicUsize::new(0));
    let most_failed = args.most_failed();
    for host in &hosts {
        let task = Task {
            ssh: ssh.clone(),
            host: host.clone(),
            work: plan.work(),
            manner: Arc::clone(&manner),
            timeout: args.timeout(),
            max_output: usize::try_from(args.max_output).unwrap_or(usize::MAX),
            live: if output.is_json() { None } else { printer.handle() },
            cancel: cancel.clone(),
        };
        let (permits, ended) = (Arc::clone(&permits), ended.clone());
        let (begin_no_more, bad) = (begin_no_more.clone(), Arc::clone(&bad));
        tokio::spawn(async move {
            // The semaphore is never closed; a host that had not begun when Ctrl-C came is left alone.
            let permit = tokio::select! {
                biased;
                () = begin_no_more.cancelled() => return,
                permit = permits.acquire_owned() => permit,
            };
            let end = task.run().await;
            if end.outcome != Outcome::Ok && bad.fetch_add(1, Ordering::Relaxed) >= most_failed {
                begin_no_more.cancel();
            }
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
    if !cancel.is_cancelled() && outcomes.len() < hosts.len() {
        let left = hosts.len() - outcomes.len();
        note(&format!(
            "{} not begun: too many were not ok",
            show::count(left, "host")
        ));
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

/// The judged command, or why it may not run.
fn judged(
    args: &ExecArgs,
    what: &What,
    output: Output,
) -> Result<Result<SanitizedCommand, Refusal>, Failure> {
    let sanitizer = args.policies.sanitizer()?;
    let clearance = if output.yes {
        Clearance::Approved
    } else {
        Clearance::None
    };
    let stdin = what.manner.stdin.as_deref();
    let surroundings = Surroundings {
        cwd: what.manner.cwd.as_deref(),
        input: stdin.map_or(Input::Inherited, Input::of_bytes),
        env: Some(&what.manner.env),
        ..Surroundings::default()
    };
    let checked = SanitizedCommand::check_in(&sanitizer, &what.text, &surroundings, clearance);
    // These variables come from a file or from our own environment, since they are secrets: a verdict tells none of them.
    let masker = Masker::new(what.manner.env.values().map(String::as_str));
    Ok(checked.map_err(|refusal| refusal.masked(&masker)))
}

/// Tells of each host as it ends. The first Ctrl-C ends what runs (and leaves alone what was meant to be left); a second one
/// ends this process at once. Once more hosts than `enough` allows are not ok, its token is cancelled.
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
