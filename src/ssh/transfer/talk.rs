//! A program on the host that we talk with while it runs: what it says, what it is given, and its end, whatever comes in
//! between.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use russh::Sig;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ssh::connection::{Connection, Heard};
use crate::ssh::error::SshError;
use crate::ssh::sudo::Sudo;

use super::program::{Command, MARK, PASSWORD};

/// How long the host may take to clean up after a transfer that was given up.
const CLEANING: Duration = Duration::from_secs(10);
/// What the first line of the input begins with. Whoever takes it for the head of an SFTP packet hangs up.
const HELLO: &str = "edgewise ";
/// What is kept of standard error.
const MOST_ERRORS: usize = 1024;
/// A line longer than this is no line of ours.
const LONGEST_LINE: usize = 64 * 1024;

/// Who may end a transfer before its time, and who works on it on the host.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) deadline: Instant,
    pub(super) cancel: CancellationToken,
    /// The program that was talked with last.
    pub(super) process: Option<u32>,
}

/// How a talk ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The program is over; what it wrote to standard error.
    Over(String),
    /// The host runs something else, or nothing; what that said.
    NoShell(String),
    /// Its time was over.
    TimedOut,
    /// Somebody asked.
    Cancelled,
    /// We could not go on ourselves.
    Ours(String),
    /// The connection was lost.
    Lost(String),
}

/// Something to send: it is handed the way to the program's input.
pub(super) type Input = Box<dyn FnOnce(mpsc::Sender<Bytes>) -> BoxFuture<'static, Result<(), String>> + Send>;

/// Who listens to a program.
#[async_trait]
pub(super) trait Listener: Send {
    /// What the program is told in the first line of its input.
    fn hello(&self) -> String {
        String::new()
    }

    /// A line of its output that begins with [`MARK`], without that; what is to be sent to it from now on, if anything.
    /// After that its input ends.
    fn word(&mut self, word: &str) -> Option<Input>;

    /// Any other line, once a word of the program was heard.
    fn line(&mut self, _line: &[u8]) {}

    /// Whether from here on its output is bytes rather than lines.
    fn takes_bytes(&self) -> bool {
        false
    }

    /// Those bytes.
    async fn bytes(&mut self, _bytes: Bytes) -> Result<(), String> {
        Ok(())
    }
}

/// Runs a command of [`super::program::command`] to its end.
///
/// # Errors
/// [`SshError`] where it could not even begin.
pub(super) async fn talk(
    connection: &Connection,
    command: &Command<'_>,
    control: &mut Control,
    listener: &mut dyn Listener,
) -> Result<Ended, SshError> {
    let mut running = connection.start(&command.text).await?;
    let feed = running.feeder();
    // The first piece waits for nobody, and whoever does not take it is heard of.
    let hello = format!("{HELLO}{}\n", listener.hello());
    let _ = feed.send(Bytes::from(hello)).await;
    let mut feed = Some(feed);
    let mut input: Option<BoxFuture<'static, Result<(), String>>> = None;
    let mut ears = Ears::default();
    // Once the program has the password.
    let mut as_root = None;
    let mut given_up: Option<(Ended, Instant)> = None;
    let mut stopping: Option<BoxFuture<'_, Option<u32>>> = None;
    loop {
        let until = given_up.as_ref().map_or(control.deadline, |(_, until)| *until);
        let (is_feeding, is_stopping) = (input.is_some(), stopping.is_some());
        let verdict = tokio::select! {
            heard = running.next() => match heard {
                // What has come before it was given up is of no use any more.
                Heard::Stdout(_) if given_up.is_some() => None,
                Heard::Stdout(bytes) => match ears.hear(bytes, listener).await {
                    Ok(None) => None,
                    Ok(Some(begin)) => {
                        input = feed.clone().map(begin);
                        None
                    }
                    Err(reason) => Some(Ended::Ours(reason)),
                },
                Heard::Stderr(bytes) => {
                    let room = MOST_ERRORS.saturating_sub(ears.errors.len()).min(bytes.len());
                    ears.errors.extend_from_slice(&bytes[..room]);
                    None
                }
                Heard::Exit(_) | Heard::Signal(_) => None,
                Heard::Refused => return Ok(Ended::NoShell("it refused to run a command".to_owned())),
                Heard::Lost => return Ok(Ended::Lost(connection.lost().to_string())),
                Heard::Closed => return Ok(match given_up {
                    Some((ended, _)) => ended,
                    None if ears.process.is_none() => Ended::NoShell(ears.all()),
                    None => Ended::Over(ears.reason()),
                }),
            },
            sent = async { input.as_mut().expect("it is being sent").await }, if is_feeding => {
                input = None;
                match sent {
                    // The end of the input, which the host may take for the end of a file.
                    Ok(()) => {
                        feed = None;
                        None
                    }
                    Err(reason) => Some(Ended::Ours(reason)),
                }
            }
            () = control.cancel.cancelled(), if given_up.is_none() => Some(Ended::Cancelled),
            () = tokio::time::sleep_until(until) => match given_up {
                None => Some(Ended::TimedOut),
                Some((ended, _)) => {
                    tracing::debug!(host = %connection.host().place(), "the host did not say that it stopped the transfer");
                    return Ok(ended);
                }
            },
            _ = async { stopping.as_mut().expect("it is waited for").await }, if is_stopping => {
                stopping = None;
                None
            }
        };
        control.process = ears.process.or(control.process);
        if let (true, None, Some(sudo), Some(feed)) = (ears.is_asked, as_root, command.root, &feed) {
            as_root = Some(sudo);
            // There is room: a program of ours has read the first line before it asks.
            let _ = feed.try_send(Bytes::from(format!("{}\n", sudo.secret().unwrap_or_default())));
        }
        if let (Some(ended), None) = (verdict, &given_up) {
            // Not the end of the input, which the host would take for the end of the file: the check there is the second
            // line, this is the first.
            running.stop_writing();
            input = None;
            running.signal(Sig::TERM).await;
            stopping = ears.process.map(|process| stop(connection, process, as_root));
            given_up = Some((ended, Instant::now() + CLEANING));
        }
    }
}

/// TERM to the program and what it started. sshd passes no signals on for root, and a program that sudo started takes them
/// from root alone, so this goes over a channel of its own. `root` is how the program became root by a password.
fn stop<'a>(connection: &'a Connection, process: u32, root: Option<Sudo<'_>>) -> BoxFuture<'a, Option<u32>> {
    let kill = format!("kill -s TERM -- -{process}");
    let program = match root {
        Some(root) => format!(
            "{}{{ [ {process} -le 1 ] || become {kill}; }} 2>/dev/null\n",
            root.text()
        ),
        None => format!(
            "{{ [ {process} -le 1 ] || {kill} || kill -s TERM {process} || sudo -n {kill}; }} 2>/dev/null\n"
        ),
    };
    Box::pin(async move { connection.say(&program).await })
}

/// What was heard and is not done with.
#[derive(Default)]
struct Ears {
    rest: Vec<u8>,
    errors: Vec<u8>,
    /// What was said before the program began, for the case that it never does.
    before: Vec<u8>,
    process: Option<u32>,
    /// For the password.
    is_asked: bool,
}

impl Ears {
    async fn hear(&mut self, bytes: Bytes, listener: &mut dyn Listener) -> Result<Option<Input>, String> {
        if listener.takes_bytes() {
            listener.bytes(bytes).await?;
            return Ok(None);
        }
        self.rest.extend_from_slice(&bytes);
        let (mut begin, mut input) = (0, None);
        let rest = std::mem::take(&mut self.rest);
        while let Some(length) = memchr::memchr(b'\n', &rest[begin..]) {
            let line = &rest[begin..begin + length];
            begin += length + 1;
            input = self.take(line, listener).or(input);
            if listener.takes_bytes() {
                let bytes = Bytes::copy_from_slice(&rest[begin..]);
                if !bytes.is_empty() {
                    listener.bytes(bytes).await?;
                }
                return Ok(input);
            }
        }
        self.rest.extend_from_slice(&rest[begin..]);
        if self.rest.len() > LONGEST_LINE {
            self.rest.clear();
        }
        Ok(input)
    }

    fn take(&mut self, line: &[u8], listener: &mut dyn Listener) -> Option<Input> {
        let word = line
            .strip_prefix(MARK.as_bytes())
            .and_then(|word| std::str::from_utf8(word).ok());
        match (word, self.process) {
            // A login's start files may talk too.
            (Some(word), None) => {
                self.process = word
                    .strip_prefix("here ")
                    .and_then(|process| process.parse().ok());
                None
            }
            (None, None) => {
                if self.before.len() < MOST_ERRORS {
                    self.before.extend_from_slice(line);
                    self.before.push(b'\n');
                }
                None
            }
            (Some(PASSWORD), Some(_)) => {
                self.is_asked = true;
                None
            }
            (Some(word), Some(_)) => listener.word(word),
            (None, Some(_)) => {
                listener.line(line);
                None
            }
        }
    }

    fn reason(&self) -> String {
        in_words(&self.errors)
    }

    fn all(&self) -> String {
        in_words(&[&self.before[..], &self.rest, b"\n", &self.errors].concat())
    }
}

fn in_words(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}
