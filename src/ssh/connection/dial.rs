//! The way to a host: over its jump hosts, with each one's key checked, under one time limit.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::ChannelStream;
use russh::client::Msg;
use tokio::net::TcpStream;

use crate::ssh::auth::KeyFiles;
use crate::ssh::config::{Asked, Defaults, HostConfig, Jump, SshConfig};
use crate::ssh::error::SshError;
use crate::ssh::known_hosts::{KnownHosts, KnownHostsFiles};
use crate::ssh::places::{Places, REST};
use crate::ssh::settings::SshSettings;
use crate::ssh::terms::Terms;

use super::algorithms::keepalive_bound;
use super::jumps::{JumpConnection, Jumps};
use super::limits::Limits;
use super::open::{Connection, kept};
use super::race;
use super::socket::Socket;

/// How many hosts may stand on the way to one.
const MOST_JUMPS: usize = 8;

/// Knows the configuration, the keys and the limits, and opens connections.
#[derive(Debug)]
pub struct Dialer {
    config: SshConfig,
    defaults: Defaults,
    pub(super) password: Option<String>,
    terms: Arc<Terms>,
    patience: Duration,
    known: KnownHostsFiles,
    pub(super) keys: KeyFiles,
    pub(super) limits: Limits,
    jumps: Jumps,
    places: Places,
}

/// What carries a connection: a socket, or a channel through a jump host.
pub(super) enum Way {
    Socket(Socket),
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
            terms: Arc::new(Terms::of(settings)),
            patience: Duration::from_secs(settings.patience_seconds),
            known: KnownHostsFiles::default(),
            keys: KeyFiles::new(settings.key_passphrase.as_deref()),
            limits: Limits::new(settings.limits),
            jumps: Jumps::new(settings.limits.hosts_per_jump),
            places: Places::new(settings.limits.connections, REST),
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

    /// The places for connections of actions.
    pub(in crate::ssh) fn places(&self) -> &Places {
        &self.places
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
        let made = match self.hop(&host, before.as_deref()).await {
            // The jump host went away meanwhile: there may be another connection to it by now.
            Err(error) if error.is_passing() && before.as_ref().is_some_and(|before| before.is_closed()) => {
                let before = self.hops(&route).await?;
                let made = self.hop(&host, before.as_deref()).await?;
                return Ok(Connection::new(made, host, Arc::clone(&self.terms), before));
            }
            made => made?,
        };
        Ok(Connection::new(made, host, Arc::clone(&self.terms), before))
    }

    /// Goes over the jump hosts; the connection to the last of them. Those who go the same way share it as long as one of
    /// them is there: a login for each host behind it would be too much for a jump host.
    pub(super) async fn hops(
        &self,
        jumps: &[Arc<HostConfig>],
    ) -> Result<Option<Arc<JumpConnection>>, SshError> {
        let mut before: Option<Arc<JumpConnection>> = None;
        let mut way = String::new();
        for jump in jumps {
            way = format!("{way}{} ", jump.place());
            let lanes = self.jumps.lanes(&way);
            let mut lanes = lanes.lock().await;
            before = Some(if let Some(lane) = self.jumps.with_room(&mut lanes) {
                lane
            } else {
                let made = self.hop(jump, before.as_deref()).await?;
                let lane = Arc::new(JumpConnection::new(made, way.clone(), before));
                lanes.push(Arc::downgrade(&lane));
                lane
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
}

/// Why a hop was not made.
pub(super) enum Refused {
    /// For good.
    For(SshError),
    /// The host hung up before it showed who it is: it may have too many logins at once.
    Shed(SshError),
}

/// Lets the kernel give up a peer that acknowledges nothing for so long: while a write waits for room, russh's keepalive
/// sees nothing.
fn notice_silence(socket: &TcpStream, silence: Duration) {
    let millis = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(socket, millis) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT is not set");
    }
}

/// Opens what carries the connection.
pub(super) async fn way_to(
    host: &HostConfig,
    before: Option<&JumpConnection>,
    addresses: &[SocketAddr],
) -> Result<Way, Refused> {
    let (name, port) = (host.hostname.value.clone(), host.port.value);
    let unreachable = |reason: String| {
        Refused::For(SshError::Unreachable {
            host: host.place(),
            reason,
        })
    };
    if let Some(before) = before {
        let jump = Arc::clone(&before.handle);
        let opening = kept(async move {
            jump.channel_open_direct_tcpip(name, u32::from(port), "127.0.0.1", 0)
                .await
        });
        let channel = opening
            .await
            .map_err(|error| unreachable(format!("the jump host does not open the way ({error})")))?;
        return Ok(Way::Channel(channel.into_stream()));
    }
    let socket = race::connect(host, addresses).await.map_err(unreachable)?;
    // Without it each request of a step waits up to 40 ms for an acknowledgement.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(host = %host.place(), %error, "TCP_NODELAY is not set");
    }
    if let Some(silence) = keepalive_bound(host) {
        notice_silence(&socket, silence);
    }
    Ok(Way::Socket(Socket::new(socket)))
}
