//! Transfers of a session: tried again over as many connections as it takes, each going on where the one before it was.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::ports::{Payload, Upload};
use crate::domain::lease::Lease;
use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;
use crate::domain::sanitize::SanitizedCommand;
use crate::ssh::connection::Connection;
use crate::ssh::error::SshError;
use crate::ssh::seat::Seated;
use crate::ssh::session::{FIRST_PAUSE, LONGEST_PAUSE, SshSession, denied};
use crate::ssh::verdict;

use super::get::{Download, get};
use super::talk::Control;
use super::{Sent, folder, put, sftp, sftp_get, sftp_put};

/// How often something may change on the way.
const MOST_CHANGES: u32 = 2;

/// What was moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Files that there are.
    pub files: u64,
    /// Those of them that were there before.
    pub unchanged: u64,
    /// Bytes that were sent for the others.
    pub bytes: u64,
}

/// A transfer over all its tries.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) control: Control,
    pub(super) moved: Moved,
    /// How far it has come: grows where a try came further than the one before it.
    pub(super) reached: u64,
}

/// Which way it goes.
enum Task<'a> {
    Put(&'a Upload),
    Get(&'a Download),
}

impl SshSession {
    /// Puts a file or a folder on the host; see [`crate::app::ports::HostSession::upload`]. Says besides what was moved.
    pub async fn put(
        &self,
        lease: &Lease,
        command: &SanitizedCommand,
        upload: &Upload,
        cancel: CancellationToken,
    ) -> (StepResult, Moved) {
        if let Some(refused) = refuse(lease, &upload.key.target, command, &upload.dest) {
            return (refused, Moved::default());
        }
        self.transfer(&Task::Put(upload), cancel).await
    }

    /// Fetches a file or a folder from the host: to a temporary name, verified, then renamed. What is there already with
    /// the same bytes is left alone. `command` is the judged text that says what is read.
    pub async fn get(
        &self,
        lease: &Lease,
        command: &SanitizedCommand,
        download: &Download,
        cancel: CancellationToken,
    ) -> (StepResult, Moved) {
        if let Some(refused) = refuse(lease, &download.target, command, &download.remote) {
            return (refused, Moved::default());
        }
        self.transfer(&Task::Get(download), cancel).await
    }

    async fn transfer(&self, task: &Task<'_>, cancel: CancellationToken) -> (StepResult, Moved) {
        // Its time begins when its turn has come.
        let Some(seated) = self.sit(&cancel).await else {
            return (task.result(Sent::Cancelled), Moved::default());
        };
        let mut job = Job {
            control: Control {
                deadline: Instant::now() + Duration::from_secs(task.timeout_seconds()),
                cancel,
                process: None,
            },
            moved: Moved::default(),
            reached: 0,
        };
        let result = self.try_until_done(task, &seated, &mut job).await;
        (result, job.moved)
    }

    async fn try_until_done(&self, task: &Task<'_>, seated: &Seated<'_>, job: &mut Job) -> StepResult {
        let mut pause = FIRST_PAUSE;
        let (mut lost, mut changes) = (false, 0);
        let mut away_since = Instant::now();
        loop {
            let before = job.reached;
            let tried = match seated.connection().await {
                Ok(connection) => self.try_once(task, &connection, job).await,
                Err(error) => Err(error),
            };
            let error = match tried {
                Ok(Sent::Lost(reason)) => {
                    lost = true;
                    SshError::Lost {
                        host: self.host().place(),
                        reason: Some(reason),
                    }
                }
                Ok(Sent::Other(reason)) => {
                    changes += 1;
                    if changes > MOST_CHANGES {
                        return task.result(Sent::No(reason));
                    }
                    continue;
                }
                Ok(sent) => return task.result(sent),
                Err(error) => error,
            };
            // A transfer that lost its connection may still come to its end on the host.
            let over = job.control.cancel.is_cancelled() || Instant::now() >= job.control.deadline;
            if over && lost {
                return task.result(Sent::Lost(error.to_string()));
            }
            if job.control.cancel.is_cancelled() {
                return task.result(Sent::Cancelled);
            }
            if over {
                return task.result(Sent::TimedOut);
            }
            if job.reached > before {
                (away_since, pause) = (Instant::now(), FIRST_PAUSE);
            }
            if away_since.elapsed() > self.patience() || !error.is_passing() {
                return if lost {
                    task.result(Sent::Lost(error.to_string()))
                } else {
                    verdict::out_of_reach(&error)
                };
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = job.control.cancel.cancelled() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// By the host's shell, or by SFTP where it has shown that it has none.
    async fn try_once(
        &self,
        task: &Task<'_>,
        connection: &Connection,
        job: &mut Job,
    ) -> Result<Sent, SshError> {
        let said = if self.has_shell() {
            let sent = match task {
                Task::Put(upload) => match &upload.payload {
                    Payload::File { content, sha256 } => {
                        put::put(connection, upload, (content, sha256), job).await?
                    }
                    Payload::Folder(tree) => folder::put(connection, upload, tree, job).await?,
                },
                Task::Get(download) => get(connection, download, job).await?,
            };
            let Sent::NoShell(said) = sent else {
                return Ok(sent);
            };
            self.remember_no_shell();
            said
        } else {
            String::new()
        };
        let sftp = match sftp::Sftp::open(connection).await {
            Ok(sftp) => sftp,
            Err(error @ SshError::NoCommands { .. }) => {
                let said = if said.is_empty() { "nothing" } else { &said };
                return Ok(Sent::No(format!(
                    "the host runs no commands for us (it said: {said}), and takes no files by SFTP: {error}"
                )));
            }
            Err(error) => return Err(error),
        };
        match task {
            Task::Put(upload) => match &upload.payload {
                Payload::File { content, sha256 } => {
                    Ok(sftp_put::put(&sftp, connection, upload, (content, sha256), job).await)
                }
                Payload::Folder(_) => Ok(Sent::No(
                    "the host runs no commands for us, and SFTP alone cannot put a folder in its place as a whole: \
                     send its files one by one"
                        .to_owned(),
                )),
            },
            Task::Get(download) => Ok(sftp_get::get(&sftp, connection, download, job).await),
        }
    }
}

impl Task<'_> {
    fn timeout_seconds(&self) -> u64 {
        match self {
            Self::Put(upload) => upload.timeout_seconds,
            Self::Get(download) => download.timeout_seconds,
        }
    }

    fn result(&self, sent: Sent) -> StepResult {
        let (what, nothing) = match self {
            Self::Put(upload) => (&upload.dest, "nothing was put there"),
            Self::Get(download) => (&download.remote, "what came of it is kept to go on with"),
        };
        let (outcome, error) = match sent {
            Sent::Done | Sent::Same => {
                return StepResult {
                    outcome: Outcome::Ok,
                    exit_code: Some(0),
                    error: None,
                };
            }
            Sent::No(reason) | Sent::Other(reason) | Sent::NoShell(reason) => {
                (Outcome::Failed, format!("{what}: {reason}"))
            }
            Sent::TimedOut => (
                Outcome::Timeout,
                format!(
                    "{what} was not there whole after {} s; {nothing}",
                    self.timeout_seconds()
                ),
            ),
            Sent::Cancelled => (Outcome::Failed, format!("{what}: stopped on request; {nothing}")),
            Sent::Lost(reason) => match self {
                Self::Put(_) => (
                    Outcome::Unknown,
                    format!("whether {what} is there is not known: {reason}"),
                ),
                Self::Get(_) => (Outcome::Unreachable, format!("{what}: {reason}; {nothing}")),
            },
        };
        StepResult {
            outcome,
            exit_code: None,
            error: Some(error),
        }
    }
}

/// A lease of another target opens no door, nor does a text that speaks of something else, nor one that no shell can be told.
fn refuse(
    lease: &Lease,
    target: &crate::domain::name::TargetName,
    command: &SanitizedCommand,
    path: &str,
) -> Option<StepResult> {
    let reason = if lease.target() != target {
        format!("the lease is for {}, not for {target}", lease.target())
    } else if path.is_empty() || path.contains('\0') {
        format!("{path:?} is no path")
    } else if !speaks_of(command.text(), path) {
        format!("what was judged does not speak of {path}")
    } else {
        return None;
    };
    Some(denied(reason))
}

/// As it is, or as a word for a shell.
fn speaks_of(text: &str, path: &str) -> bool {
    text.contains(path) || text.contains(&crate::ssh::wrapper::quote(path))
}
