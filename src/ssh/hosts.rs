//! The fleet, over SSH: the adapter for [`Hosts`].

use std::sync::Arc;

use async_trait::async_trait;

use crate::app::ports::{HeldUp, HostFailure, HostSession, Hosts};
use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::target::Target;

use super::config::{Asked, HostConfig};
use super::connection::{Connection, Dialer, Scanned};
use super::error::SshError;
use super::known_hosts::{known_hosts_line, trust};
use super::session::SshSession;
use super::settings::SshSettings;

/// Hosts as the settings and `ssh_config` say how to reach them.
#[derive(Debug, Clone)]
pub struct SshHosts {
    dialer: Arc<Dialer>,
}

impl SshHosts {
    /// Reads the configuration; contacts nobody.
    ///
    /// # Errors
    /// [`SshError::Config`] where a configuration file cannot be read or makes no sense.
    pub fn new(settings: &SshSettings) -> Result<Self, SshError> {
        Ok(Self {
            dialer: Arc::new(Dialer::new(settings)?),
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
        let line = known_hosts_line(&scanned.name, &scanned.key);
        let file = path.clone();
        let written = tokio::task::spawn_blocking(move || trust(file.as_ref(), &[line])).await;
        match written {
            Ok(written) => written?,
            Err(error) => {
                return Err(SshError::Trust(super::known_hosts::TrustError {
                    path: path.into(),
                    reason: error.to_string(),
                }));
            }
        }
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

/// A target as the configuration asks for it. Its address counts where it is more than what `ssh_config` makes of the
/// name.
fn asked(dialer: &Dialer, target: &Target) -> Result<HostConfig, SshError> {
    let mut asked = Asked {
        name: target.name.to_string(),
        address: None,
        port: target.port,
        user: target.user.clone(),
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
