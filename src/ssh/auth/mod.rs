//! Logging in: with the agent's keys, key files, certificates and a password, in that order, and the story of it
//! for the case that nothing helps.

mod agent;
mod key_files;
mod offer;
mod password;

pub use key_files::KeyFiles;

use std::time::Duration;

use russh::client::{AuthResult, Handle};
use russh::{MethodKind, MethodSet};

use super::config::HostConfig;
use super::connection::{Guard, Report};
use super::error::SshError;

use offer::{Offer, offers};

/// How many keys are offered at most. sshd ends a connection at the sixth refusal (`MaxAuthTries`), and a password may
/// be still to come.
const MOST_KEYS: usize = 5;

/// How often, and how far apart, a connection is looked at that may be lost.
const LOOKS: u32 = 5;
const LOOK: Duration = Duration::from_millis(10);

/// How one try ended.
enum Tried {
    /// We are in.
    In,
    /// The host says no, and would take these.
    Refused(MethodSet),
    /// The host took it and wants one of these besides.
    Partly(MethodSet),
    /// There is nobody any more.
    Gone,
    /// It could not be tried: the reason.
    Not(String),
}

impl Tried {
    /// What the library's answer means. It says "refused, and nothing else would be taken" also when the connection is
    /// lost; only the connection itself knows, a moment later.
    async fn of(handle: &Handle<Guard>, result: AuthResult) -> Self {
        match result {
            AuthResult::Success => Self::In,
            AuthResult::Failure {
                remaining_methods,
                partial_success: true,
            } => Self::Partly(remaining_methods),
            AuthResult::Failure {
                remaining_methods, ..
            } => {
                if remaining_methods.is_empty() {
                    for _ in 0..LOOKS {
                        if handle.is_closed() {
                            return Self::Gone;
                        }
                        tokio::time::sleep(LOOK).await;
                    }
                }
                Self::Refused(remaining_methods)
            }
        }
    }
}

/// Logs in to `host`.
///
/// # Errors
/// [`SshError::AuthFailed`] with everything that was offered; [`SshError::Lost`] where the connection ended first.
pub(super) async fn log_in(
    handle: &mut Handle<Guard>,
    host: &HostConfig,
    files: &KeyFiles,
    password: Option<&str>,
    report: &Report,
) -> Result<(), SshError> {
    let user = host.user.value.clone();
    let mut story = Vec::new();
    let mut methods: Option<MethodSet> = None;
    let mut keys = 0;
    let agent = agent::Agent::open(host.identity_agent.value.as_deref(), &mut story).await;
    let (mut agent, held) = match agent {
        Some((agent, held)) => (Some(agent), held),
        None => (None, Vec::new()),
    };
    for offer in offers(host, files, held, &mut story).await {
        if methods
            .as_ref()
            .is_some_and(|m| !m.contains(&MethodKind::PublicKey))
        {
            break;
        }
        if keys == MOST_KEYS {
            story.push(format!(
                "no more than {MOST_KEYS} keys are tried: choose with IdentityFile and IdentitiesOnly"
            ));
            break;
        }
        keys += 1;
        let name = offer.name().to_owned();
        let tried = match offer {
            Offer::File { key, .. } => key_files::with_key(handle, &user, key).await,
            Offer::Certificate { key, certificate, .. } => {
                key_files::with_certificate(handle, &user, key, *certificate).await
            }
            Offer::Agent { identity, .. } => match agent.as_mut() {
                Some(agent) => agent.log_in(handle, &user, *identity).await,
                None => Tried::Not("the agent is gone".to_owned()),
            },
        };
        match tried {
            Tried::In => return Ok(()),
            Tried::Refused(remaining) => {
                story.push(format!("{name}: refused"));
                methods = Some(remaining);
            }
            Tried::Partly(remaining) => {
                story.push(format!("{name}: taken, but it is not enough"));
                methods = Some(remaining);
            }
            Tried::Gone => {
                story.push(format!("{name}: {}", hung_up(report)));
                return Err(gone(host, report, story, keys));
            }
            Tried::Not(reason) => story.push(format!("{name}: {reason}")),
        }
    }
    if methods.is_none() {
        // No key was offered: ask what the host would take.
        let tried = match handle.authenticate_none(&user).await {
            Ok(result) => Tried::of(handle, result).await,
            Err(_) => Tried::Gone,
        };
        match tried {
            Tried::In => return Ok(()),
            Tried::Refused(remaining) | Tried::Partly(remaining) => methods = Some(remaining),
            Tried::Gone | Tried::Not(_) => return Err(gone(host, report, story, 0)),
        }
    }
    let mut methods = methods.unwrap_or_else(MethodSet::empty);
    if let Some(password) = password {
        for kind in [MethodKind::Password, MethodKind::KeyboardInteractive] {
            if !methods.contains(&kind) {
                continue;
            }
            let (name, tried) = if kind == MethodKind::Password {
                ("password", password::plain(handle, &user, password).await)
            } else {
                (
                    "keyboard-interactive",
                    password::interactive(handle, &user, password).await,
                )
            };
            match tried {
                Tried::In => return Ok(()),
                Tried::Refused(remaining) => {
                    story.push(format!("{name}: refused"));
                    methods = remaining;
                }
                Tried::Partly(remaining) => {
                    story.push(format!("{name}: taken, but it is not enough"));
                    methods = remaining;
                }
                Tried::Gone => {
                    story.push(format!("{name}: {}", hung_up(report)));
                    return Err(gone(host, report, story, keys + 1));
                }
                Tried::Not(reason) => story.push(format!("{name}: {reason}")),
            }
        }
    } else if methods.contains(&MethodKind::Password) || methods.contains(&MethodKind::KeyboardInteractive) {
        story.push("no password is set (EDGEWISE_SSH_PASSWORD)".to_owned());
    }
    if story.is_empty() {
        story.push("there is nothing to offer: no key file, no agent, no password".to_owned());
    }
    Err(SshError::AuthFailed {
        host: host.place(),
        offered: story,
        methods: methods.iter().map(|kind| <&str>::from(kind).to_owned()).collect(),
    })
}

fn hung_up(report: &Report) -> &'static str {
    if report.no_more_logins() {
        "refused, and nothing else would be taken"
    } else {
        "the host hung up"
    }
}

/// Hanging up after several refusals is the host's way to say no; before any, it is a lost connection.
fn gone(host: &HostConfig, report: &Report, story: Vec<String>, refusals: usize) -> SshError {
    if refusals > 1 || report.no_more_logins() {
        SshError::AuthFailed {
            host: host.place(),
            offered: story,
            methods: Vec::new(),
        }
    } else {
        SshError::Lost {
            host: host.place(),
            reason: Some(
                report
                    .end()
                    .unwrap_or_else(|| "it ended during the login".to_owned()),
            ),
        }
    }
}
