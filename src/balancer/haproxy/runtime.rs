//! One command on a connection of its own, as HAProxy wants it outside its interactive mode.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::app::ports::BalancerError;
use crate::domain::name::TargetName;

use super::socket::{Place, Socket};
use super::table::{self, Server};

/// How long HAProxy may take for one command.
const ANSWER_IN: Duration = Duration::from_secs(5);
/// The longest answer: some 100,000 servers.
const ANSWER_BYTES: u64 = 32 * 1024 * 1024;

/// One HAProxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runtime<'a> {
    socket: &'a Socket,
}

/// Why HAProxy was no help.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuntimeError {
    #[error("{at}: {error}")]
    Io { at: String, error: std::io::Error },
    #[error("{at} did not answer within {} s", ANSWER_IN.as_secs())]
    Silent { at: String },
    #[error("{0}")]
    Refused(String),
}

impl From<RuntimeError> for BalancerError {
    fn from(error: RuntimeError) -> Self {
        match error {
            RuntimeError::Refused(words) => Self::Refused(words),
            error => Self::Unreachable(error.to_string()),
        }
    }
}

impl RuntimeError {
    /// A backend without a server of that name.
    pub(super) fn no_server(pool: &str, name: &str, servers: &[Server]) -> Self {
        let known: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        Self::Refused(format!(
            "backend {pool} has no server {name}; it has {}",
            known.join(", ")
        ))
    }
}

impl<'a> Runtime<'a> {
    pub(super) fn of(socket: &'a Socket) -> Self {
        Self { socket }
    }

    /// The servers of a backend with what each is doing.
    pub(super) async fn servers(self, pool: &str) -> Result<Vec<Server>, RuntimeError> {
        let pool = word("backend", pool)?;
        let answer = self.ask(&format!("show servers state {pool}")).await?;
        table::servers(&answer).ok_or_else(|| self.refused(&format!("backend {pool}"), &answer))
    }

    /// Changes the state of a server; an empty answer is HAProxy's yes.
    pub(super) async fn set_state(
        self,
        pool: &str,
        name: &TargetName,
        state: &str,
    ) -> Result<(), RuntimeError> {
        let (pool, name) = (word("backend", pool)?, word("server", name.as_str())?);
        let answer = self
            .ask(&format!("set server {pool}/{name} state {state}"))
            .await?;
        match answer.trim() {
            "" => Ok(()),
            _ => Err(self.refused(&format!("server {pool}/{name}"), &answer)),
        }
    }

    /// The sessions that a server has now.
    pub(super) async fn sessions(self, pool: &str, name: &TargetName) -> Result<u64, RuntimeError> {
        let pool = word("backend", pool)?;
        // 4: servers alone; -1: all of them.
        let answer = self.ask(&format!("show stat {pool} 4 -1")).await?;
        let sessions =
            table::sessions(&answer).ok_or_else(|| self.refused(&format!("backend {pool}"), &answer))?;
        sessions
            .iter()
            .find(|(server, _)| server == name.as_str())
            .map(|(_, sessions)| *sessions)
            .ok_or_else(|| RuntimeError::Refused(format!("backend {pool} has no server {name}")))
    }

    fn refused(self, what: &str, answer: &str) -> RuntimeError {
        let words = answer
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("nothing");
        RuntimeError::Refused(format!("{}, {what}: {}", self.socket, words.trim()))
    }

    async fn ask(self, command: &str) -> Result<String, RuntimeError> {
        let at = || self.socket.to_string();
        let asking = async {
            match &self.socket.place {
                Place::Unix(path) => converse(UnixStream::connect(path).await?, command).await,
                Place::Tcp(address) => converse(TcpStream::connect(address).await?, command).await,
            }
        };
        match tokio::time::timeout(ANSWER_IN, asking).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(RuntimeError::Io { at: at(), error }),
            Err(_) => Err(RuntimeError::Silent { at: at() }),
        }
    }
}

/// Sends one command and reads to the end: HAProxy closes after its answer.
async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, command: &str) -> std::io::Result<String> {
    stream.write_all(format!("{command}\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
    if answer.is_empty() {
        // Every answer ends with an empty line; an HAProxy that is going down closes without one.
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A name as HAProxy allows it: nothing in it ends a command or begins another.
fn word<'t>(what: &str, text: &'t str) -> Result<&'t str, RuntimeError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if !text.is_empty() && text.chars().all(allowed) {
        Ok(text)
    } else {
        Err(RuntimeError::Refused(format!(
            "{what} {text:?}: HAProxy's names have letters, digits and - _ . : alone"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn no_name_can_carry_a_second_command() {
        for good in ["web", "web-1.east:80", "a_b"] {
            assert!(word("backend", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "web;shutdown sessions server a/b",
            "a b",
            "a\nb",
            "a/b",
            "#1\u{e9}",
        ] {
            assert!(word("backend", bad).is_err(), "{bad}");
        }
    }
}
