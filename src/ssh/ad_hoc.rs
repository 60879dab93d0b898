//! The one door for somebody's own command on a host outside an action: it asks for a lease and a judged command, as every
//! step does.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::lease::Lease;
use crate::domain::sanitize::SanitizedCommand;

use super::connection::Connection;
use super::error::SshError;
use super::exec::{Exec, ExecEnd, Piece};
use super::manner::Manner;

/// What to run, and how. It ends with its connection.
#[derive(Debug, Clone)]
pub struct AdHoc<'a> {
    /// Whose turn it is on the host.
    pub lease: &'a Lease,
    /// A text for a POSIX shell, judged.
    pub command: &'a SanitizedCommand,
    /// As whom, where, with what.
    pub manner: &'a Manner,
    /// After so long it is stopped; never where none.
    pub timeout: Option<Duration>,
    /// Whoever wants it to end.
    pub cancel: CancellationToken,
}

impl Connection {
    /// Runs a command. `output` gets every piece as it comes and must be quick: nothing else on this connection moves
    /// meanwhile.
    ///
    /// # Errors
    /// [`SshError`] where it could not be started.
    pub async fn ad_hoc(
        &self,
        ad_hoc: &AdHoc<'_>,
        output: impl FnMut(Piece<'_>) + Send,
    ) -> Result<ExecEnd, SshError> {
        tracing::debug!(host = %self.host().place(), holder = ?ad_hoc.lease.holder(), "an ad-hoc command");
        if let Some(reason) = ad_hoc.manner.unfit(ad_hoc.command.text()) {
            return Ok(ExecEnd::Refused(reason));
        }
        let exec = Exec {
            command: ad_hoc.command.text(),
            manner: ad_hoc.manner,
            timeout: ad_hoc.timeout,
            cancel: ad_hoc.cancel.clone(),
        };
        self.exec(&exec, output).await
    }
}
