//! The one who looks at the host's key, and remembers why a connection ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use russh::client::{DisconnectReason, Handler};
use russh::keys::{HashAlg, PublicKey, PublicKeyOrCertificate};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::ssh::config::{HostConfig, Origin, StrictHostKeys};
use crate::ssh::error::SshError;
use crate::ssh::known_hosts::{HostKeyVerdict, KnownHosts, Shown};

/// What stands before the words with which a host ends a connection.
const HOST_SAID: &str = "the host said: ";

/// What the guard has seen, for those who wait for the connection.
#[derive(Debug, Default)]
pub(in crate::ssh) struct Seen {
    /// Why the host's key was refused.
    refused: Option<SshError>,
    /// A key that was new and is taken.
    taken: Option<PublicKey>,
    /// That the key exchange came as far as a key.
    key_shown: bool,
    /// Why the connection ended.
    end: Option<String>,
    /// That the host would take no other login: the library ends the connection then.
    no_more_logins: bool,
}

/// Shared between the guard and those who wait.
#[derive(Debug, Clone, Default)]
pub(in crate::ssh) struct Report {
    seen: Arc<Mutex<Seen>>,
    /// Set when the library's task for the connection is over, with its socket closed.
    over: CancellationToken,
}

impl Report {
    fn with<T>(&self, f: impl FnOnce(&mut Seen) -> T) -> T {
        f(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn take_refusal(&self) -> Option<SshError> {
        self.with(|seen| seen.refused.take())
    }

    pub(super) fn take_new_key(&self) -> Option<PublicKey> {
        self.with(|seen| seen.taken.take())
    }

    pub(super) fn key_shown(&self) -> bool {
        self.with(|seen| seen.key_shown)
    }

    pub(in crate::ssh) fn no_more_logins(&self) -> bool {
        self.with(|seen| seen.no_more_logins)
    }

    /// What the host said when it ended the connection.
    pub(in crate::ssh) fn host_said(&self) -> Option<String> {
        let end = self.end()?;
        end.strip_prefix(HOST_SAID).map(str::to_owned)
    }

    pub(in crate::ssh) fn end(&self) -> Option<String> {
        self.with(|seen| seen.end.clone())
    }

    /// Says why the connection is given up on this side, where nothing was said before.
    pub(super) fn give_up(&self, reason: &str) {
        self.with(|seen| {
            seen.end.get_or_insert_with(|| reason.to_owned());
        });
    }

    /// Resolves when the connection is over.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }
}

/// Compares the host's key with what is known.
#[derive(Debug)]
pub(in crate::ssh) struct Guard {
    host: Arc<HostConfig>,
    known: Arc<KnownHosts>,
    report: Report,
    /// The guard goes when the connection's task does.
    _over: DropGuard,
}

impl Guard {
    pub(super) fn new(host: Arc<HostConfig>, known: Arc<KnownHosts>, report: Report) -> Self {
        Self {
            host,
            known,
            _over: report.over.clone().drop_guard(),
            report,
        }
    }

    /// How the command that trusts the host names it: as it was asked for, with the address and the port that the
    /// target's own entry gives, since `ssh_config` does not know them.
    fn asked(&self) -> String {
        let host = &self.host;
        let name = match host.hostname.origin {
            Origin::Asked => &host.hostname.value,
            _ => &host.name,
        };
        match host.port.origin {
            Origin::Asked if name.contains(':') => format!("[{name}]:{}", host.port.value),
            Origin::Asked => format!("{name}:{}", host.port.value),
            _ => name.clone(),
        }
    }

    fn judge(&self, shown: &PublicKeyOrCertificate) -> Result<Option<PublicKey>, SshError> {
        let name = self.host.known_name();
        let bare = match &self.host.host_key_alias.value {
            Some(alias) => alias.to_lowercase(),
            None => self.host.hostname.value.to_lowercase(),
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_secs());
        let key = shown.public_key();
        let verdict = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.known.judge(&name, &bare, Shown::Key(key.key_data()), now)
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                self.known
                    .judge(&name, &bare, Shown::Certificate(certificate), now)
            }
        };
        let kind = key.algorithm().to_string();
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        match verdict {
            HostKeyVerdict::Known => Ok(None),
            HostKeyVerdict::Unknown if self.host.strict_host_keys.value == StrictHostKeys::AcceptNew => {
                Ok(Some(key))
            }
            HostKeyVerdict::Unknown => Err(SshError::HostKeyUnknown {
                name,
                asked: self.asked(),
                kind,
                fingerprint,
            }),
            HostKeyVerdict::Changed(places) => Err(SshError::HostKeyChanged {
                name,
                asked: self.asked(),
                kind,
                fingerprint,
                places,
            }),
            HostKeyVerdict::Revoked(place) => Err(SshError::HostKeyRefused {
                name,
                reason: format!("{fingerprint} is marked @revoked at {place}"),
            }),
            HostKeyVerdict::BadCertificate(reason) => Err(SshError::HostKeyRefused { name, reason }),
        }
    }
}

impl Handler for Guard {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let judged = self.judge(shown);
        self.report.with(|seen| {
            seen.key_shown = true;
            match judged {
                Ok(new) => {
                    seen.taken = new;
                    Ok(true)
                }
                Err(refusal) => {
                    seen.refused = Some(refusal);
                    Ok(false)
                }
            }
        })
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Self::Error>) -> Result<(), Self::Error> {
        let no_more_logins = matches!(reason, DisconnectReason::Error(russh::Error::NoAuthMethod));
        let (text, result) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                (format!("{HOST_SAID}{}", info.message.trim()), Ok(()))
            }
            DisconnectReason::Error(error) => (error.to_string(), Err(error)),
        };
        self.report.with(|seen| {
            seen.end.get_or_insert(text);
            seen.no_more_logins = no_more_logins;
        });
        result
    }
}
