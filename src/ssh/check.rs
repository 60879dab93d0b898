//! Whether a host is fit for the steps to come. Nothing that is done here stays.

use std::fmt::Write as _;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::ports::{HostFailure, HostNeeds};
use crate::domain::outcome::Outcome;

use super::connection::Connection;
use super::error::SshError;
use super::exec::{Exec, ExecEnd, Piece};
use super::manner::Manner;
use super::sudo::Sudo;
use super::transfer;
use super::wrapper::quote;

/// How long the look may take.
const LOOK: Duration = Duration::from_secs(30);

/// What came of a look by the host's shell.
enum Looked {
    Fit,
    Unfit(HostFailure),
    /// There is none: what that means where one is needed.
    NoShell(HostFailure),
}

/// Looks: by the host's shell, or by SFTP where it has none and none is needed.
///
/// # Errors
/// [`HostFailure`] with everything that is missing.
pub(super) async fn check(connection: &Connection, needs: &HostNeeds) -> Result<(), HostFailure> {
    match by_shell(connection, needs).await? {
        Looked::Fit => Ok(()),
        Looked::NoShell(failure) if needs.files_only && !needs.sudo => {
            tokio::time::timeout(LOOK, by_sftp(connection, needs, failure))
                .await
                .unwrap_or_else(|_| Err(too_slow(connection)))
        }
        Looked::Unfit(failure) | Looked::NoShell(failure) => Err(failure),
    }
}

async fn by_sftp(
    connection: &Connection,
    needs: &HostNeeds,
    no_shell: HostFailure,
) -> Result<(), HostFailure> {
    match transfer::look(connection, &needs.free_bytes).await {
        Ok(missing) if missing.is_empty() => Ok(()),
        Ok(missing) => Err(not_fit(connection, &missing.join("; "))),
        // Neither the one nor the other.
        Err(SshError::NoCommands { .. }) => Err(no_shell),
        Err(error) => Err(error.into()),
    }
}

fn not_fit(connection: &Connection, missing: &str) -> HostFailure {
    HostFailure {
        outcome: Outcome::Failed,
        message: format!("{} is not fit: {missing}", connection.host().place()),
    }
}

fn too_slow(connection: &Connection) -> HostFailure {
    HostFailure {
        outcome: Outcome::Timeout,
        message: format!(
            "{} did not say within {} s whether it is fit",
            connection.host().place(),
            LOOK.as_secs()
        ),
    }
}

async fn by_shell(connection: &Connection, needs: &HostNeeds) -> Result<Looked, HostFailure> {
    let root = needs.sudo.then(|| connection.terms().root());
    // The look itself is no secret, and sudo's password stands in it: like everything, it travels on standard input.
    let exec = Exec {
        command: &program(needs, root),
        manner: &Manner::default(),
        timeout: Some(LOOK),
        cancel: CancellationToken::new(),
    };
    let mut said = Vec::new();
    let looking = connection
        .exec(&exec, |piece| {
            let (Piece::Stdout(bytes) | Piece::Stderr(bytes)) = piece;
            if said.len() < 4096 {
                said.extend_from_slice(bytes);
            }
        })
        .await;
    let end = match looking {
        Ok(end) => end,
        Err(error @ SshError::NoCommands { .. }) => return Ok(Looked::NoShell(error.into())),
        Err(error) => return Err(error.into()),
    };
    let said = String::from_utf8_lossy(&said);
    let place = connection.host().place();
    let missing: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix(MISSING))
        .collect();
    let looked = said.lines().any(|line| line == LOOKED);
    Ok(match end {
        ExecEnd::Exit(0) if looked && missing.is_empty() => Looked::Fit,
        ExecEnd::Exit(_) if looked => Looked::Unfit(not_fit(connection, &missing.join("; "))),
        ExecEnd::Exit(_) | ExecEnd::Signal(_) => Looked::NoShell(HostFailure {
            outcome: Outcome::Unreachable,
            message: format!(
                "{place} runs no shell for us, but perhaps a command of its own (ForceCommand, or command= of the key); \
                 it said: {}",
                shorten(said.trim())
            ),
        }),
        ExecEnd::Lost(reason) | ExecEnd::Refused(reason) => Looked::Unfit(HostFailure {
            outcome: Outcome::Unreachable,
            message: reason,
        }),
        ExecEnd::TimedOut { .. } | ExecEnd::Cancelled { .. } => Looked::Unfit(too_slow(connection)),
    })
}

const MISSING: &str = "edgewise: missing: ";
const LOOKED: &str = "edgewise: looked";

/// Whether the login may become root: the shell that every step under sudo runs in is asked for, since a right to other
/// commands alone is not enough.
const MAY_SUDO: &str = r#"
if ! command -v sudo >/dev/null 2>&1; then missing 'sudo is not there'
elif ! let_in; then missing "$why"
elif [ -z "$secret" ] && ! why=$(become sh -c : 2>&1); then
  case $why in
    *password*) missing 'sudo asks for a password: allow it without one (NOPASSWD), or give EDGEWISE_SUDO_PASSWORD' ;;
    *) missing "$(echo "$why" | tr '\n' ' ')" ;;
  esac
fi
"#;

fn shorten(text: &str) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    text.chars().take(300).collect()
}

fn program(needs: &HostNeeds, root: Option<Sudo<'_>>) -> String {
    let mut text = format!(
        "missing() {{ echo \"{MISSING}$*\"; }}\n\
         umask 077\n\
         [ -n \"$HOME\" ] && {{ [ -d \"$HOME/.edgewise\" ] || mkdir -p \"$HOME/.edgewise\" 2>/dev/null; }} && t=\"$HOME/.edgewise/.look-$$\" && \
         {{ echo 1 >\"$t\"; }} 2>/dev/null && [ -s \"$t\" ] || missing \"$HOME/.edgewise cannot be written\"\n\
         [ -z \"$t\" ] || rm -f \"$t\"\n"
    );
    if let Some(root) = root {
        text.push_str(&root.text());
        text.push_str(MAY_SUDO);
    }
    for (path, bytes) in &needs.free_bytes {
        let kib = bytes.div_ceil(1024);
        let path = quote(path);
        // The folder may not be there yet; the nearest one that is there tells.
        let _ = writeln!(
            text,
            "p={path}; while [ ! -d \"$p\" ]; do case $p in */*) p=${{p%/*}};; *) p=.;; esac; [ -n \"$p\" ] || p=/; done\n\
             df -Pk \"$p\" 2>/dev/null | {{ read -r line; read -r line; set -- $line\n\
             [ $# -lt 4 ] || [ \"$4\" -ge {kib} ] || missing \"$4 KiB are free at $p, {kib} are needed for \"{path}; }}"
        );
    }
    let _ = writeln!(text, "echo '{LOOKED}'");
    text
}
