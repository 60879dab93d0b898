//! Running one command without the wrapper: for `edgewise exec`, and for what Edgewise itself asks of a host. It ends
//! with its connection.
//!
//! The login's shell, whichever it is, sees one plain line; all else is a text for a POSIX shell on standard input. Where
//! the command has an input of its own, that follows the text, whose length the line tells: a shell that reads its
//! program from there may read more than it needs.

use std::time::Duration;

use bytes::Bytes;
use russh::Sig;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Heard, Running};
use super::error::SshError;
use super::manner::Manner;
use super::nonce::nonce;
use super::sudo::Sudo;
use super::wrapper::{Body, Decoder, Record, quote};

/// How long a command has to end in peace before it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// How long the host may take to confirm that it is gone.
const CONFIRM: Duration = Duration::from_secs(5);

/// What to run, and how.
#[derive(Debug, Clone)]
pub(super) struct Exec<'a> {
    /// A text for a POSIX shell.
    pub command: &'a str,
    /// As whom, where, with what.
    pub manner: &'a Manner,
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
    /// It was not started: the reason.
    Refused(String),
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
        let sudo = Sudo::new(
            exec.manner.sudo,
            exec.manner.user.as_deref(),
            self.terms().sudo_password(),
        );
        let mut running = if let Some(command) = one_line(exec, &nonce) {
            let running = self.start(&command).await?;
            running.no_input().await;
            running
        } else {
            let program = Bytes::from(program(exec, sudo, &nonce));
            match &exec.manner.stdin {
                None => {
                    let mut running = self.start("exec sh -s").await?;
                    running.send(program);
                    running
                }
                Some(input) => {
                    let mut running = self.start(&counted(program.len())).await?;
                    running.send_all([program, input.clone()]);
                    running
                }
            }
        };
        let mut decoder = Decoder::new(&nonce);
        let mut records = Vec::new();
        let mut group = None;
        let mut refused = None;
        let mut end = None;
        let mut stop: Option<Stop> = None;
        let mut kill_at: Option<Instant> = None;
        loop {
            tokio::select! {
                heard = running.next() => match heard {
                    Heard::Stdout(bytes) => output(Piece::Stdout(&bytes)),
                    Heard::Stderr(bytes) => {
                        let own = decoder.feed(&bytes, &mut records);
                        for record in records.drain(..) {
                            match record {
                                Record::Refused(reason) => refused = Some(reason),
                                other => group = group.or_else(|| group_of(&other)),
                            }
                        }
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
                        if let Some(reason) = refused {
                            return Ok(ExecEnd::Refused(reason));
                        }
                        let end = end.unwrap_or_else(|| ExecEnd::Lost(match heard {
                            Heard::Closed => format!("{} closed the channel without a word on how it ended", self.host().place()),
                            _ => self.lost().to_string(),
                        }));
                        return Ok(match (stop, end) {
                            (None, end) | (Some(_), end @ ExecEnd::Lost(_)) => end,
                            (Some(stop), _) => {
                                let gone = self.is_gone(group, sudo).await;
                                stopped(stop, gone)
                            }
                        });
                    }
                },
                () = exec.cancel.cancelled(), if stop.is_none() => {
                    stop = Some(Stop::Cancelled);
                    kill_at = Some(Instant::now() + GRACE);
                    self.ask_to_end(&running, group, sudo).await;
                }
                () = sleep_until(deadline), if stop.is_none() => {
                    stop = Some(Stop::TimedOut);
                    kill_at = Some(Instant::now() + GRACE);
                    self.ask_to_end(&running, group, sudo).await;
                }
                () = sleep_until(kill_at), if kill_at.is_some() => {
                    running.signal(Sig::KILL).await;
                    drop(running);
                    let gone = self.is_gone(group, sudo).await;
                    return Ok(stopped(stop.unwrap_or(Stop::Cancelled), gone));
                }
            }
        }
    }

    /// TERM to the command's process group: by the channel, and for servers that do not pass signals on (or a group that
    /// is somebody else's) by a command of its own.
    async fn ask_to_end(&self, running: &Running, group: Option<u32>, sudo: Sudo<'_>) {
        running.signal(Sig::TERM).await;
        if let Some(group) = group {
            let kill = format!("kill -s TERM -- -{group}");
            let other = if sudo.is_needed() { "become " } else { "" };
            let functions = if sudo.is_needed() {
                sudo.text()
            } else {
                String::new()
            };
            self.say(&format!(
                "{{ {functions}\n{{ {kill} || {other}{kill}; }} 2>/dev/null; exit 0\n}}\n"
            ))
            .await;
        }
    }

    /// Kills what is left of a process group, and says whether nothing is. Without `/proc` only one's own can be asked for.
    async fn is_gone(&self, group: Option<u32>, sudo: Sudo<'_>) -> bool {
        let Some(group) = group else { return false };
        let (functions, other, blind) = if sudo.is_needed() {
            (
                sudo.text(),
                format!("become kill -s KILL -- -{group} 2>/dev/null"),
                1,
            )
        } else {
            (String::new(), String::new(), 0)
        };
        let look = format!(
            "{{ {functions}\nkill -s KILL -- -{group} 2>/dev/null; {other}\n\
             n=0; while [ $n -lt 20 ]; do left=0\n\
             if [ -r /proc/$$/stat ]; then\n\
             for f in /proc/[0-9]*/stat; do {{ read -r s <\"$f\"; }} 2>/dev/null || continue; s=${{s##*) }}; set -- $s\n\
             [ \"$1\" = Z ] || [ \"$3\" != {group} ] || left=1; done\n\
             else left={blind}; kill -0 -- -{group} 2>/dev/null && left=1; fi\n\
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

/// The line for the login's shell where the command's input follows the program. Nothing in it means anything special to
/// any shell between single quotes.
fn counted(length: usize) -> String {
    format!("exec sh -c 'p=$(dd bs=1 count={length} 2>/dev/null; echo .); eval \"${{p%.}}\"'")
}

/// The command as one group, its own text out of the way of its stdin. The process group is known where this shell has
/// become the leader of one, which it has under sshd; 0 says that it is not.
fn program(exec: &Exec<'_>, sudo: Sudo<'_>, nonce: &str) -> String {
    let manner = exec.manner;
    let body = Body {
        env: Some(&manner.env),
        cwd: manner.cwd.as_deref(),
        umask: manner.umask.as_deref(),
        ..Body::default()
    };
    let body = body.text(exec.command);
    let quiet = if manner.stdin.is_some() {
        ""
    } else {
        "exec </dev/null\n"
    };
    let run = if sudo.is_needed() {
        let program = format!("{{ {quiet}set --; unset l p\n{body}}}\n");
        // `put` ends it with one more line.
        let input = manner.stdin.as_ref().map(|_| program.len() + 1);
        format!(
            "{}let_in || {{ echo \"\x1eedgewise-{nonce} refused $why\" >&2; exit 1; }}\nprogram={}\n{}exit $?\n",
            sudo.text(),
            quote(&program),
            sudo.run(input)
        )
    } else {
        format!("set --; unset edgewise p\n{body}")
    };
    format!(
        "{{ {quiet}\
         {{ read -r edgewise </proc/$$/stat; }} 2>/dev/null || edgewise=\n\
         edgewise=${{edgewise##*) }}; set -- $edgewise; edgewise=0; [ \"$3\" != $$ ] || edgewise=$$\n\
         echo \"\x1eedgewise-{nonce} group $edgewise\" >&2\n\
         {run}}}\n"
    )
}

/// Longer commands go by stdin: what a program is given in one argument has a limit.
const LONGEST_LINE: usize = 16 * 1024;

/// The same program as a command of its own: nothing to send besides, nothing for the host to read. None where the text
/// would have to pass a login's shell that may not be a POSIX one (csh minds `!` and line breaks between quotes, fish a
/// backslash), or where it is to run in another manner than as the login, plainly.
fn one_line(exec: &Exec<'_>, nonce: &str) -> Option<String> {
    let passes = !exec.command.contains(['\n', '\r', '!', '\\', '\0']);
    let plain = *exec.manner == Manner::default();
    (passes && plain && exec.command.len() <= LONGEST_LINE).then(|| {
        format!(
            "exec sh -c 'exec </dev/null; {{ read -r edgewise </proc/$$/stat; }} 2>/dev/null || edgewise=; \
             case ${{edgewise##*) }} in ?\" $PPID $$ \"*) edgewise=$$;; *) edgewise=0;; esac; \
             echo \"\x1eedgewise-{nonce} group $edgewise\" >&2; unset edgewise; eval \"set --; $1\"' edgewise {}",
            quote(exec.command)
        )
    })
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

#[cfg(test)]
#[path = "exact_test.rs"]
mod exact;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tokio_util::sync::CancellationToken;

    use super::{Exec, Manner, one_line};

    fn exec<'a>(command: &'a str, manner: &'a Manner) -> Exec<'a> {
        Exec {
            command,
            manner,
            timeout: None,
            cancel: CancellationToken::new(),
        }
    }

    #[test]
    fn a_command_in_one_line_is_what_it_was_by_any_login_shell() {
        let table = [
            ("echo 'a  b'", "a  b\n", 0),
            ("echo 'it is' \"quo'ted\"; exit 3", "it is quo'ted\n", 3),
            ("echo \"$#$1$edgewise\" # nothing is left over", "0\n", 0),
            ("cat; echo $?", "0\n", 0),
            ("false", "", 1),
            ("-x || echo gone on", "gone on\n", 0),
        ];
        for shell in ["sh", "bash", "dash", "busybox"] {
            for (command, said, code) in table {
                let line = one_line(&exec(command, &Manner::default()), "12").expect("it passes");
                let mut login = Command::new(shell);
                if shell == "busybox" {
                    login.arg("sh");
                }
                let Ok(output) = login.arg("-c").arg(&line).output() else {
                    continue; // This shell is not at hand; `sh` always is.
                };
                assert_eq!(
                    String::from_utf8_lossy(&output.stdout),
                    said,
                    "{shell}: {command}"
                );
                assert_eq!(output.status.code(), Some(code), "{shell}: {command}");
                let error = String::from_utf8_lossy(&output.stderr);
                assert!(error.starts_with("\u{1e}edgewise-12 group "), "{shell}: {error}");
            }
        }
    }

    #[test]
    fn what_some_login_shell_would_change_goes_by_stdin() {
        let long = "x".repeat(20_000);
        for command in ["echo !", "a\nb", r"echo \n", "a\rb", long.as_str()] {
            assert_eq!(
                one_line(&exec(command, &Manner::default()), "12"),
                None,
                "{command:.20}"
            );
        }
        let as_root = Manner {
            sudo: true,
            ..Manner::default()
        };
        assert_eq!(one_line(&exec("id", &as_root), "12"), None);
    }
}
