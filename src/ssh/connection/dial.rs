//! The way to a host: over its jump hosts, with each one's key checked, under one time limit.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{ChannelStream, client};
use tokio::io::BufReader;
use tokio::net::TcpStream;

use crate::ssh::auth::{KeyFiles, log_in};
use crate::ssh::config::{Asked, Defaults, HostConfig, Jump, SshConfig};
use crate::ssh::error::SshError;
use crate::ssh::known_hosts::{KnownHosts, KnownHostsFiles, known_hosts_line, trust};
use crate::ssh::settings::SshSettings;

use super::algorithms::client_config;
use super::guard::{Guard, Report};
use super::jumps::Jumps;
use super::limits::Limits;
use super::open::Connection;
use super::race::{self, Missed};

/// How many hosts may stand on the way to one.
const MOST_JUMPS: usize = 8;
/// How often a login is begun again that the host shed before it said who it is.
const MOST_SHED: u32 = 6;
/// What is read from a socket at once: two small reads for each packet otherwise.
const READ_BUFFER: usize = 64 * 1024;

/// Knows the configuration, the keys and the limits, and opens connections.
#[derive(Debug)]
pub struct Dialer {
    config: SshConfig,
    defaults: Defaults,
    password: Option<String>,
    patience: Duration,
    known: KnownHostsFiles,
    keys: KeyFiles,
    limits: Limits,
    jumps: Jumps,
}

/// What carries a connection: a socket, or a channel through a jump host.
pub(super) enum Way {
    Socket(BufReader<TcpStream>),
    Channel(ChannelStream<Msg>),
}

impl Dialer {
    /// Reads the configuration files.
    ///
    /// # Errors
    /// [`SshError::Config`] where one cannot be read or makes no sense.
    pub fn new(settings: &SshSettings) -> Result<Self, SshError> {
        let files = match &settings.config_file {
            Some(path) => vec![(path.clone(), false)],
            None => vec![
                (settings.home.join(".ssh/config"), true),
                (PathBuf::from("/etc/ssh/ssh_config"), true),
            ],
        };
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        Ok(Self {
            config: SshConfig::load(&files, &settings.home)?,
            defaults: Defaults {
                home: text(&settings.home),
                local_user: settings.local_user.clone(),
                user: settings.user.clone(),
                identity_file: settings.identity_file.as_ref().map(text),
                known_hosts_file: settings.known_hosts_file.as_ref().map(text),
                agent: settings.agent_socket.as_ref().map(text),
                connect_timeout_seconds: settings.connect_timeout_seconds,
            },
            password: settings.password.clone(),
            patience: Duration::from_secs(settings.patience_seconds),
            known: KnownHostsFiles::default(),
            keys: KeyFiles::new(settings.key_passphrase.as_deref()),
            limits: Limits::default(),
            jumps: Jumps::default(),
        })
    }

    /// The configuration files as they were read.
    #[must_use]
    pub fn config(&self) -> &SshConfig {
        &self.config
    }

    /// The key files.
    pub(in crate::ssh) fn keys(&self) -> &KeyFiles {
        &self.keys
    }

    /// How long a host that went away is looked for.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// How a host is reached.
    ///
    /// # Errors
    /// [`SshError::Config`] where a value that applies to it makes no sense.
    pub fn resolve(&self, asked: &Asked) -> Result<HostConfig, SshError> {
        Ok(self.config.resolve(asked, &self.defaults)?)
    }

    /// The hosts on the way, the last one being `host` itself. As in OpenSSH, only the first hop of a list is reached
    /// by what its own `ProxyJump` says; each further one through the hop before it.
    ///
    /// # Errors
    /// [`SshError::TooManyJumps`], [`SshError::Config`].
    pub fn route(&self, host: HostConfig) -> Result<Vec<Arc<HostConfig>>, SshError> {
        let place = host.place();
        let mut route = vec![Arc::new(host)];
        let mut jumps: Vec<Jump> = route[0].proxy_jump.value.clone();
        while let Some(jump) = jumps.pop() {
            if route.len() > MOST_JUMPS {
                return Err(SshError::TooManyJumps {
                    host: place,
                    limit: MOST_JUMPS,
                });
            }
            let mut hop = self.resolve(&Asked {
                name: jump.host,
                port: jump.port,
                user: jump.user,
                ..Asked::default()
            })?;
            // Names on the way are resolved once for all who go it.
            hop.addresses = route[0].addresses.clone();
            if jumps.is_empty() {
                jumps.clone_from(&hop.proxy_jump.value);
            }
            route.push(Arc::new(hop));
        }
        route.reverse();
        Ok(route)
    }

    /// Connects and logs in, over all hops.
    ///
    /// # Errors
    /// [`SshError`]: what stood in the way, at which hop.
    pub async fn connect(&self, host: HostConfig) -> Result<Connection, SshError> {
        let mut route = self.route(host)?;
        let host = route.pop().expect("a route ends at its host");
        let before = self.hops(&route).await?;
        let (handle, report) = self.hop(&host, before.as_deref()).await?;
        Ok(Connection::new(handle, host, report, before))
    }

    /// Goes over the jump hosts; the connection to the last of them. Those who go the same way share it as long as one of
    /// them is there: a login for each host behind it would be too much for a jump host.
    pub(super) async fn hops(
        &self,
        jumps: &[Arc<HostConfig>],
    ) -> Result<Option<Arc<Handle<Guard>>>, SshError> {
        let mut before: Option<Arc<Handle<Guard>>> = None;
        let mut way = String::new();
        for jump in jumps {
            way = format!("{way}{} ", jump.place());
            let place = self.jumps.place(&way);
            let mut shared = place.lock().await;
            let open = shared.upgrade().filter(|handle| !handle.is_closed());
            before = Some(if let Some(handle) = open {
                handle
            } else {
                let handle = Arc::new(self.hop(jump, before.as_deref()).await?.0);
                *shared = Arc::downgrade(&handle);
                handle
            });
        }
        Ok(before)
    }

    /// What is known of hosts in the files that count for this one.
    pub(super) fn known_to(&self, host: &HostConfig) -> Arc<KnownHosts> {
        let user = host.user_known_hosts.value.iter();
        let files: Vec<PathBuf> = user
            .chain(&host.global_known_hosts.value)
            .map(PathBuf::from)
            .collect();
        self.known.read(&files)
    }

    /// One hop, begun again as long as the host sheds the connection before it shows its key (`MaxStartups`).
    async fn hop(
        &self,
        host: &Arc<HostConfig>,
        before: Option<&Handle<Guard>>,
    ) -> Result<(Handle<Guard>, Report), SshError> {
        let seconds = host.connect_timeout_seconds.value.max(1);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(seconds);
        let mut shed = 0;
        loop {
            let report = Report::default();
            let tried = tokio::time::timeout_at(deadline, self.try_hop(host, before, &report)).await;
            let error = match tried {
                Ok(Ok(handle)) => return Ok((handle, report)),
                Ok(Err(Refused::For(error))) => return Err(error),
                Ok(Err(Refused::Shed(error))) => error,
                Err(_) => {
                    return Err(SshError::Slow {
                        host: host.place(),
                        seconds,
                        at: if report.key_shown() {
                            "the login did not end"
                        } else {
                            "it did not show its key"
                        },
                    });
                }
            };
            shed += 1;
            if shed >= MOST_SHED {
                return Err(error);
            }
            let pause = rand::random_range(50..250) * u64::from(shed);
            if tokio::time::timeout_at(deadline, tokio::time::sleep(Duration::from_millis(pause)))
                .await
                .is_err()
            {
                return Err(error);
            }
        }
    }

    async fn try_hop(
        &self,
        host: &Arc<HostConfig>,
        before: Option<&Handle<Guard>>,
        report: &Report,
    ) -> Result<Handle<Guard>, Refused> {
        let address = format!("{}:{}", host.hostname.value, host.port.value);
        let _turn = self.limits.turn(&address).await;
        let known = self.known_to(host);
        let (name, bare) = (host.known_name(), host.hostname.value.to_lowercase());
        let config = client_config(
            host,
            &known.kinds(&name, &bare),
            known.has_authority(&name, &bare),
        );
        let guard = Guard::new(Arc::clone(host), known, report.clone());
        let way = way_to(host, before).await?;
        let connected = match way {
            Way::Socket(socket) => client::connect_stream(config, socket, guard).await,
            Way::Channel(channel) => client::connect_stream(config, channel, guard).await,
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

/// Why a hop was not made.
pub(super) enum Refused {
    /// For good.
    For(SshError),
    /// The host hung up before it showed who it is: it may have too many logins at once.
    Shed(SshError),
}

/// Opens what carries the connection.
pub(super) async fn way_to(host: &HostConfig, before: Option<&Handle<Guard>>) -> Result<Way, Refused> {
    let (name, port) = (host.hostname.value.as_str(), host.port.value);
    let unreachable = |reason: String| {
        Refused::For(SshError::Unreachable {
            host: host.place(),
            reason,
        })
    };
    if let Some(before) = before {
        let channel = before
            .channel_open_direct_tcpip(name, u32::from(port), "127.0.0.1", 0)
            .await
            .map_err(|error| unreachable(format!("the jump host does not open the way ({error})")))?;
        return Ok(Way::Channel(channel.into_stream()));
    }
    let socket = race::connect(host).await.map_err(|missed| match missed {
        Missed::Name(reason) => Refused::For(SshError::NoAddress {
            host: host.place(),
            reason,
        }),
        missed @ Missed::All(_) => unreachable(missed.reason()),
    })?;
    // Without it each request of a step waits up to 40 ms for an acknowledgement.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(host = %host.place(), %error, "TCP_NODELAY is not set");
    }
    Ok(Way::Socket(BufReader::with_capacity(READ_BUFFER, socket)))
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
        russh::Error::IO(_) | russh::Error::Disconnect | russh::Error::HUP | russh::Error::Version
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
