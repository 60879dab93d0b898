//! One connection to one host for a whole action, opened again where it breaks: the adapter for [`HostSession`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::ports::{HostFailure, HostNeeds, HostSession, OutputLine, StepKey, StepRun, Upload};
use crate::domain::lease::Lease;
use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;
use crate::domain::sanitize::SanitizedCommand;

use super::check::check;
use super::config::HostConfig;
use super::connection::Dialer;
use super::error::SshError;
use super::exec::{Exec, ExecEnd};
use super::manner::{self, Manner};
use super::places::Party;
use super::seat::{Seat, Seated};
use super::verdict;
use super::wrapper::{Ended, Follow, sweep_program};

/// The first pause between two tries, doubled each time.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two tries.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Readings in a row that may break off over a connection that holds.
const MOST_CUTS: u32 = 3;

/// A session with a host.
pub struct SshSession {
    pub(super) seat: Arc<Seat>,
    /// The host has shown that it runs no commands for us.
    no_shell: AtomicBool,
}

impl SshSession {
    /// Connects, on behalf of `party`.
    ///
    /// # Errors
    /// [`SshError`]: what stood in the way.
    pub(super) async fn open(dialer: Arc<Dialer>, host: HostConfig, party: Party) -> Result<Self, SshError> {
        let seat = Seat::new(dialer, host, party);
        seat.sit().await.connection().await?;
        Ok(Self {
            seat,
            no_shell: AtomicBool::new(false),
        })
    }

    /// The host it leads to.
    pub(super) fn host(&self) -> &HostConfig {
        &self.seat.host
    }

    /// How long a host that went away is looked for.
    pub(super) fn patience(&self) -> Duration {
        self.seat.dialer.patience()
    }

    /// Whether commands are worth trying.
    pub(super) fn has_shell(&self) -> bool {
        !self.no_shell.load(Ordering::Relaxed)
    }

    /// They are not.
    pub(super) fn remember_no_shell(&self) {
        self.no_shell.store(true, Ordering::Relaxed);
    }

    /// Begins to work with the host, where nobody asks for the end first.
    pub(super) async fn sit(&self, cancel: &CancellationToken) -> Option<Seated<'_>> {
        tokio::select! {
            seated = self.seat.sit() => Some(seated),
            () = cancel.cancelled() => None,
        }
    }

    /// Follows a step to its end, over as many connections as it takes.
    pub(super) async fn follow(
        &self,
        seated: &Seated<'_>,
        mut follow: Follow<'_>,
        run: &StepRun,
    ) -> StepResult {
        let mut reached = false;
        let mut cuts = 0;
        let mut away_since: Option<Instant> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            let (read, is_closed) = match seated.connection().await {
                Ok(connection) => {
                    // A session that cannot be opened has sent nothing.
                    let read = follow.read(&connection).await;
                    reached |= read.is_ok();
                    (read, connection.is_closed())
                }
                Err(error) => (Err(error), true),
            };
            follow.hand_over().await;
            match read {
                Ok(Ended::Exit(code)) => return verdict::exited(&follow, run, code),
                Ok(Ended::Later) => {
                    if follow.stop_first {
                        seated.renew().await;
                    }
                    away_since = None;
                    pause = FIRST_PAUSE;
                    cuts = 0;
                    continue;
                }
                Ok(Ended::Cut(said)) => {
                    if follow.take_progress() {
                        (away_since, pause, cuts) = (None, FIRST_PAUSE, 0);
                    }
                    // A line that breaks says nothing about the host.
                    if !is_closed {
                        cuts += 1;
                    }
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if cuts >= MOST_CUTS || is_closed && since.elapsed() > self.seat.dialer.patience() {
                        return verdict::unreadable(&follow, &said);
                    }
                }
                Ok(ended) => return verdict::ended(&follow, run, ended),
                Err(error) if !reached && (!error.is_passing() || follow.is_to_end()) => {
                    return verdict::not_started(&follow, run, &error);
                }
                Err(error) => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > self.seat.dialer.patience() || !error.is_passing() {
                        return verdict::away(&follow, run, reached, &error);
                    }
                }
            }
            away_since.get_or_insert_with(Instant::now);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[async_trait]
impl HostSession for SshSession {
    async fn check(&self, needs: &HostNeeds) -> Result<(), HostFailure> {
        let seated = self.seat.sit().await;
        check(&*seated.connection().await?, needs).await
    }

    async fn run(
        &self,
        lease: &Lease,
        command: &SanitizedCommand,
        run: &StepRun,
        output: mpsc::Sender<OutputLine>,
        cancel: CancellationToken,
    ) -> StepResult {
        if let Some(refused) = refuse(lease, &run.key).or_else(|| unfit(run, command.text())) {
            return refused;
        }
        // The step's time begins when its turn has come.
        let Some(seated) = self.sit(&cancel).await else {
            return verdict::never_begun();
        };
        let follow = Follow::new(run, Some(command.text()), output, cancel);
        self.follow(&seated, follow, run).await
    }

    async fn hear_again(&self, run: &StepRun, output: mpsc::Sender<OutputLine>) -> Result<(), HostFailure> {
        self.hear(run, output).await
    }

    async fn upload(
        &self,
        lease: &Lease,
        command: &SanitizedCommand,
        upload: &Upload,
        cancel: CancellationToken,
    ) -> StepResult {
        self.put(lease, command, upload, cancel).await.0
    }

    async fn sweep(&self, days: u32) -> Result<(), HostFailure> {
        let exec = Exec {
            command: &sweep_program(days),
            manner: &Manner::default(),
            timeout: Some(Duration::from_mins(1)),
            cancel: CancellationToken::new(),
        };
        let seated = self.seat.sit().await;
        match seated.connection().await?.exec(&exec, |_| ()).await? {
            ExecEnd::Exit(0) => Ok(()),
            end => Err(verdict::unswept(&end)),
        }
    }

    async fn close(&self) {
        self.seat.close().await;
    }
}

/// A lease of another target opens no door.
pub(super) fn refuse(lease: &Lease, key: &StepKey) -> Option<StepResult> {
    (*lease.target() != key.target).then(|| {
        denied(format!(
            "the lease is for {}, not for {}",
            lease.target(),
            key.target
        ))
    })
}

/// What no shell can be told.
fn unfit(run: &StepRun, command: &str) -> Option<StepResult> {
    let others = [run.cwd.as_deref(), run.user.as_deref(), Some(command)];
    manner::unfit(&run.env, run.umask.as_deref(), others).map(denied)
}

pub(super) fn denied(reason: String) -> StepResult {
    StepResult {
        outcome: Outcome::Denied,
        exit_code: None,
        error: Some(reason),
    }
}
