//! The command on one host: connect, run, end.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::capture::Capture;
use super::detached::Deed;
use super::report::{HostEnd, Prefixed, Stream};
use crate::cli::host_list::NamedHost;
use crate::domain::action::ActionId;
use crate::domain::lease::Lease;
use crate::domain::rollout::StepResult;
use crate::domain::sanitize::SanitizedCommand;
use crate::ssh::{AdHoc, ExecEnd, Manner, Piece, SshError, SshHosts};

/// Where lines go while they come.
pub(super) type Live = SyncSender<(Stream, Vec<u8>)>;

/// What is to be done.
pub(super) enum Work {
    /// A command that ends with its connection.
    AdHoc(Arc<SanitizedCommand>),
    /// Something with one that does not.
    Detached(ActionId, Deed),
}

/// What to do on one host.
pub(super) struct Task {
    pub ssh: SshHosts,
    pub host: NamedHost,
    pub work: Work,
    pub manner: Arc<Manner>,
    pub timeout: Option<Duration>,
    pub max_output: usize,
    /// Given: lines are written as they come. Not given: the output is kept for the end.
    pub live: Option<Live>,
    pub cancel: CancellationToken,
}

/// Where the output of a command goes.
pub(super) struct Sink {
    stdout: Capture,
    stderr: Capture,
    lines: Prefixed,
    live: Option<Live>,
}

impl Sink {
    pub(super) fn take(&mut self, piece: Piece<'_>) {
        let (stream, bytes) = match piece {
            Piece::Stdout(bytes) => (Stream::Stdout, bytes),
            Piece::Stderr(bytes) => (Stream::Stderr, bytes),
        };
        match (&self.live, stream) {
            (Some(live), stream) => {
                let lines = self.lines.push(stream, bytes);
                send(live, stream, lines);
            }
            (None, Stream::Stdout) => self.stdout.push(bytes),
            (None, Stream::Stderr) => self.stderr.push(bytes),
        }
    }

    fn finish(&mut self) {
        if let Some(live) = &self.live {
            for stream in [Stream::Stdout, Stream::Stderr] {
                send(live, stream, self.lines.finish(stream));
            }
        }
    }
}

/// Where the printer is gone nobody reads: what comes is dropped.
fn send(live: &Live, stream: Stream, lines: Vec<u8>) {
    if !lines.is_empty() {
        let _ = live.send((stream, lines));
    }
}

impl Task {
    pub(super) async fn run(self) -> HostEnd {
        let began = Instant::now();
        let mut sink = Sink {
            stdout: Capture::new(self.max_output),
            stderr: Capture::new(self.max_output),
            lines: Prefixed::new(&self.host.text),
            live: self.live.clone(),
        };
        let (id, result) = match &self.work {
            Work::AdHoc(command) => (
                None,
                self.ad_hoc(command, &mut sink).await.map(|end| end.result()),
            ),
            // On the heap: what it takes would be held for every host, also where nothing is detached.
            Work::Detached(id, deed) => {
                let end = Box::pin(self.detached(*id, deed, &mut sink)).await;
                (Some(id.to_string()), end)
            }
        };
        let StepResult {
            outcome,
            exit_code,
            error,
        } = result.unwrap_or_else(|error| StepResult {
            outcome: error.outcome(),
            exit_code: None,
            error: Some(error.to_string()),
        });
        sink.finish();
        let (stdout, stderr) = (sink.stdout.show(), sink.stderr.show());
        HostEnd {
            host: self.host.text,
            id,
            outcome,
            exit_code,
            stdout: stdout.text,
            stderr: stderr.text,
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            error,
            truncated: stdout.truncated || stderr.truncated,
            stdout_base64: stdout.base64,
            stderr_base64: stderr.base64,
        }
    }

    async fn ad_hoc(&self, command: &SanitizedCommand, sink: &mut Sink) -> Result<ExecEnd, SshError> {
        let asked = self.host.asked();
        let connection = tokio::select! {
            connection = self.ssh.dial(&asked) => connection?,
            // Nothing was started yet, so there is nothing to end.
            () = self.cancel.cancelled() => return Ok(ExecEnd::Cancelled { gone: true }),
        };
        let lease = Lease::of_process(std::process::id(), self.host.host.clone());
        let ad_hoc = AdHoc {
            lease: &lease,
            command,
            manner: &self.manner,
            timeout: self.timeout,
            cancel: self.cancel.clone(),
        };
        let end = connection.ad_hoc(&ad_hoc, |piece| sink.take(piece)).await;
        connection.close().await;
        end
    }
}
