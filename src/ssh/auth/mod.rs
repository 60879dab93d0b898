//! Logging in: with the agent's keys, key files, certificates and a password, in the order that the host asks for, and
//! the story of it for the case that nothing helps.

mod agent;
mod key_files;
mod offer;
mod password;
mod try_key;

pub use key_files::KeyFiles;
pub(super) use offer::sealed_for;

use std::collections::VecDeque;
use std::time::Duration;

use russh::client::{AuthResult, Handle};
use russh::{MethodKind, MethodSet};

use super::config::HostConfig;
use super::connection::{Guard, Report};
use super::error::SshError;

use agent::Agent;
use offer::{Offer, With, of_key, offers};

/// How many keys are offered at most. sshd ends a connection at the sixth refusal (`MaxAuthTries`), and a password may
/// be still to come.
const MOST_KEYS: usize = 5;

/// How many parts a login may have (`AuthenticationMethods`) before the host is taken to make fun of us.
const MOST_PARTS: u32 = 6;

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
    let mut story = Vec::new();
    let agent = Agent::open(host.identity_agent.value.as_deref(), &mut story).await;
    let (agent, held) = match agent {
        Some((agent, held)) => (Some(agent), held),
        None => (None, Vec::new()),
    };
    let next = offers(host, files, held, &mut story).await.into();
    let login = Login {
        handle,
        host,
        files,
        report,
        agent,
        next,
        refused: Vec::new(),
        password,
        passwords: PASSWORDS.to_vec(),
        methods: None,
        keys: 0,
        refusals: 0,
        parts: 0,
        story,
    };
    login.run().await
}

/// The ways to hand over a password.
const PASSWORDS: [MethodKind; 2] = [MethodKind::Password, MethodKind::KeyboardInteractive];

/// A login under way.
struct Login<'a> {
    handle: &'a mut Handle<Guard>,
    host: &'a HostConfig,
    files: &'a KeyFiles,
    report: &'a Report,
    agent: Option<Agent>,
    /// Keys that are still to be offered.
    next: VecDeque<Offer>,
    /// Keys that were refused: after another part of the login they may count.
    refused: Vec<Offer>,
    password: Option<&'a str>,
    /// Ways to hand over the password that are still to be tried.
    passwords: Vec<MethodKind>,
    /// What the host would take, once it said so.
    methods: Option<MethodSet>,
    keys: usize,
    refusals: usize,
    parts: u32,
    story: Vec<String>,
}

impl Login<'_> {
    async fn run(mut self) -> Result<(), SshError> {
        loop {
            let takes = |kind: &MethodKind| {
                self.methods
                    .as_ref()
                    .is_some_and(|methods| methods.contains(kind))
            };
            let (name, tried, offer) =
                if self.next.front().is_some() && (self.methods.is_none() || takes(&MethodKind::PublicKey)) {
                    let Some(offer) = self.offer().await else { continue };
                    let tried = self.with(&offer).await;
                    (offer.name.clone(), tried, Some(offer))
                } else if self.methods.is_none() {
                    // No key was offered: ask what the host would take.
                    match self.nothing().await {
                        Tried::Refused(methods) | Tried::Partly(methods) => {
                            self.methods = Some(methods);
                            continue;
                        }
                        tried => ("nothing".to_owned(), tried, None),
                    }
                } else if let Some(password) = self.password
                    && let Some(at) = self.passwords.iter().position(takes)
                {
                    let user = &self.host.user.value;
                    let (name, tried) = if self.passwords.remove(at) == MethodKind::Password {
                        ("password", password::plain(self.handle, user, password).await)
                    } else {
                        let tried = password::interactive(self.handle, user, password).await;
                        ("keyboard-interactive", tried)
                    };
                    (name.to_owned(), tried, None)
                } else {
                    return Err(self.failed());
                };
            match tried {
                Tried::In => return Ok(()),
                Tried::Refused(methods) => {
                    self.story.push(format!("{name}: refused"));
                    self.methods = Some(methods);
                    self.refusals += 1;
                    self.refused.extend(offer);
                }
                Tried::Partly(methods) => {
                    self.story.push(format!("{name}: taken, but it is not enough"));
                    self.methods = Some(methods);
                    self.parts += 1;
                    if self.parts == MOST_PARTS {
                        return Err(self.failed());
                    }
                    self.next.extend(self.refused.drain(..));
                }
                Tried::Gone => {
                    let how = if self.report.no_more_logins() {
                        "refused, and nothing else would be taken"
                    } else {
                        "the host hung up"
                    };
                    self.story.push(format!("{name}: {how}"));
                    return Err(self.gone());
                }
                Tried::Not(reason) => self.story.push(format!("{name}: {reason}")),
            }
        }
    }

    /// The next key, opened where it was shut. None where there is none to be tried now.
    async fn offer(&mut self) -> Option<Offer> {
        let offer = self.next.pop_front()?;
        if let With::Sealed(path, certificates) = &offer.with {
            match self.files.open(path).await {
                Ok(key) => {
                    for offer in of_key(path, &key, certificates).into_iter().rev() {
                        self.next.push_front(offer);
                    }
                }
                Err(sealed) => self.story.push(format!("{path}: {sealed}")),
            }
            return None;
        }
        if self.keys == MOST_KEYS {
            self.story.push(format!(
                "no more than {MOST_KEYS} keys are tried: choose with IdentityFile and IdentitiesOnly"
            ));
            self.next.clear();
            return None;
        }
        self.keys += 1;
        Some(offer)
    }

    async fn with(&mut self, offer: &Offer) -> Tried {
        let user = &self.host.user.value;
        match (&offer.with, &mut self.agent) {
            (With::Key(key), _) => try_key::with_key(self.handle, user, key.clone()).await,
            (With::Certificate(key, certificate), _) => {
                let certificate = certificate.as_ref().clone();
                try_key::with_certificate(self.handle, user, key.clone(), certificate).await
            }
            (With::Agent(identity), Some(agent)) => {
                agent
                    .log_in(self.handle, user, identity.as_ref().clone(), false)
                    .await
            }
            (With::Beside(identity), Some(agent)) => {
                agent
                    .log_in(self.handle, user, identity.as_ref().clone(), true)
                    .await
            }
            (With::Sealed(..) | With::Agent(_) | With::Beside(_), _) => {
                Tried::Not("there is nobody to sign for it".to_owned())
            }
        }
    }

    async fn nothing(&mut self) -> Tried {
        match self.handle.authenticate_none(&self.host.user.value).await {
            Ok(result) => Tried::of(self.handle, result).await,
            Err(_) => Tried::Gone,
        }
    }

    /// Nothing is left to be tried.
    fn failed(mut self) -> SshError {
        let methods = self.methods.unwrap_or_else(MethodSet::empty);
        if self.password.is_none() && PASSWORDS.iter().any(|kind| methods.contains(kind)) {
            self.story
                .push("no password is set (EDGEWISE_SSH_PASSWORD)".to_owned());
        }
        if self.story.is_empty() {
            self.story
                .push("there is nothing to offer: no key file, no agent, no password".to_owned());
        }
        SshError::AuthFailed {
            host: self.host.place(),
            offered: self.story,
            methods: methods.iter().map(|kind| <&str>::from(kind).to_owned()).collect(),
        }
    }

    /// Hanging up with a word, or after several refusals, is the host's way to say no. Else it is a lost connection.
    fn gone(mut self) -> SshError {
        let word = self.report.host_said();
        if self.report.no_more_logins() || (self.refusals > 0 && word.is_some()) || self.refusals > 1 {
            self.story
                .extend(word.map(|word| format!("the host said: {word}")));
            return SshError::AuthFailed {
                host: self.host.place(),
                offered: self.story,
                methods: Vec::new(),
            };
        }
        let mut reason = self
            .report
            .end()
            .unwrap_or_else(|| "it ended during the login".to_owned());
        if !self.story.is_empty() {
            reason = format!("{reason}; until then: {}", self.story.join("; "));
        }
        SshError::Lost {
            host: self.host.place(),
            reason: Some(reason),
        }
    }
}
