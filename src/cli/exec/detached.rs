//! A command that is left running on a host: started under the wrapper, heard again, and put to an end.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::one_host::{Sink, Task};
use crate::app::ports::{HostSession as _, OutputLine, StepKey, StepRun, StreamOffsets};
use crate::domain::action::ActionId;
use crate::domain::lease::Lease;
use crate::domain::log_entry::LogStream;
use crate::domain::outcome::Outcome;
use crate::domain::rollout::{StepResult, Way};
use crate::domain::sanitize::SanitizedCommand;
use crate::ssh::{Piece, SshError};

/// Lines on their way from a host.
const LINES: usize = 256;
/// For a time limit that never comes: ten years.
const NEVER_SECONDS: u64 = 10 * 365 * 86_400;

/// What is done with a command that is left running.
pub(super) enum Deed {
    /// It is started.
    Start(Arc<SanitizedCommand>),
    /// It is heard again.
    Attach,
    /// It is put to an end.
    End,
}

impl Task {
    /// Does `deed` with the command of this id.
    pub(super) async fn detached(
        &self,
        id: ActionId,
        deed: &Deed,
        sink: &mut Sink,
    ) -> Result<StepResult, SshError> {
        let asked = self.host.asked();
        let session = tokio::select! {
            session = self.ssh.session(&asked) => session?,
            () = self.cancel.cancelled() => return Ok(left_alone(id, "not reached")),
        };
        let lease = Lease::of_process(std::process::id(), self.host.host.clone());
        let run = self.step_run(id);
        let (output, mut lines) = mpsc::channel(LINES);
        let listening = async {
            let mut whole = Whole::default();
            while let Some(line) = lines.recv().await {
                let bytes = whole.bytes(&line);
                sink.take(match line.stream {
                    LogStream::Stdout => Piece::Stdout(&bytes),
                    _ => Piece::Stderr(&bytes),
                });
            }
        };
        // Whoever interrupts this program does not end what it left running: only --stop does.
        let never = CancellationToken::new();
        let doing = async {
            match deed {
                Deed::Start(command) => session.run(&lease, command, &run, output, never).await,
                Deed::Attach => session.attach(&lease, &run, output, never).await,
                Deed::End => {
                    drop(output);
                    session.end(&lease, &run).await
                }
            }
        };
        let both = async { tokio::join!(doing, listening).0 };
        let result = tokio::select! {
            result = both => result,
            () = self.cancel.cancelled() => left_alone(id, "left running"),
        };
        session.close().await;
        Ok(result)
    }

    fn step_run(&self, id: ActionId) -> StepRun {
        let manner = &self.manner;
        StepRun {
            key: StepKey {
                action: id,
                target: self.host.host.clone(),
                way: Way::Forth,
                step: 0,
                attempt: 1,
            },
            sudo: manner.sudo,
            user: manner.user.clone(),
            cwd: manner.cwd.clone(),
            umask: manner.umask.clone(),
            env: manner.env.clone(),
            ok_codes: vec![0],
            timeout_seconds: self.timeout.map_or(NEVER_SECONDS, |timeout| timeout.as_secs()),
            resume: StreamOffsets::default(),
        }
    }
}

fn left_alone(id: ActionId, what: &str) -> StepResult {
    StepResult {
        outcome: Outcome::Unknown,
        exit_code: None,
        error: Some(format!(
            "{what}: `edgewise exec --attach {id}` hears it again, --stop ends it"
        )),
    }
}

/// Makes bytes of lines again: where a line ends tells what stood at its end.
#[derive(Debug, Default)]
struct Whole {
    stdout: u64,
    stderr: u64,
}

impl Whole {
    fn bytes(&mut self, line: &OutputLine) -> Vec<u8> {
        let at = if line.stream == LogStream::Stdout {
            &mut self.stdout
        } else {
            &mut self.stderr
        };
        let text = line.bytes.as_deref().unwrap_or(line.text.as_bytes());
        let end: &[u8] = match line.offset.saturating_sub(*at + text.len() as u64) {
            0 => b"",
            1 => b"\n",
            _ => b"\r\n",
        };
        *at = line.offset;
        [text, end].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::Whole;
    use crate::app::ports::OutputLine;
    use crate::domain::log_entry::LogStream;

    #[test]
    fn lines_become_the_bytes_that_they_were() {
        let mut whole = Whole::default();
        let mut bytes = Vec::new();
        for (text, raw, offset, is_cut) in [
            ("a", None, 2, false),
            ("b", None, 5, false),
            ("\u{fffd}", Some(&b"\xff"[..]), 7, false),
            ("cut", None, 10, true),
            ("end", None, 14, false),
        ] {
            bytes.extend(whole.bytes(&OutputLine {
                stream: LogStream::Stdout,
                text: text.to_owned(),
                bytes: raw.map(Into::into),
                offset,
                is_cut,
            }));
        }
        assert_eq!(bytes, b"a\nb\r\n\xff\ncutend\n");
    }
}
