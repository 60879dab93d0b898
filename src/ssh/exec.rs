//! Running one command without the wrapper: for `edgewise exec`, and for what Edgewise itself asks of a host. It ends
//! with its connection.

use std::time::Duration;

use bytes::Bytes;
use russh::Sig;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Heard, Running};
use super::error::SshError;
use super::nonce::nonce;
use super::wrapper::{Decoder, Record, quote};

/// How long a command has to end in peace before it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// How long the host may take to confirm that it is gone.
const CONFIRM: Duration = Duration::from_secs(5);

/// What to run, and how.
#[derive(Debug, Clone)]
pub(super) struct Exec<'a> {
    /// A text for a POSIX shell.
    pub command: &'a str,
    /// As root, by `sudo -n`.
    pub sudo: bool,
    /// After so long it is stopped; never where none.
    pub timeout: Option<Duration>,
    /// Whoever wants it to end.
    pub cancel: CancellationToken,
}

/// A piece of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Of standard output.
    Stdout(&'a [u8]),
    /// Of standard error.
    Stderr(&'a [u8]),
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecEnd {
    /// With this code.
    Exit(i32),
    /// By a signal of this name.
    Signal(String),
    /// Its time was over and it was stopped; whether that is certain.
    TimedOut {
        /// Nothing of it is left.
        gone: bool,
    },
    /// Somebody asked, and it was stopped; whether that is certain.
    Cancelled {
        /// Nothing of it is left.
        gone: bool,
    },
    /// The connection was lost; it may still run.
    Lost(String),
}

/// Why it is stopped before its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    TimedOut,
    Cancelled,
}

impl Connection {
    /// Runs a command. `output` gets every piece as it comes and must be quick: nothing else on this connection moves
    /// meanwhile.
    ///
    /// # Errors
    /// [`SshError`] where it could not be started.
    pub(super) async fn exec(
        &self,
        exec: &Exec<'_>,
        mut output: impl FnMut(Piece<'_>) + Send,
    ) -> Result<ExecEnd, SshError> {
        let nonce = nonce();
        let deadline = exec.timeout.map(|timeout| Instant::now() + timeout);
        let mut running = self.start("exec sh -s").await?;
        running.send(Bytes::from(program(exec, &nonce)));
        let mut decoder = Decoder::new(&nonce);
        let mut records = Vec::new();
        let mut group = None;
        let mut end = None;
        let mut stop: Option<Stop> = None;
        let mut kill_at: Option<Instant> = None;
        loop {
            tokio::select! {
                heard = running.next() => match heard {
                    Heard::Stdout(bytes) => output(Piece::Stdout(&bytes)),
                    Heard::Stderr(bytes) => {
                        let own = decoder.feed(&bytes, &mut records);
                        group = group.or_else(|| records.iter().find_map(group_of));
                        if !own.is_empty() {
                            output(Piece::Stderr(&own));
                        }
                    }
                    Heard::Refused => return Err(SshError::NoCommands {
                        host: self.host().place(),
                        reason: "it refused to run a shell".to_owned(),
                    }),
                    Heard::Exit(code) => end = Some(ExecEnd::Exit(code.cast_signed())),
                    Heard::Signal(name) => end = Some(ExecEnd::Signal(name)),
                    heard @ (Heard::Closed | Heard::Lost) => {
                        let own = decoder.finish();
                        if !own.is_empty() {
                            output(Piece::Stderr(&own));
                        }
                        let end = end.unwrap_or_else(|| ExecEnd::Lost(match heard {
                            Heard::Closed => format!("{} closed the channel without a word on how it ended", self.host().place()),
                            _ => self.lost().to_string(),
                        }));
                        return Ok(match (stop, end) {
                            (None, end) | (Some(_), end @ ExecEnd::Lost(_)) => end,
                            (Some(stop), _) => {
                                let gone = self.is_gone(group, exec.sudo).await;
                                stopped(stop, gone)
                            }
                        });
                    }
                },
                () = exec.cancel.cancelled(), if stop.is_none() => {
                    stop = Some(Stop::Cancelled);
                    kill_at = Some(Instant::now() + GRACE);
                    self.ask_to_end(&running, group, exec.sudo).await;
                }
                () = sleep_until(deadline), if stop.is_none() => {
                    stop = Some(Stop::TimedOut);
                    kill_at = Some(Instant::now() + GRACE);
                    self.ask_to_end(&running, group, exec.sudo).await;
                }
                () = sleep_until(kill_at), if kill_at.is_some() => {
                    running.signal(Sig::KILL).await;
                    drop(running);
                    let gone = self.is_gone(group, exec.sudo).await;
                    return Ok(stopped(stop.unwrap_or(Stop::Cancelled), gone));
                }
            }
        }
    }

    /// TERM to the command's process group: by the channel, and for servers that do not pass signals on (or a group that
    /// is root's) by a command of its own.
    async fn ask_to_end(&self, running: &Running, group: Option<u32>, sudo: bool) {
        running.signal(Sig::TERM).await;
        if let Some(group) = group {
            let kill = format!("kill -s TERM -- -{group}");
            let kill = if sudo {
                format!("{kill} || sudo -n {kill}")
            } else {
                kill
            };
            self.say(&format!("{{ {kill}; }} 2>/dev/null; exit 0\n")).await;
        }
    }

    /// Kills what is left of a process group, and says whether nothing is.
    async fn is_gone(&self, group: Option<u32>, sudo: bool) -> bool {
        let Some(group) = group else { return false };
        let sudo = if sudo {
            format!("sudo -n kill -s KILL -- -{group} 2>/dev/null; ")
        } else {
            String::new()
        };
        let look = format!(
            "{{ kill -s KILL -- -{group} 2>/dev/null; {sudo}\n\
             n=0; while [ $n -lt 20 ]; do left=0\n\
             for f in /proc/[0-9]*/stat; do {{ read -r s <\"$f\"; }} 2>/dev/null || continue; s=${{s##*) }}; set -- $s\n\
             [ \"$1\" = Z ] || [ \"$3\" != {group} ] || left=1; done\n\
             [ $left = 1 ] || exit 0; n=$((n + 1)); sleep 0.1 2>/dev/null || sleep 1; done; exit 1; }}\n"
        );
        self.say(&look).await == Some(0)
    }

    /// Runs a small program of our own; its exit code.
    pub(super) async fn say(&self, program: &str) -> Option<u32> {
        let talk = async {
            let mut running = self.start("exec sh -s").await.ok()?;
            running.send(Bytes::from(program.to_owned()));
            let mut code = None;
            loop {
                match running.next().await {
                    Heard::Exit(exit) => code = Some(exit),
                    Heard::Closed | Heard::Lost | Heard::Refused => return code,
                    Heard::Stdout(_) | Heard::Stderr(_) | Heard::Signal(_) => {}
                }
            }
        };
        tokio::time::timeout(CONFIRM, talk).await.ok().flatten()
    }
}

fn stopped(stop: Stop, gone: bool) -> ExecEnd {
    match stop {
        Stop::TimedOut => ExecEnd::TimedOut { gone },
        Stop::Cancelled => ExecEnd::Cancelled { gone },
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The command as one group, its own text out of the way of its stdin. The process group is known where this shell has
/// become the leader of one, which it has under sshd; 0 says that it is not.
fn program(exec: &Exec<'_>, nonce: &str) -> String {
    let run = format!("eval {}\nexit $?", quote(&format!("\n{}", exec.command)));
    let run = if exec.sudo {
        let end = format!("EDGEWISE_{nonce}");
        format!("sudo -n -- sh -s <<'{end}'\n{{ exec </dev/null\n{run}\n}}\n{end}\nexit $?")
    } else {
        run
    };
    format!(
        "{{ exec </dev/null\n\
         {{ read -r edgewise </proc/$$/stat; }} 2>/dev/null || edgewise=\n\
         edgewise=${{edgewise##*) }}; set -- $edgewise; edgewise=0; [ \"$3\" != $$ ] || edgewise=$$\n\
         echo \"\x1eedgewise-{nonce} group $edgewise\" >&2; set --; unset edgewise\n\
         {run}\n}}\n"
    )
}

fn group_of(record: &Record) -> Option<u32> {
    match record {
        Record::Other(text) => text
            .strip_prefix("group ")?
            .parse()
            .ok()
            .filter(|&group| group > 1),
        _ => None,
    }
}
