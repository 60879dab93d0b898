//! Made-up hosts for `edgewise demo` and for tests: SSH servers in this process, on the loopback.
//!
//! Each has a fresh key, a folder of its own that is its home, and really runs what it is given with `/bin/sh`. A host can
//! be told to misbehave. Nothing of it needs root or an installed program, and everything they started ends with them.

mod fault;
mod host;
mod keys;
mod process;
mod server;

pub use fault::Fault;
pub use host::FleetHost;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keys::KeyPair;

/// What to make up.
#[derive(Debug, Clone)]
pub struct FleetPlan {
    /// The hosts.
    pub hosts: Vec<HostPlan>,
    /// The folder under which everything lives: a folder for each host, and the key that they let in.
    pub root: PathBuf,
}

/// A host to make up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPlan {
    /// Its name, also that of its folder.
    pub name: String,
    /// Its zone; any text.
    pub zone: String,
}

/// A fleet that could not be made up.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// A folder, a file or a port.
    #[error("cannot make up {what}: {source}")]
    Io {
        /// What was wanted.
        what: String,
        /// Why it was not to be had.
        source: std::io::Error,
    },
    /// A key.
    #[error("cannot make a key: {0}")]
    Key(#[from] russh::keys::ssh_key::Error),
}

/// Running hosts. Dropping it stops them, and everything they started.
#[derive(Debug)]
pub struct Fleet {
    hosts: Vec<Arc<FleetHost>>,
    client_key: PathBuf,
}

impl Fleet {
    /// Starts the hosts. Needs a Tokio runtime.
    ///
    /// # Errors
    /// [`FleetError`] where a folder or a port is not to be had.
    pub async fn start(plan: FleetPlan) -> Result<Self, FleetError> {
        let client = KeyPair::make()?;
        let client_key = plan.root.join("id_ed25519");
        let io = |what: &Path| {
            let what = what.display().to_string();
            move |source| FleetError::Io { what, source }
        };
        std::fs::create_dir_all(&plan.root).map_err(io(&plan.root))?;
        client.write(&client_key).map_err(io(&client_key))?;
        let mut hosts = Vec::with_capacity(plan.hosts.len());
        for host in plan.hosts {
            hosts.push(FleetHost::start(host, &plan.root, client.public().clone()).await?);
        }
        Ok(Self { hosts, client_key })
    }

    /// The hosts, in the order of the plan.
    #[must_use]
    pub fn hosts(&self) -> &[Arc<FleetHost>] {
        &self.hosts
    }

    /// The host of this name.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&Arc<FleetHost>> {
        self.hosts.iter().find(|host| host.name() == name)
    }

    /// Lines for a file of known hosts that name every host's key.
    #[must_use]
    pub fn known_hosts_text(&self) -> String {
        self.hosts
            .iter()
            .map(|host| host.known_hosts_line() + "\n")
            .collect()
    }

    /// An `ssh_config` by which each host is reached under its name.
    #[must_use]
    pub fn ssh_config_text(&self) -> String {
        let host = |host: &Arc<FleetHost>| {
            format!(
                "Host {}\n  HostName 127.0.0.1\n  Port {}\n",
                host.name(),
                host.port()
            )
        };
        self.hosts.iter().map(host).collect()
    }

    /// The file with the key that every host lets in.
    #[must_use]
    pub fn client_key(&self) -> &Path {
        &self.client_key
    }

    /// Stops every host and everything that was started there.
    pub async fn stop(&self) {
        for host in &self.hosts {
            host.stop().await;
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for host in &self.hosts {
            host.kill_all();
        }
    }
}

#[cfg(test)]
#[path = "fleet_test.rs"]
mod tests;
