//! One hop: a connection to one host, its key checked, logged in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::client;
use russh::client::Handle;
use tokio::time::{Instant, timeout};

use crate::ssh::auth::log_in;
use crate::ssh::config::HostConfig;
use crate::ssh::error::SshError;
use crate::ssh::known_hosts::{known_hosts_line, trust};

use super::algorithms::client_config;
use super::dial::{Dialer, Refused, Way, way_to};
use super::guard::{Guard, Report};
use super::jumps::JumpConnection;
use super::leash::Leash;
use super::limits::{Goal, Region};
use super::network::Network;
use super::open::Made;
use super::race::addresses_of;

/// How often a login is tried that the host sheds before it says who it is.
const MOST_TRIES: u32 = 8;

impl Dialer {
    /// One hop, begun again as long as the host sheds the connection before it shows its key (`MaxStartups`). A login that
    /// was refused is never tried again: servers ban those who fail often. The time spent waiting for a turn does not count.
    pub(super) async fn hop(
        &self,
        host: &Arc<HostConfig>,
        before: Option<&JumpConnection>,
    ) -> Result<Made, SshError> {
        let seconds = host.connect_timeout_seconds.value.max(1);
        let slow = |at| SshError::Slow {
            host: host.place(),
            seconds,
            at,
        };
        let mut left = Duration::from_secs(seconds);
        let server = format!("{}:{}", host.hostname.value, host.port.value);
        let begun = Instant::now();
        let (addresses, goal) = if let Some(before) = before {
            let goal = Goal {
                server: format!("{}{server}", before.way),
                region: Region::Jump(before.way.clone()),
            };
            (Vec::new(), goal)
        } else {
            let found = timeout(left, addresses_of(host)).await;
            let addresses = found.map_err(|_| slow("its name was not resolved"))??;
            let Some(first) = addresses.first() else {
                return Err(SshError::NoAddress {
                    host: host.place(),
                    reason: "the name has no address".to_owned(),
                });
            };
            let region = Region::Network(Network::of(first.ip()));
            (addresses, Goal { server, region })
        };
        left = left.saturating_sub(begun.elapsed());
        let mut tries = 0;
        loop {
            let turn = self.limits.turn(&goal).await;
            let begun = Instant::now();
            let (report, leash) = (Report::default(), Leash::default());
            let way = way_to(host, before, &addresses);
            let outcome = timeout(left, self.try_hop(host, way, &report, &leash)).await;
            let error = match outcome {
                Ok(Ok(handle)) => {
                    turn.went_well();
                    return Ok(Made {
                        handle,
                        report,
                        leash,
                    });
                }
                Ok(Err(Refused::For(error))) => return Err(error),
                Ok(Err(Refused::Shed(error))) => error,
                Err(_) if report.key_shown() => return Err(slow("the login did not end")),
                Err(_) => return Err(slow("it did not show its key")),
            };
            turn.was_shed();
            tries += 1;
            let pause = Duration::from_millis(rand::random_range(50..250) * u64::from(tries));
            left = left.saturating_sub(begun.elapsed() + pause);
            if tries >= MOST_TRIES || left.is_zero() {
                return Err(shed(error, tries));
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn try_hop(
        &self,
        host: &Arc<HostConfig>,
        way: impl Future<Output = Result<Way, Refused>>,
        report: &Report,
        leash: &Leash,
    ) -> Result<Handle<Guard>, Refused> {
        let known = self.known_to(host);
        let (name, bare) = (host.known_name(), host.hostname.value.to_lowercase());
        let config = client_config(
            host,
            &known.kinds(&name, &bare),
            known.has_authority(&name, &bare),
        );
        let guard = Guard::new(Arc::clone(host), known, report.clone());
        let connected = match way.await? {
            Way::Socket(socket) => client::connect_stream(config, leash.hold(socket), guard).await,
            Way::Channel(channel) => client::connect_stream(config, leash.hold(channel), guard).await,
        };
        let mut handle = connected.map_err(|error| broken(host, report, &error))?;
        if let Some(key) = report.take_new_key() {
            write_down(host, &name, &key).await.map_err(Refused::For)?;
        }
        log_in(&mut handle, host, &self.keys, self.password.as_deref(), report)
            .await
            .map_err(Refused::For)?;
        Ok(handle)
    }
}

/// What a host means that hangs up every time.
fn shed(error: SshError, tries: u32) -> SshError {
    match error {
        SshError::Unreachable { host, reason } if tries > 1 => SshError::Unreachable {
            host,
            reason: format!(
                "{reason}; so it did {tries} times: it has too many logins at once (MaxStartups), or takes none from here"
            ),
        },
        other => other,
    }
}

/// What a key exchange that failed means.
fn broken(host: &HostConfig, report: &Report, error: &russh::Error) -> Refused {
    if let Some(refusal) = report.take_refusal() {
        return Refused::For(refusal);
    }
    let told = SshError::Unreachable {
        host: host.place(),
        reason: match report.end() {
            Some(end) => format!("the connection ended before the login ({end})"),
            None => format!("the connection ended before the login ({error})"),
        },
    };
    let cut = matches!(
        error,
        russh::Error::IO(_) | russh::Error::Disconnect | russh::Error::HUP
    );
    if cut && !report.key_shown() {
        Refused::Shed(told)
    } else {
        Refused::For(told)
    }
}

/// Adds a key that is taken as new (`accept-new`) to the host's file.
async fn write_down(host: &HostConfig, name: &str, key: &russh::keys::PublicKey) -> Result<(), SshError> {
    let Some(path) = host.user_known_hosts.value.first().map(PathBuf::from) else {
        return Ok(());
    };
    let lines = vec![known_hosts_line(name, key)];
    match tokio::task::spawn_blocking(move || trust(&path, &lines)).await {
        Ok(written) => Ok(written?),
        Err(_) => Ok(()),
    }
}
