//! One command to one `HAProxy`, and its answer: it closes the connection behind it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::app::ports::BalancerError;

/// How long a command may take in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read: some ten thousand servers.
const ANSWER_BYTES: u64 = 16 << 20;

/// Says `command` at `address` (`unix:/PATH` or `tcp:HOST:PORT`).
pub(super) async fn ask(address: &str, command: &str) -> Result<String, BalancerError> {
    let unreachable = |why: &dyn std::fmt::Display| BalancerError::Unreachable(format!("{address}: {why}"));
    let talk = async {
        match address.split_once(':') {
            Some(("unix", path)) => say(UnixStream::connect(path).await?, command).await,
            Some(("tcp", place)) => say(TcpStream::connect(place).await?, command).await,
            _ => Err(std::io::Error::other("neither unix:/PATH nor tcp:HOST:PORT")),
        }
    };
    match tokio::time::timeout(PATIENCE, talk).await {
        Ok(Ok(answer)) if answer.is_empty() => Err(unreachable(&"it hung up without an answer")),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(unreachable(&error)),
        Err(_) => Err(unreachable(&format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

async fn say(mut line: impl AsyncRead + AsyncWrite + Unpin, command: &str) -> std::io::Result<String> {
    line.write_all(format!("{command}\n").as_bytes()).await?;
    let mut answer = Vec::new();
    line.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
