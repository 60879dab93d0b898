//! What a configuration says about one host, with the place of each value.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// Edgewise's own settings (`ssh.user` and the like).
    Settings,
    /// The target's own entry in the configuration, or the command line.
    Asked,
    /// A line of a file.
    Line {
        /// The file.
        file: Arc<Path>,
        /// From 1.
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Settings => f.write_str("settings"),
            Self::Asked => f.write_str("the target itself"),
            Self::Line { file, line } => write!(f, "{}:{line}", file.display()),
        }
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value and where it comes from.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// What to do with a host key that nobody knows. A key other than the known one is always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrictHostKeys {
    /// Refuse it.
    Yes,
    /// Take it and write it down (`accept-new`; `no` is taken for it, with a warning).
    AcceptNew,
}

/// Which addresses of a name count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFamily {
    /// All.
    Any,
    /// IPv4 alone.
    Inet,
    /// IPv6 alone.
    Inet6,
}

impl AddressFamily {
    /// Whether an address counts.
    #[must_use]
    pub fn takes(self, address: &SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Inet => address.is_ipv4(),
            Self::Inet6 => address.is_ipv6(),
        }
    }
}

/// The addresses that names were found to have, for as long as somebody goes by them: all who hold a copy of the
/// same [`HostConfig`] share them.
#[derive(Debug, Clone, Default)]
pub struct Addresses(Arc<Mutex<HashMap<String, Vec<SocketAddr>>>>);

impl Addresses {
    /// What was found before; it must be kept again where it still holds.
    #[must_use]
    pub fn take(&self, name: &str) -> Option<Vec<SocketAddr>> {
        self.lock().remove(name)
    }

    /// Keeps what was found.
    pub fn keep(&self, name: &str, addresses: Vec<SocketAddr>) {
        self.lock().insert(name.to_owned(), addresses);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<SocketAddr>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One hop on the way to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// Its name, resolved by the configuration in turn.
    pub host: String,
    /// The login there, where the line names one.
    pub user: Option<String>,
    /// The port there, where the line names one.
    pub port: Option<u16>,
}

/// How a host is reached.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// The name it was asked for.
    pub name: String,
    /// The name or address to connect to.
    pub hostname: Sourced<String>,
    /// The port.
    pub port: Sourced<u16>,
    /// The login.
    pub user: Sourced<String>,
    /// Which of its addresses count.
    pub address_family: Sourced<AddressFamily>,
    /// The addresses of its name and of the hops before it, once they are found.
    pub addresses: Addresses,
    /// Key files, in the order they are tried. Files of the default list need not exist.
    pub identity_files: Vec<Sourced<String>>,
    /// Only these keys, even where the agent has more.
    pub identities_only: Sourced<bool>,
    /// Certificates for the keys.
    pub certificate_files: Vec<Sourced<String>>,
    /// The agent's socket; none where there is none or it is turned off.
    pub identity_agent: Sourced<Option<String>>,
    /// The hops before it, the first one first; empty where it is reached directly.
    pub proxy_jump: Sourced<Vec<Jump>>,
    /// Files of known host keys; new ones go to the first.
    pub user_known_hosts: Sourced<Vec<String>>,
    /// The system's files of known host keys.
    pub global_known_hosts: Sourced<Vec<String>>,
    /// What to do with an unknown host key.
    pub strict_host_keys: Sourced<StrictHostKeys>,
    /// The name under which the host key is known, instead of the host's.
    pub host_key_alias: Sourced<Option<String>>,
    /// How long resolving, connecting and logging in may take together.
    pub connect_timeout_seconds: Sourced<u64>,
    /// Seconds of silence after which the host is asked for a sign of life; 0 never.
    pub alive_interval_seconds: Sourced<u64>,
    /// How many of these may stay unanswered.
    pub alive_count_max: Sourced<u32>,
    /// What the configuration asks for and Edgewise does not do.
    pub warnings: Vec<String>,
}

impl HostConfig {
    /// The name under which its key stands in `known_hosts`: `host`, or `[host]:port` where the port is not 22.
    #[must_use]
    pub fn known_name(&self) -> String {
        if let Some(alias) = &self.host_key_alias.value {
            return alias.to_lowercase();
        }
        let host = self.hostname.value.to_lowercase();
        if self.port.value == 22 {
            host
        } else {
            format!("[{host}]:{}", self.port.value)
        }
    }

    /// `user@host:port`, as messages name it.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}@{}:{}", self.user.value, self.hostname.value, self.port.value)
    }

    /// Every value by the name of its keyword, with its place: what `hosts explain` shows.
    #[must_use]
    pub fn explain(&self) -> Vec<(&'static str, String, Origin)> {
        let mut rows = Vec::new();
        let mut row = |keyword, value: String, origin: &Origin| rows.push((keyword, value, origin.clone()));
        row("HostName", self.hostname.value.clone(), &self.hostname.origin);
        row("Port", self.port.value.to_string(), &self.port.origin);
        row("User", self.user.value.clone(), &self.user.origin);
        let family = match self.address_family.value {
            AddressFamily::Any => "any",
            AddressFamily::Inet => "inet",
            AddressFamily::Inet6 => "inet6",
        };
        row("AddressFamily", family.to_owned(), &self.address_family.origin);
        for file in &self.identity_files {
            row("IdentityFile", file.value.clone(), &file.origin);
        }
        row(
            "IdentitiesOnly",
            yes_no(self.identities_only.value),
            &self.identities_only.origin,
        );
        for file in &self.certificate_files {
            row("CertificateFile", file.value.clone(), &file.origin);
        }
        let agent = self
            .identity_agent
            .value
            .clone()
            .unwrap_or_else(|| "none".to_owned());
        row("IdentityAgent", agent, &self.identity_agent.origin);
        let jumps: Vec<String> = self.proxy_jump.value.iter().map(ToString::to_string).collect();
        let jumps = if jumps.is_empty() {
            "none".to_owned()
        } else {
            jumps.join(",")
        };
        row("ProxyJump", jumps, &self.proxy_jump.origin);
        row(
            "UserKnownHostsFile",
            self.user_known_hosts.value.join(" "),
            &self.user_known_hosts.origin,
        );
        row(
            "GlobalKnownHostsFile",
            self.global_known_hosts.value.join(" "),
            &self.global_known_hosts.origin,
        );
        let strict = match self.strict_host_keys.value {
            StrictHostKeys::Yes => "yes",
            StrictHostKeys::AcceptNew => "accept-new",
        };
        row(
            "StrictHostKeyChecking",
            strict.to_owned(),
            &self.strict_host_keys.origin,
        );
        let alias = self
            .host_key_alias
            .value
            .clone()
            .unwrap_or_else(|| "none".to_owned());
        row("HostKeyAlias", alias, &self.host_key_alias.origin);
        row(
            "ConnectTimeout",
            self.connect_timeout_seconds.value.to_string(),
            &self.connect_timeout_seconds.origin,
        );
        row(
            "ServerAliveInterval",
            self.alive_interval_seconds.value.to_string(),
            &self.alive_interval_seconds.origin,
        );
        row(
            "ServerAliveCountMax",
            self.alive_count_max.value.to_string(),
            &self.alive_count_max.origin,
        );
        rows
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}
