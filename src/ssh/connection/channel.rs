//! A channel on which something runs: what it says, and how it ended.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::guard::Report;

/// sshd closes a channel only when nobody holds the command's output any more, which a daemon may do for ever. So long is
/// waited for the rest after the exit code.
const REST: Duration = Duration::from_millis(1500);

/// Number of standard error among the extended data (RFC 4254, 5.2).
const STDERR: u32 = 1;

/// What is heard from a channel.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ssh) enum Heard {
    /// Bytes of standard output.
    Stdout(Bytes),
    /// Bytes of standard error.
    Stderr(Bytes),
    /// The host does not run the command.
    Refused,
    /// It exited with this code.
    Exit(u32),
    /// A signal of this name ended it.
    Signal(String),
    /// The channel is over.
    Closed,
    /// The connection is.
    Lost,
}

/// A command on a channel. It must be listened to until it is closed: a channel that nobody reads stops the whole
/// connection. Dropping it closes the channel; what runs on the host may run on.
#[derive(Debug)]
pub(in crate::ssh) struct Running {
    read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    writer: Option<JoinHandle<()>>,
    rest: Option<Instant>,
    /// Until when the host must have said whether it runs the command; none once it has.
    answer: Option<Instant>,
    report: Report,
    closed: bool,
    permit: Option<OwnedSemaphorePermit>,
}

impl Running {
    pub(super) fn new(channel: Channel<Msg>, permit: OwnedSemaphorePermit, report: Report) -> Self {
        let (read, write) = channel.split();
        Self {
            read,
            write: Arc::new(write),
            writer: None,
            rest: None,
            answer: None,
            report,
            closed: false,
            permit: Some(permit),
        }
    }

    /// Asks for the command, which the host has to say something to within `patience`.
    pub(super) async fn exec(&mut self, command: &str, patience: Duration) -> Result<(), russh::Error> {
        self.answer = Some(Instant::now() + patience);
        self.write.exec(true, command).await
    }

    /// Sends `input` and the end of it, beside the listening. A host that ends without reading it is no error.
    pub(in crate::ssh) fn send(&mut self, input: Bytes) {
        self.send_all([input]);
    }

    /// Sends `input` beside the listening; more may follow, or [`Running::end_input`].
    pub(in crate::ssh) fn send_some(&mut self, input: Bytes) {
        let write = Arc::clone(&self.write);
        self.writer = Some(tokio::spawn(async move {
            // As below.
            let _ = write.data_bytes(input).await;
        }));
    }

    /// The same for input in several parts.
    pub(in crate::ssh) fn send_all(
        &mut self,
        parts: impl IntoIterator<Item = Bytes, IntoIter: Send> + Send + 'static,
    ) {
        let write = Arc::clone(&self.write);
        let parts = parts.into_iter();
        self.writer = Some(tokio::spawn(async move {
            for part in parts {
                if write.data_bytes(part).await.is_err() {
                    // The reader learns that the connection is lost; there is nobody else to tell.
                    return;
                }
            }
            let _ = write.eof().await;
        }));
    }

    /// A way to send input piece by piece, beside the listening. Once it is dropped the end of the input is sent.
    pub(in crate::ssh) fn feeder(&mut self) -> mpsc::Sender<Bytes> {
        let (sender, mut pieces) = mpsc::channel::<Bytes>(1);
        let write = Arc::clone(&self.write);
        self.writer = Some(tokio::spawn(async move {
            while let Some(piece) = pieces.recv().await {
                if write.data_bytes(piece).await.is_err() {
                    return;
                }
            }
            // As above.
            let _ = write.eof().await;
        }));
        sender
    }

    /// Says that no more follows to what was sent, where all of that is on its way.
    pub(in crate::ssh) async fn end_input(&self) {
        if self.writer.as_ref().is_none_or(JoinHandle::is_finished) {
            self.no_input().await;
        }
    }

    /// Says that there is no input.
    pub(in crate::ssh) async fn no_input(&self) {
        // Where the connection is gone the listener hears of it.
        let _ = self.write.eof().await;
    }

    /// The next thing that is heard.
    pub(in crate::ssh) async fn next(&mut self) -> Heard {
        loop {
            let message = match self.rest.or(self.answer) {
                None => self.read.wait().await,
                Some(until) => match tokio::time::timeout_at(until, self.read.wait()).await {
                    Ok(message) => message,
                    Err(_) if self.rest.is_some() => return Heard::Closed,
                    Err(_) => {
                        self.report
                            .give_up("it did not say in time whether it runs the command");
                        return Heard::Lost;
                    }
                },
            };
            if !matches!(message, Some(ChannelMsg::WindowAdjusted { .. })) {
                self.answer = None;
            }
            match message {
                Some(ChannelMsg::Data { data }) => return Heard::Stdout(data),
                Some(ChannelMsg::ExtendedData { data, ext: STDERR }) => return Heard::Stderr(data),
                Some(ChannelMsg::Failure) => return Heard::Refused,
                // Only the first word on how it ended counts.
                Some(ChannelMsg::ExitStatus { .. } | ChannelMsg::ExitSignal { .. })
                    if self.rest.is_some() => {}
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    self.rest = Some(Instant::now() + REST);
                    self.stop_writing();
                    return Heard::Exit(exit_status);
                }
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                    self.rest = Some(Instant::now() + REST);
                    self.stop_writing();
                    return Heard::Signal(signal_word(&signal_name));
                }
                Some(ChannelMsg::Close) => {
                    self.closed = true;
                    return Heard::Closed;
                }
                None => {
                    let ended = self.closed || self.rest.is_some();
                    self.closed = true;
                    return if ended { Heard::Closed } else { Heard::Lost };
                }
                Some(_) => {}
            }
        }
    }

    /// Sends a signal to what runs. OpenSSH passes it on to the whole process group.
    pub(in crate::ssh) async fn signal(&self, signal: Sig) {
        // Where the connection is gone the listener hears of it.
        let _ = self.write.signal(signal).await;
    }

    /// Sends no more input. A write waits for room that a host which has ended never gives.
    pub(in crate::ssh) fn stop_writing(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop_writing();
        if self.closed {
            return;
        }
        let (write, permit) = (Arc::clone(&self.write), self.permit.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = write.close().await;
                drop(permit);
            });
        }
    }
}

fn signal_word(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        named => format!("{named:?}"),
    }
}
