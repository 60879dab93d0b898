//! The fleet, over SSH: the adapter for [`Hosts`].

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::app::ports::{HeldUp, HostFailure, HostSession, Hosts};
use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::target::Target;

use super::auth::sealed_for;
use super::config::{Asked, HostConfig};
use super::connection::{Connection, Dialer, Scanned};
use super::error::SshError;
use super::known_hosts::{Incoming, KnownHostsFiles, TrustError, known_hosts_line, trust};
use super::session::SshSession;
use super::settings::SshSettings;

/// Hosts as the settings and `ssh_config` say how to reach them.
#[derive(Debug, Clone)]
pub struct SshHosts {
    dialer: Arc<Dialer>,
    /// Warnings that stand in the server's log already.
    warned: Arc<Mutex<HashSet<String>>>,
}

impl SshHosts {
    /// Reads the configuration; contacts nobody.
    ///
    /// # Errors
    /// [`SshError::Config`] where a configuration file cannot be read or makes no sense.
    pub fn new(settings: &SshSettings) -> Result<Self, SshError> {
        Ok(Self {
            dialer: Arc::new(Dialer::new(settings)?),
            warned: Arc::default(),
        })
    }

    /// How a host is reached, with the place of each value: what `hosts explain` shows ([`HostConfig::explain`]).
    ///
    /// # Errors
    /// [`SshError::Config`] where a value that applies to it makes no sense.
    pub fn explain(&self, asked: &Asked) -> Result<HostConfig, SshError> {
        let mut host = self.dialer.resolve(asked)?;
        host.warnings
            .extend(self.dialer.config().warnings().iter().cloned());
        Ok(host)
    }

    /// The hosts on the way to one, the last one being the host itself.
    ///
    /// # Errors
    /// [`SshError::Config`], and [`SshError::TooManyJumps`] where the way is a circle.
    pub fn route(&self, asked: &Asked) -> Result<Vec<Arc<HostConfig>>, SshError> {
        self.dialer.route(self.dialer.resolve(asked)?)
    }

    /// What the configuration asks for on the way to these hosts and is not done: sentences with file and line, each
    /// once. What cannot be resolved is told when it is dialled.
    #[must_use]
    pub fn warnings(&self, asked: &[Asked]) -> Vec<String> {
        let mut warnings = self.dialer.config().warnings().to_vec();
        let routes = asked.iter().filter_map(|asked| self.route(asked).ok());
        for warning in routes.flatten().flat_map(|hop| hop.warnings.clone()) {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings
    }

    /// The encrypted key files that must be opened to get to these hosts, as far as that can be told beforehand: those
    /// that the configuration names, and those of the usual places where there is nothing else to offer.
    pub async fn sealed_keys(&self, asked: &[Asked]) -> Vec<String> {
        let mut hops: Vec<Arc<HostConfig>> = asked
            .iter()
            .filter_map(|asked| self.route(asked).ok())
            .flatten()
            .collect();
        // Thousands of hosts that go by the same files are looked at once.
        let mut seen = HashSet::new();
        hops.retain(|hop| {
            let files: Vec<String> = hop.identity_files.iter().map(|file| file.value.clone()).collect();
            seen.insert((files, hop.identity_agent.value.clone(), hop.identities_only.value))
        });
        let mut sealed: Vec<String> = Vec::new();
        for hop in hops {
            for path in sealed_for(&hop, self.dialer.keys()).await {
                if !sealed.contains(&path) {
                    sealed.push(path);
                }
            }
        }
        sealed
    }

    /// Opens an encrypted key file; it stays open.
    ///
    /// # Errors
    /// [`SshError::Sealed`] where it does not open.
    pub async fn unseal(&self, path: &str, passphrase: &str) -> Result<(), SshError> {
        let opened = self.dialer.keys().unseal(path, passphrase).await;
        opened.map_err(|sealed| SshError::Sealed {
            path: path.to_owned(),
            reason: sealed.to_string(),
        })
    }

    /// The key that a host shows, without logging in, and what is known of it.
    ///
    /// # Errors
    /// [`SshError`] where it cannot be reached.
    pub async fn scan(&self, asked: &Asked) -> Result<Scanned, SshError> {
        let host = self.dialer.resolve(asked)?;
        self.dialer.scan(host).await
    }

    /// Writes a scanned key down as the host's, in the first of its files of known hosts; the path of that file.
    ///
    /// # Errors
    /// [`SshError::Trust`] where it cannot be written.
    pub async fn trust(&self, asked: &Asked, scanned: &Scanned) -> Result<String, SshError> {
        let host = self.dialer.resolve(asked)?;
        let files = host.user_known_hosts.value;
        let path = files
            .into_iter()
            .next()
            .unwrap_or_else(|| "known_hosts".to_owned());
        add(path.clone(), vec![known_hosts_line(&scanned.name, &scanned.key)]).await?;
        Ok(path)
    }

    /// The file that new keys go to where no line of `ssh_config` is about one host alone.
    #[must_use]
    pub fn known_hosts_file(&self) -> String {
        let everybody = self.dialer.resolve(&Asked::default()).ok();
        let files = everybody.map(|host| host.user_known_hosts.value);
        files
            .and_then(|files| files.into_iter().next())
            .unwrap_or_else(|| "known_hosts".to_owned())
    }

    /// Holds the lines of another file of known hosts against that file.
    #[must_use]
    pub fn compare_known_hosts(&self, text: &str) -> Vec<Incoming> {
        let path = PathBuf::from(self.known_hosts_file());
        KnownHostsFiles::default().read(&[path]).compare(text)
    }

    /// Adds lines to that file; its path.
    ///
    /// # Errors
    /// [`SshError::Trust`] where it cannot be written.
    pub async fn add_known_hosts(&self, lines: Vec<String>) -> Result<String, SshError> {
        let path = self.known_hosts_file();
        add(path.clone(), lines).await?;
        Ok(path)
    }

    /// A connection for one's own use: `edgewise exec` and `hosts check`.
    ///
    /// # Errors
    /// [`SshError`]: what stood in the way.
    pub async fn dial(&self, asked: &Asked) -> Result<Connection, SshError> {
        let host = self.dialer.resolve(asked)?;
        self.dialer.connect(host).await
    }

    /// A session with a host that is named rather than configured: what `hosts check` looks at.
    ///
    /// # Errors
    /// [`SshError`]: what stood in the way.
    pub async fn session(&self, asked: &Asked) -> Result<SshSession, SshError> {
        let host = self.dialer.resolve(asked)?;
        SshSession::open(Arc::clone(&self.dialer), host, None).await
    }
}

/// Adds lines to a file of known hosts.
async fn add(path: String, lines: Vec<String>) -> Result<(), SshError> {
    let file = PathBuf::from(&path);
    match tokio::task::spawn_blocking(move || trust(&file, &lines)).await {
        Ok(written) => Ok(written?),
        Err(error) => Err(SshError::Trust(TrustError {
            path: path.into(),
            reason: error.to_string(),
        })),
    }
}

/// A target as the configuration asks for it. Its address counts where it is more than what `ssh_config` makes of the
/// name.
fn asked(dialer: &Dialer, target: &Target) -> Result<HostConfig, SshError> {
    let mut asked = Asked {
        name: target.name.to_string(),
        port: target.port,
        user: target.user.clone(),
        ..Asked::default()
    };
    let host = dialer.resolve(&asked)?;
    if target.address.is_empty() || target.address == host.hostname.value {
        return Ok(host);
    }
    asked.address = Some(target.address.clone());
    dialer.resolve(&asked)
}

#[async_trait]
impl Hosts for SshHosts {
    fn address_of(&self, name: &TargetName) -> String {
        let asked = Asked {
            name: name.to_string(),
            ..Asked::default()
        };
        match self.dialer.resolve(&asked) {
            Ok(host) => host.hostname.value,
            Err(_) => name.to_string(),
        }
    }

    fn lease_key(&self, target: &Target) -> String {
        match asked(&self.dialer, target) {
            Ok(host) => format!("{}:{}", host.hostname.value.to_lowercase(), host.port.value),
            Err(_) => format!("{}:{}", target.address.to_lowercase(), target.port.unwrap_or(22)),
        }
    }

    async fn connect(&self, action: ActionId, target: &Target) -> Result<Arc<dyn HostSession>, HostFailure> {
        let host = asked(&self.dialer, target)?;
        for warning in host.warnings.iter().chain(self.dialer.config().warnings()) {
            let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
            if warned.insert(warning.clone()) {
                tracing::warn!(host = %target.name, "ssh_config: {warning}");
            }
        }
        let session = SshSession::open(Arc::clone(&self.dialer), host, Some(action)).await?;
        Ok(Arc::new(session))
    }

    fn held_up(&self, action: ActionId) -> Option<HeldUp> {
        let places = self.dialer.places();
        let waiting = places.waiting(Some(action));
        (waiting > 0).then(|| HeldUp {
            waiting,
            places: places.number(),
        })
    }
}
