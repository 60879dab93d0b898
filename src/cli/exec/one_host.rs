//! The command on one host: connect, run, end.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::capture::Capture;
use super::report::{HostEnd, Prefixed, Stream};
use crate::cli::host_list::NamedHost;
use crate::domain::lease::Lease;
use crate::domain::outcome::Outcome;
use crate::domain::sanitize::SanitizedCommand;
use crate::ssh::{AdHoc, ExecEnd, Piece, SshError, SshHosts};

/// Where lines go while they come.
pub(super) type Live = SyncSender<(Stream, Vec<u8>)>;

/// What to do on one host.
pub(super) struct Task {
    pub ssh: SshHosts,
    pub host: NamedHost,
    pub command: Arc<SanitizedCommand>,
    pub sudo: bool,
    pub timeout: Option<Duration>,
    pub max_output: usize,
    /// Given: lines are written as they come. Not given: the output is kept for the end.
    pub live: Option<Live>,
    pub cancel: CancellationToken,
}

/// Where the output of a command goes.
struct Sink {
    stdout: Capture,
    stderr: Capture,
    lines: Prefixed,
    live: Option<Live>,
}

impl Sink {
    fn take(&mut self, piece: Piece<'_>) {
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
        let (outcome, exit_code, error) = match self.work(&mut sink).await {
            Ok(end) => meaning(end),
            Err(error) => (error.outcome(), None, Some(error.to_string())),
        };
        sink.finish();
        let (stdout, stderr) = (sink.stdout.show(), sink.stderr.show());
        HostEnd {
            host: self.host.text,
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

    async fn work(&self, sink: &mut Sink) -> Result<ExecEnd, SshError> {
        let asked = self.host.asked();
        let connection = tokio::select! {
            connection = self.ssh.dial(&asked) => connection?,
            // Nothing was started yet, so there is nothing to end.
            () = self.cancel.cancelled() => return Ok(ExecEnd::Cancelled { gone: true }),
        };
        let lease = Lease::of_process(std::process::id(), self.host.host.clone());
        let ad_hoc = AdHoc {
            lease: &lease,
            command: &self.command,
            sudo: self.sudo,
            timeout: self.timeout,
            cancel: self.cancel.clone(),
        };
        let end = connection.ad_hoc(&ad_hoc, |piece| sink.take(piece)).await;
        connection.close().await;
        end
    }
}

/// The contract's words for how a command ended.
fn meaning(end: ExecEnd) -> (Outcome, Option<i32>, Option<String>) {
    match end {
        ExecEnd::Exit(0) => (Outcome::Ok, Some(0), None),
        ExecEnd::Exit(code) => (Outcome::Failed, Some(code), None),
        ExecEnd::Signal(name) => (Outcome::Failed, None, Some(format!("ended by the signal {name}"))),
        ExecEnd::TimedOut { gone: true } => {
            (Outcome::Timeout, None, Some("not done in time, and ended".into()))
        }
        ExecEnd::TimedOut { gone: false } => (
            Outcome::Timeout,
            None,
            Some("not done in time; it may still run".into()),
        ),
        ExecEnd::Cancelled { gone: true } => (Outcome::Failed, None, Some("interrupted, and ended".into())),
        ExecEnd::Cancelled { gone: false } => (
            Outcome::Unknown,
            None,
            Some("interrupted; it may still run".into()),
        ),
        ExecEnd::Lost(reason) => (Outcome::Unknown, None, Some(reason)),
    }
}
