//! What the SSH side needs to know before it reaches the first host.

use std::fmt;
use std::path::PathBuf;

/// Seconds that resolving, connecting and logging in may take together, where nobody says otherwise.
pub const CONNECT_TIMEOUT_SECONDS: u64 = 20;

/// Seconds that a host which went away is looked for, where nobody says otherwise.
pub const PATIENCE_SECONDS: u64 = 30;

/// Bytes that a step may write, where nobody says otherwise.
pub const MAX_OUTPUT_BYTES: u64 = 256 << 20;

/// The settings of the section `ssh`, with what the environment of the process says.
#[derive(Clone, PartialEq, Eq)]
pub struct SshSettings {
    /// The only `ssh_config` to read; else `~/.ssh/config` and `/etc/ssh/ssh_config`.
    pub config_file: Option<PathBuf>,
    /// The file of known hosts where `ssh_config` names none; else `~/.ssh/known_hosts`.
    pub known_hosts_file: Option<PathBuf>,
    /// The login where neither the target nor `ssh_config` names one; else [`SshSettings::local_user`].
    pub user: Option<String>,
    /// The key file where `ssh_config` names none; else the usual ones in `~/.ssh`.
    pub identity_file: Option<PathBuf>,
    /// The password for hosts that want one.
    pub password: Option<String>,
    /// The password that sudo takes on the hosts; `sudo -n` where none.
    pub sudo_password: Option<String>,
    /// A step that wrote more bytes than this to its two streams together is stopped.
    pub max_output_bytes: u64,
    /// What opens encrypted key files.
    pub key_passphrase: Option<String>,
    /// Seconds for resolving, connecting and logging in together, where `ssh_config` does not say.
    pub connect_timeout_seconds: u64,
    /// Seconds that a host which went away in the middle of a step is looked for, before its outcome is unknown.
    pub patience_seconds: u64,
    /// How much at once.
    pub limits: SshLimits,
    /// The home folder of the user who runs Edgewise.
    pub home: PathBuf,
    /// Their name.
    pub local_user: String,
    /// The socket of their agent.
    pub agent_socket: Option<PathBuf>,
}

/// How much may happen at once. A *start* is a connection that is being made, up to the end of the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SshLimits {
    /// Connections that actions hold open, over all actions.
    pub connections: usize,
    /// Starts over all hosts.
    pub starts: usize,
    /// Starts in one network: a /24, or a /64 of IPv6.
    pub starts_per_network: usize,
    /// Starts through one jump host.
    pub starts_per_jump: usize,
    /// Starts at one address and port.
    pub starts_per_address: usize,
    /// Hosts behind one connection to a jump host; more get another one.
    pub hosts_per_jump: usize,
}

impl Default for SshLimits {
    fn default() -> Self {
        Self {
            connections: 2000,
            starts: 128,
            starts_per_network: 64,
            starts_per_jump: 32,
            starts_per_address: 8,
            hosts_per_jump: 64,
        }
    }
}

impl SshLimits {
    /// Keeps the connections well below the number of files that the process may open: the store, the web server and the
    /// logs need some too.
    pub fn fit(&mut self, open_files: u64) {
        let room = usize::try_from(open_files / 4 * 3).unwrap_or(usize::MAX).max(1);
        if self.connections > room {
            tracing::warn!(
                wanted = self.connections,
                open_files,
                "no more than {room} connections will be open at once: raise the limit of open files (ulimit -n) for more"
            );
            self.connections = room;
        }
    }
}

impl SshSettings {
    /// The usual places of a user: everything else as nobody said anything.
    #[must_use]
    pub fn of_user(home: PathBuf, local_user: String, agent_socket: Option<PathBuf>) -> Self {
        Self {
            config_file: None,
            known_hosts_file: None,
            user: None,
            identity_file: None,
            password: None,
            sudo_password: None,
            max_output_bytes: MAX_OUTPUT_BYTES,
            key_passphrase: None,
            connect_timeout_seconds: CONNECT_TIMEOUT_SECONDS,
            patience_seconds: PATIENCE_SECONDS,
            limits: SshLimits::default(),
            home,
            local_user,
            agent_socket,
        }
    }

    /// The usual places of the user whose process this is, as `HOME`, `USER` (or `LOGNAME`) and `SSH_AUTH_SOCK` say.
    #[must_use]
    pub fn of_environment() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let user = text("USER").or_else(|| text("LOGNAME")).unwrap_or_else(|| {
            let root = rustix::process::geteuid().is_root();
            if root { "root" } else { "nobody" }.to_owned()
        });
        let home = text("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
        Self::of_user(home, user, text("SSH_AUTH_SOCK").map(PathBuf::from))
    }
}

impl fmt::Debug for SshSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshSettings")
            .field("config_file", &self.config_file)
            .field("known_hosts_file", &self.known_hosts_file)
            .field("user", &self.user)
            .field("identity_file", &self.identity_file)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("sudo_password", &self.sudo_password.as_ref().map(|_| "***"))
            .field("max_output_bytes", &self.max_output_bytes)
            .field("key_passphrase", &self.key_passphrase.as_ref().map(|_| "***"))
            .field("connect_timeout_seconds", &self.connect_timeout_seconds)
            .field("patience_seconds", &self.patience_seconds)
            .field("limits", &self.limits)
            .field("home", &self.home)
            .field("local_user", &self.local_user)
            .field("agent_socket", &self.agent_socket)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::SshLimits;

    #[test]
    fn connections_stay_well_below_the_open_files() {
        for (open_files, connections) in [(20_000, 2000), (1024, 768), (3, 1), (u64::MAX, 2000)] {
            let mut limits = SshLimits::default();
            limits.fit(open_files);
            assert_eq!(limits.connections, connections, "{open_files} files");
        }
    }
}
