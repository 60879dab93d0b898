//! An open connection: channels over it, at most so many at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelOpenFailure, ChannelStream, Disconnect};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

use crate::ssh::config::HostConfig;
use crate::ssh::error::SshError;
use crate::ssh::terms::Terms;

use super::channel::Running;
use super::guard::{Guard, Report};
use super::jumps::JumpConnection;
use super::leash::Leash;

/// Channels at once on one connection: sshd allows ten (`MaxSessions`).
const CHANNELS: usize = 8;
/// How often a session is asked for that the server has no room for.
const MOST_OPENINGS: u64 = 6;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// A connection to a host that let us in.
pub struct Connection {
    handle: Arc<Handle<Guard>>,
    host: Arc<HostConfig>,
    report: Report,
    terms: Arc<Terms>,
    channels: Arc<Semaphore>,
    /// A shell that has run a step and waits for the next one.
    shell: Mutex<Option<Running>>,
    leash: Leash,
    /// The connection to the jump host before it: others may come by the same way as long as it is held.
    _before: Option<Arc<JumpConnection>>,
}

/// A connection that was just made.
pub(super) struct Made {
    pub(super) handle: Handle<Guard>,
    pub(super) report: Report,
    pub(super) leash: Leash,
}

impl Connection {
    pub(super) fn new(
        made: Made,
        host: Arc<HostConfig>,
        terms: Arc<Terms>,
        before: Option<Arc<JumpConnection>>,
    ) -> Self {
        Self {
            handle: Arc::new(made.handle),
            host,
            report: made.report,
            terms,
            channels: Arc::new(Semaphore::new(CHANNELS)),
            shell: Mutex::default(),
            leash: made.leash,
            _before: before,
        }
    }

    /// The host it leads to.
    #[must_use]
    pub fn host(&self) -> &HostConfig {
        &self.host
    }

    /// What holds for everything done over it.
    pub(in crate::ssh) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// That the connection was lost, with the reason where one is known.
    #[must_use]
    pub fn lost(&self) -> SshError {
        SshError::Lost {
            host: self.host.place(),
            reason: self.report.end(),
        }
    }

    /// Starts `command` by the login's shell on a channel of its own; waits where too many are open.
    ///
    /// # Errors
    /// [`SshError::Lost`] where the connection has ended, [`SshError::NoCommands`] where the host opens no channel.
    pub(in crate::ssh) async fn start(&self, command: &str) -> Result<Running, SshError> {
        let (channel, permit) = self.session().await?;
        let mut running = Running::new(channel, permit, self.report.clone());
        running
            .exec(command, self.patience())
            .await
            .map_err(|_| self.lost())?;
        Ok(running)
    }

    /// A shell that waits for a program, where one does. For a step it saves a round trip and the host three processes.
    pub(in crate::ssh) fn take_shell(&self) -> Option<Running> {
        self.shell.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps a shell for the next step. It must have said that it waits: nobody listens to it from now on.
    pub(in crate::ssh) fn keep_shell(&self, shell: Running) {
        *self.shell.lock().unwrap_or_else(PoisonError::into_inner) = Some(shell);
    }

    /// Starts a subsystem of the host's sshd; its bytes, and the place that it takes as long as it is held.
    ///
    /// # Errors
    /// As of [`Connection::start`]; [`SshError::NoCommands`] also where the host does not have it.
    pub(in crate::ssh) async fn subsystem(
        &self,
        name: &str,
    ) -> Result<(ChannelStream<Msg>, OwnedSemaphorePermit), SshError> {
        let (mut channel, permit) = self.session().await?;
        channel
            .request_subsystem(true, name)
            .await
            .map_err(|_| self.lost())?;
        let answer = async {
            loop {
                match channel.wait().await {
                    Some(ChannelMsg::Success) => return Some(true),
                    Some(ChannelMsg::Failure | ChannelMsg::Close) => return Some(false),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        match tokio::time::timeout(self.patience(), answer).await {
            Ok(Some(true)) => Ok((channel.into_stream(), permit)),
            Ok(None) => Err(self.lost()),
            Ok(Some(false)) | Err(_) => Err(SshError::NoCommands {
                host: self.host.place(),
                reason: format!("it does not offer `{name}`"),
            }),
        }
    }

    /// A channel for something to run on; waits where too many are open.
    async fn session(&self) -> Result<(Channel<Msg>, OwnedSemaphorePermit), SshError> {
        let permit = Arc::clone(&self.channels)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        match self.open().await {
            Ok(Ok(channel)) => Ok((channel, permit)),
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => Err(SshError::NoCommands {
                host: self.host.place(),
                reason: match reason {
                    ChannelOpenFailure::ConnectFailed => {
                        "it opens no more sessions (MaxSessions of its sshd_config)".to_owned()
                    }
                    reason => format!("it opens no session ({reason:?})"),
                },
            }),
            Ok(Err(_)) => Err(self.lost()),
            Err(_) => Err(SshError::NoCommands {
                host: self.host.place(),
                reason: format!("it did not open a session within {} s", self.patience().as_secs()),
            }),
        }
    }

    /// How long the host may take to open a channel, and to begin with a command: as long as to let us in.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.host.connect_timeout_seconds.value.max(1))
    }

    /// Opens a session. A server that allows few of them may not have noticed yet that one has ended.
    async fn open(&self) -> Result<Result<Channel<Msg>, russh::Error>, tokio::time::error::Elapsed> {
        let deadline = Instant::now() + self.patience();
        let mut tries = 0;
        loop {
            let handle = Arc::clone(&self.handle);
            let opening = kept(async move { handle.channel_open_session().await });
            let opened = tokio::time::timeout_at(deadline, opening).await?;
            let full = matches!(
                opened,
                Err(russh::Error::ChannelOpenFailure(
                    ChannelOpenFailure::ConnectFailed
                ))
            );
            tries += 1;
            if full {
                // A shell that only waits makes room.
                drop(self.take_shell());
            }
            if !full || tries == MOST_OPENINGS {
                return Ok(opened);
            }
            tokio::time::sleep(Duration::from_millis(20 * tries)).await;
        }
    }

    /// Ends it, as a polite guest; nothing of it is left on this side afterwards.
    pub async fn close(&self) {
        let farewell = async {
            // A connection that has ended needs none.
            let _ = self.handle.disconnect(Disconnect::ByApplication, "", "en").await;
            self.report.over().await;
        };
        // Nobody waits for a host that no longer listens.
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::debug!(host = %self.host.place(), "the farewell was not heard");
        }
        self.leash.cut();
    }
}

/// Opens a channel so that it is never orphaned: one that comes after its caller has given up is closed again, or the host
/// would hold it as long as the connection lives.
pub(super) async fn kept(
    opening: impl Future<Output = Result<Channel<Msg>, russh::Error>> + Send + 'static,
) -> Result<Channel<Msg>, russh::Error> {
    let (opened, wanted) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(Ok(orphan)) = opened.send(opening.await) {
            // Where the connection has ended so has the channel.
            let _ = orphan.close().await;
        }
    });
    wanted.await.unwrap_or(Err(russh::Error::Disconnect))
}
