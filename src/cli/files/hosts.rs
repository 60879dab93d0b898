//! The same on many hosts, so many at once.

use std::time::Instant;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::Where;
use super::report::{HostEnd, tell};
use crate::app::ports::HostSession as _;
use crate::cli::exec::exit_of;
use crate::cli::exit::{Exit, Failure};
use crate::cli::host_list::NamedHost;
use crate::cli::output::{Output, note};
use crate::cli::{dialing, show};
use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;
use crate::ssh::{Moved, SshHosts, SshSession};

/// Does `work` on every host, and tells of each as it ends. The first Ctrl-C stops what is under way; a second one ends this
/// process at once.
pub(super) async fn on_all<W>(
    place: &Where,
    hosts: &[NamedHost],
    output: Output,
    work: W,
) -> Result<Exit, Failure>
where
    W: AsyncFn(&NamedHost, &SshSession, CancellationToken) -> (StepResult, Moved),
{
    let ssh = dialing::hosts(&place.settings, place.ssh_config.as_ref())?;
    crate::ssh::raise_open_files_limit();
    let cancel = CancellationToken::new();
    let mut ends = futures_util::stream::iter(hosts)
        .map(|host| on_one(&ssh, host, &work, cancel.clone()))
        .buffer_unordered(place.concurrency as usize);
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            end = ends.next() => match end {
                Some(Some(end)) => {
                    outcomes.push(end.outcome);
                    tell(&end, output)?;
                }
                Some(None) => {}
                None => break,
            },
            signal = tokio::signal::ctrl_c() => {
                signal.map_err(|error| Failure::failed(format!("cannot wait for Ctrl-C: {error}")))?;
                if cancel.is_cancelled() {
                    return Err(Failure::new(Exit::Interrupted, "left at once: transfers may still end by themselves"));
                }
                note("interrupted: stopping the transfers (once more leaves at once)");
                cancel.cancel();
            }
        }
    }
    if cancel.is_cancelled() {
        note(&format!(
            "interrupted: {} begun and ended, {} not begun",
            show::count(outcomes.len(), "host"),
            hosts.len() - outcomes.len()
        ));
        return Ok(Exit::Interrupted);
    }
    Ok(exit_of(&outcomes.iter().copied()))
}

/// None where it was not begun.
async fn on_one<W>(ssh: &SshHosts, host: &NamedHost, work: &W, cancel: CancellationToken) -> Option<HostEnd>
where
    W: AsyncFn(&NamedHost, &SshSession, CancellationToken) -> (StepResult, Moved),
{
    if cancel.is_cancelled() {
        return None;
    }
    let began = Instant::now();
    let asked = host.asked();
    let session = tokio::select! {
        session = ssh.session(&asked) => session,
        () = cancel.cancelled() => return Some(HostEnd::of(&host.text, Outcome::Failed, Some("interrupted".to_owned()))),
    };
    let mut end = match session {
        Ok(session) => {
            let (result, moved) = work(host, &session, cancel).await;
            session.close().await;
            let mut end = HostEnd::of(&host.text, result.outcome, result.error).with_moved(moved);
            end.exit_code = result.exit_code;
            end
        }
        Err(error) => HostEnd::of(&host.text, error.outcome(), Some(error.to_string())),
    };
    end.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Some(end)
}
