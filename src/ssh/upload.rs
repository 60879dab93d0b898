//! Putting a file on a host: whole and verified there, or not at all.
//!
//! The bytes go over an exec channel into a temporary file beside the destination; length and SHA-256 are checked on the
//! host before the rename. A connection that is lost half-way looks like the end of the file to the host, so nothing but
//! the check stands between half a file and its place.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use russh::Sig;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::ports::Upload;
use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;

use super::connection::{Connection, Heard};
use super::error::SshError;
use super::nonce::nonce;
use super::wrapper::quote;

/// How long the host may take to clean up after a transfer that was given up.
const CLEANING: Duration = Duration::from_secs(10);

/// How a transfer ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The file is there.
    Done,
    /// It was there before, with these very bytes.
    Same,
    /// The host would not: its words.
    No(String),
    /// Its time was over.
    TimedOut,
    /// Somebody asked.
    Cancelled,
    /// The connection was lost before the host said how it ended.
    Lost(String),
}

impl Sent {
    /// The step's end.
    pub(super) fn result(self, upload: &Upload) -> StepResult {
        let (outcome, exit_code, error) = match self {
            Self::Done | Self::Same => (Outcome::Ok, Some(0), None),
            Self::No(reason) => (Outcome::Failed, None, Some(format!("{}: {reason}", upload.dest))),
            Self::TimedOut => (
                Outcome::Timeout,
                None,
                Some(format!(
                    "{} was not there whole after {} s; nothing was put there",
                    upload.dest, upload.timeout_seconds
                )),
            ),
            Self::Cancelled => (
                Outcome::Failed,
                None,
                Some(format!("stopped on request; nothing was put at {}", upload.dest)),
            ),
            Self::Lost(reason) => (
                Outcome::Unknown,
                None,
                Some(format!("whether {} is there is not known: {reason}", upload.dest)),
            ),
        };
        StepResult {
            outcome,
            exit_code,
            error,
        }
    }
}

/// Sends the file over `connection`.
///
/// # Errors
/// [`SshError`] where it could not even begin.
pub(super) async fn send(
    connection: &Connection,
    upload: &Upload,
    deadline: Instant,
    cancel: &CancellationToken,
) -> Result<Sent, SshError> {
    let mut running = connection.start(&command(upload, &nonce())).await?;
    let (mut words, mut errors) = (Vec::new(), Vec::new());
    let mut process = None;
    let mut given_up: Option<(Sent, Instant)> = None;
    let mut stopping: Option<BoxFuture<'_, Option<u32>>> = None;
    loop {
        let until = given_up.as_ref().map_or(deadline, |(_, until)| *until);
        let is_stopping = stopping.is_some();
        let verdict = tokio::select! {
            heard = running.next() => {
                match heard {
                    Heard::Stdout(bytes) => {
                        words.extend_from_slice(&bytes);
                        if process.is_none() && given_up.is_none() {
                            process = line_after(&words, SEND);
                            if process.is_some() {
                                running.send(Bytes::clone(&upload.bytes));
                            }
                        }
                    }
                    Heard::Stderr(bytes) if errors.len() < 1024 => errors.extend_from_slice(&bytes),
                    Heard::Stderr(_) | Heard::Exit(_) | Heard::Signal(_) => {}
                    Heard::Refused => return Ok(Sent::No("the host does not run commands".to_owned())),
                    end @ (Heard::Closed | Heard::Lost) => {
                        if line_after(&words, DONE).is_some() {
                            return Ok(Sent::Done);
                        }
                        if line_after(&words, SAME).is_some() {
                            return Ok(Sent::Same);
                        }
                        return Ok(match (end, given_up) {
                            (Heard::Lost, _) => Sent::Lost(connection.lost().to_string()),
                            (_, Some((sent, _))) => sent,
                            _ => Sent::No(reason(&errors)),
                        });
                    }
                }
                None
            }
            () = cancel.cancelled(), if given_up.is_none() => Some(Sent::Cancelled),
            () = tokio::time::sleep_until(until) => match given_up {
                None => Some(Sent::TimedOut),
                Some(_) => return Ok(Sent::Lost("the host did not say that it stopped the transfer".to_owned())),
            },
            _ = async { stopping.as_mut().expect("it is waited for").await }, if is_stopping => {
                stopping = None;
                None
            }
        };
        if let Some(sent) = verdict {
            // Not the end of the input, which the host would take for the end of the file: the check there is the second
            // line, this is the first.
            running.stop_writing();
            running.signal(Sig::TERM).await;
            stopping = process.as_deref().map(|process| stop(connection, process));
            given_up = Some((sent, Instant::now() + CLEANING));
        }
    }
}

/// TERM to the program and what it started. sshd passes no signals on for root, so this goes over a channel of its own.
fn stop<'a>(connection: &'a Connection, process: &str) -> BoxFuture<'a, Option<u32>> {
    let number = process.parse::<u32>().unwrap_or(0);
    let program = format!(
        "{{ [ {number} -le 1 ] || kill -s TERM -- -{number} || kill -s TERM {number}; }} 2>/dev/null\n"
    );
    Box::pin(async move { connection.say(&program).await })
}

const SEND: &[u8] = b"edgewise: send";
const DONE: &[u8] = b"edgewise: done";
const SAME: &[u8] = b"edgewise: same";

/// What stands after a word on its line. A login's start files may talk too, so whole lines count.
fn line_after(words: &[u8], word: &[u8]) -> Option<String> {
    let end = words.iter().rposition(|&b| b == b'\n')?;
    let mut lines = words[..end].split(|&b| b == b'\n');
    let rest = lines.find_map(|line| line.strip_prefix(word))?;
    Some(String::from_utf8_lossy(rest).trim().to_owned())
}

fn reason(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        "the host ended the transfer without a word".to_owned()
    } else {
        lines.join("; ")
    }
}

/// The program on the host. It stands in the command itself since its stdin is the file; nothing in it is secret. One
/// line without `!`, so that any login shell passes it on.
fn command(upload: &Upload, nonce: &str) -> String {
    let program = PROGRAM.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let arguments = [
        upload.dest.as_str(),
        nonce,
        &upload.sha256,
        &upload.bytes.len().to_string(),
        &upload.mode,
        upload.owner.as_deref().unwrap_or(""),
    ];
    let arguments: Vec<String> = arguments.iter().map(|argument| quote(argument)).collect();
    format!("exec sh -c {} edgewise {}", quote(&program), arguments.join(" "))
}

/// Arguments: destination, a random number, SHA-256, length, mode, owner.
const PROGRAM: &str = r#"
d=$1; t=$d.edgewise-$2; hash=$3; size=$4; mode=$5; owner=$6;
no() { echo "$*" >&2; rm -f -- "$t"; exit 1; };
sum() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum;
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256;
  elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r;
  else echo none; fi;
};
is() { got=$(sum <"$1"); got=${got%% *}; [ "$got" = "$hash" ]; };
own() {
  [ -n "$owner" ] || return 0;
  now=$(id -un); group=$(id -gn);
  [ "$owner" = "$now" ] || [ "$owner" = "$now:$group" ] || {
    if [ "$(id -u)" = 0 ]; then chown -- "$owner" "$1"; else sudo -n chown -- "$owner" "$1"; fi;
  };
};
dress() {
  if chmod "$mode" "$1" 2>/dev/null; then :; else [ -n "$owner" ] && sudo -n chmod "$mode" "$1"; fi && own "$1";
};
if [ -d "$d" ]; then echo "there is a folder of this name" >&2; exit 1; fi;
if [ -f "$d" ] && [ -r "$d" ] && is "$d"; then
  dress "$d" || { echo "its mode or owner cannot be set" >&2; exit 1; };
  echo "edgewise: same"; exit 0;
fi;
p=${d%/*};
[ -z "$p" ] || mkdir -p -- "$p" || exit 1;
trap 'rm -f -- "$t"; exit 1' HUP INT TERM PIPE;
umask 077;
: >"$t" || exit 1;
echo "edgewise: send $$";
cat >"$t" || no "the file could not be written (is the disk full?)";
got=$(wc -c <"$t"); got=$((got));
[ "$got" = "$size" ] || no "$got of $size bytes arrived";
is "$t" || { [ "$got" = none ] && no "the host has none of sha256sum, shasum, openssl to check the file with"; no "the bytes that arrived are others (SHA-256)"; };
dress "$t" || no "mode or owner cannot be set";
sync -- "$t" 2>/dev/null || :;
mv -f -- "$t" "$d" || no "it could not be renamed";
echo "edgewise: done"
"#;
