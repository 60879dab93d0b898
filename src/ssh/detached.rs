//! Commands that were left running on a host on purpose: hearing them again, and ending them.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::ports::{HostFailure, OutputLine, StepRun};
use crate::domain::lease::Lease;
use crate::domain::rollout::StepResult;

use super::session::{SshSession, refuse};
use super::verdict;
use super::wrapper::{Follow, stop};

/// Longer than anybody waits.
const NO_TIMEOUT_SECONDS: u64 = 10 * 365 * 86_400;

impl SshSession {
    /// Finds a command that was started before, reads its output from `run.resume` on, and returns its end; never starts
    /// it. Cancelling ends it.
    pub async fn attach(
        &self,
        lease: &Lease,
        run: &StepRun,
        output: mpsc::Sender<OutputLine>,
        cancel: CancellationToken,
    ) -> StepResult {
        if let Some(refused) = refuse(lease, &run.key) {
            return refused;
        }
        let Some(seated) = self.sit(&cancel).await else {
            return verdict::never_begun();
        };
        self.follow(&seated, Follow::new(run, None, output, cancel), run)
            .await
    }

    /// Reads what a command wrote that has ended, from `run.resume` on. Nobody needs a lease to read.
    pub(super) async fn hear(
        &self,
        run: &StepRun,
        output: mpsc::Sender<OutputLine>,
    ) -> Result<(), HostFailure> {
        // It is over, so its time cannot run out any more.
        let run = StepRun {
            timeout_seconds: NO_TIMEOUT_SECONDS,
            ..run.clone()
        };
        let seated = self.seat.sit().await;
        let follow = Follow::new(&run, None, output, CancellationToken::new());
        let end = self.follow(&seated, follow, &run).await;
        if end.exit_code.is_some() {
            return Ok(());
        }
        Err(HostFailure {
            outcome: end.outcome,
            message: end.error.unwrap_or_default(),
        })
    }

    /// Ends a command that was started before, and says what is left of it: `ok` where nothing is.
    pub async fn end(&self, lease: &Lease, run: &StepRun) -> StepResult {
        if let Some(refused) = refuse(lease, &run.key) {
            return refused;
        }
        let Some(seated) = self.sit(&CancellationToken::new()).await else {
            return verdict::never_begun();
        };
        let stopped = match seated.connection().await {
            Ok(connection) => stop(&connection, run).await,
            Err(error) => Err(error),
        };
        match stopped {
            Ok(stopped) => verdict::put_to_an_end(stopped),
            Err(error) => verdict::out_of_reach(&error),
        }
    }
}
