//! What the SSH side needs to know before it reaches the first host.

use std::fmt;
use std::path::PathBuf;

/// Seconds that resolving, connecting and logging in may take together, where nobody says otherwise.
pub const CONNECT_TIMEOUT_SECONDS: u64 = 20;

/// Seconds that a host which went away is looked for, where nobody says otherwise.
pub const PATIENCE_SECONDS: u64 = 30;

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
    /// What opens encrypted key files.
    pub key_passphrase: Option<String>,
    /// Seconds for resolving, connecting and logging in together, where `ssh_config` does not say.
    pub connect_timeout_seconds: u64,
    /// Seconds that a host which went away in the middle of a step is looked for, before its outcome is unknown.
    pub patience_seconds: u64,
    /// The home folder of the user who runs Edgewise.
    pub home: PathBuf,
    /// Their name.
    pub local_user: String,
    /// The socket of their agent.
    pub agent_socket: Option<PathBuf>,
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
            key_passphrase: None,
            connect_timeout_seconds: CONNECT_TIMEOUT_SECONDS,
            patience_seconds: PATIENCE_SECONDS,
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
            .field("key_passphrase", &self.key_passphrase.as_ref().map(|_| "***"))
            .field("connect_timeout_seconds", &self.connect_timeout_seconds)
            .field("patience_seconds", &self.patience_seconds)
            .field("home", &self.home)
            .field("local_user", &self.local_user)
            .field("agent_socket", &self.agent_socket)
            .finish()
    }
}
