//! Asks a host for its key without logging in, so that somebody can compare it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client::{self, Handler};
use russh::keys::{HashAlg, PublicKey, PublicKeyOrCertificate};

use crate::ssh::config::HostConfig;
use crate::ssh::error::SshError;
use crate::ssh::known_hosts::{HostKeyVerdict, Shown};

use super::algorithms::client_config;
use super::dial::{Dialer, Refused, Way, way_to};
use super::leash::Leash;
use super::race::addresses_of;

/// A host's key, as it showed it to us.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// As `known_hosts` names the host.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// `SHA256:...`
    pub fingerprint: String,
    /// What is known of it.
    pub verdict: HostKeyVerdict,
}

/// Takes any key, and goes no further.
struct Curious(Arc<Mutex<Option<PublicKey>>>);

impl Handler for Curious {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown.public_key());
        Ok(false)
    }
}

impl Dialer {
    /// The key that `host` shows, reached over its jump hosts (which must be known, and let us in).
    ///
    /// # Errors
    /// [`SshError`] where it cannot be reached or shows nothing.
    pub async fn scan(&self, host: HostConfig) -> Result<Scanned, SshError> {
        let mut route = self.route(host)?;
        let host = route.pop().expect("a route ends at its host");
        let before = self.hops(&route).await?;
        let known = self.known_to(&host);
        let name = host.known_name();
        let bare = host.hostname.value.to_lowercase();
        let config = client_config(&host, &known.kinds(&name, &bare), false);
        let seconds = host.connect_timeout_seconds.value.max(1);
        let shown = Arc::new(Mutex::new(None));
        let curious = Curious(Arc::clone(&shown));
        let leash = Leash::default();
        let look = async {
            let addresses = match before {
                Some(_) => Vec::new(),
                None => addresses_of(&host).await?,
            };
            match way_to(&host, before.as_deref(), &addresses).await {
                Ok(Way::Socket(socket)) => Ok(client::connect_stream(config, leash.hold(socket), curious)
                    .await
                    .err()),
                Ok(Way::Channel(channel)) => Ok(client::connect_stream(config, leash.hold(channel), curious)
                    .await
                    .err()),
                Err(Refused::For(error) | Refused::Shed(error)) => Err(error),
            }
        };
        let end = match tokio::time::timeout(Duration::from_secs(seconds), look).await {
            Ok(looked) => looked?,
            Err(_) => {
                return Err(SshError::Slow {
                    host: host.place(),
                    seconds,
                    at: "it did not show its key",
                });
            }
        };
        let Some(key) = shown.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Err(SshError::Unreachable {
                host: host.place(),
                reason: end.map_or_else(|| "it showed no key".to_owned(), |error| error.to_string()),
            });
        };
        let verdict = known.judge(&name, &bare, Shown::Key(key.key_data()), 0);
        Ok(Scanned {
            name,
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            key,
            verdict,
        })
    }
}
