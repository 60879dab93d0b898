//! The settings as the rest of the program reads them: one struct a section, every default filled in.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `[server]`
    pub server: ServerSettings,
    /// `[store]`
    pub store: StoreSettings,
    /// `[ssh]`
    pub ssh: SshSettings,
    /// `[elasticsearch]`
    pub elasticsearch: ElasticsearchSettings,
    /// `[actions]`
    pub actions: ActionSettings,
    /// `[log]`
    pub log: LogSettings,
}

/// A value that is never shown: no `Display`, and `Debug` masks it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` from being shown.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::domain::mask::MASK)
    }
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// `server.listen`, `EDGEWISE_SERVER__LISTEN`, default `127.0.0.1:8080`: port 0 takes a free one.
    pub listen: String,
    /// `server.data_dir`, `EDGEWISE_SERVER__DATA_DIR`, default `/var/lib/edgewise` for root, else
    /// `$XDG_DATA_HOME/edgewise` or `~/.local/share/edgewise`.
    pub data_dir: PathBuf,
    /// `server.secure_cookies`, `EDGEWISE_SERVER__SECURE_COOKIES`, default false: the session cookie over HTTPS only.
    pub secure_cookies: bool,
    /// `server.trust_forwarded`, `EDGEWISE_SERVER__TRUST_FORWARDED`, default false: believe `X-Forwarded-Proto` and
    /// `X-Forwarded-Host`.
    pub trust_forwarded: bool,
    /// `server.session_hours`, `EDGEWISE_SERVER__SESSION_HOURS`, default 12.
    pub session_hours: u32,
    /// `server.shutdown_seconds`, `EDGEWISE_SERVER__SHUTDOWN_SECONDS`, default 20.
    pub shutdown_seconds: u32,
    /// `server.public_url`, `EDGEWISE_SERVER__PUBLIC_URL`, no default: what links in messages begin with.
    pub public_url: Option<String>,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// `store.url`, `EDGEWISE_STORE__URL` (or `_FILE`), default `sqlite:<data_dir>/edgewise.db`. May hold a password.
    pub url: Secret,
}

/// `[ssh]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSettings {
    /// `ssh.config_file`, `EDGEWISE_SSH__CONFIG_FILE`, default `~/.ssh/config`, then `/etc/ssh/ssh_config`.
    pub config_file: Option<PathBuf>,
    /// `ssh.known_hosts_file`, `EDGEWISE_SSH__KNOWN_HOSTS_FILE`, default `~/.ssh/known_hosts`.
    pub known_hosts_file: Option<PathBuf>,
    /// `ssh.user`, `EDGEWISE_SSH__USER`, default the user who runs Edgewise.
    pub user: Option<String>,
    /// `ssh.identity_file`, `EDGEWISE_SSH__IDENTITY_FILE`, default the agent and the usual files.
    pub identity_file: Option<PathBuf>,
    /// `EDGEWISE_SSH_PASSWORD` (or `_FILE`), no default; not in a settings file.
    pub password: Option<Secret>,
    /// `EDGEWISE_SSH_KEY_PASSPHRASE` (or `_FILE`), no default; not in a settings file.
    pub key_passphrase: Option<Secret>,
    /// `ssh.connect_timeout_seconds`, `EDGEWISE_SSH__CONNECT_TIMEOUT_SECONDS`, default 20: name, connection, key
    /// exchange and login together.
    pub connect_timeout_seconds: u32,
    /// `EDGEWISE_SUDO_PASSWORD` (or `_FILE`), no default; not in a settings file.
    pub sudo_password: Option<Secret>,
    /// `ssh.max_output_mib`, `EDGEWISE_SSH__MAX_OUTPUT_MIB`, default 256: a step that writes more is stopped.
    pub max_output_mib: u32,
    /// `ssh.keep_days`, `EDGEWISE_SSH__KEEP_DAYS`, default 7: what steps left in `~/.edgewise` on their hosts goes after so
    /// long.
    pub keep_days: u32,
    /// `ssh.max_connections`, `EDGEWISE_SSH__MAX_CONNECTIONS`, default 2000: open at once over all actions.
    pub max_connections: u32,
    /// `ssh.max_starts`, `EDGEWISE_SSH__MAX_STARTS`, default 128: connections that are being made, over all hosts.
    pub max_starts: u32,
    /// `ssh.max_starts_per_network`, `EDGEWISE_SSH__MAX_STARTS_PER_NETWORK`, default 64: in one /24, or /64 of IPv6.
    pub max_starts_per_network: u32,
    /// `ssh.max_starts_per_jump`, `EDGEWISE_SSH__MAX_STARTS_PER_JUMP`, default 32: through one jump host.
    pub max_starts_per_jump: u32,
    /// `ssh.max_starts_per_address`, `EDGEWISE_SSH__MAX_STARTS_PER_ADDRESS`, default 8: at one address and port.
    pub max_starts_per_address: u32,
    /// `ssh.max_hosts_per_jump`, `EDGEWISE_SSH__MAX_HOSTS_PER_JUMP`, default 64: behind one connection to a jump host.
    pub max_hosts_per_jump: u32,
}

/// `[elasticsearch]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElasticsearchSettings {
    /// `elasticsearch.url`, `EDGEWISE_ELASTICSEARCH__URL` (or `_FILE`; several with commas), no default: one or more.
    /// They may hold a password.
    pub urls: Vec<Secret>,
    /// `elasticsearch.username`, `EDGEWISE_ELASTICSEARCH__USERNAME`, no default.
    pub username: Option<String>,
    /// `elasticsearch.password`, `EDGEWISE_ELASTICSEARCH__PASSWORD` (or `_FILE`), no default.
    pub password: Option<Secret>,
    /// `elasticsearch.api_key`, `EDGEWISE_ELASTICSEARCH__API_KEY` (or `_FILE`), no default.
    pub api_key: Option<Secret>,
    /// `elasticsearch.ca_file`, `EDGEWISE_ELASTICSEARCH__CA_FILE`, no default: PEM certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// `elasticsearch.index_prefix`, `EDGEWISE_ELASTICSEARCH__INDEX_PREFIX`, default `edge`.
    pub index_prefix: String,
    /// `elasticsearch.index_period`, `EDGEWISE_ELASTICSEARCH__INDEX_PERIOD`, default `day`.
    pub index_period: IndexPeriod,
    /// `elasticsearch.keep_days`, `EDGEWISE_ELASTICSEARCH__KEEP_DAYS`, default 365: indices are deleted after so long; 0 is never.
    pub keep_days: u32,
}

/// How often a new index begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexPeriod {
    /// `edge-basic-2026.11.21`
    Day,
    /// `edge-basic-2026.11`
    Month,
}

/// `[actions]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSettings {
    /// `actions.queue_timeout_seconds`, `EDGEWISE_ACTIONS__QUEUE_TIMEOUT_SECONDS`, default 3600.
    pub queue_timeout_seconds: u64,
    /// `actions.keep_days`, `EDGEWISE_ACTIONS__KEEP_DAYS`, default 365: finished actions are forgotten after so long.
    pub keep_days: u32,
    /// `actions.keep_of_project`, `EDGEWISE_ACTIONS__KEEP_OF_PROJECT`, default 50: but the newest so many of each project
    /// are not.
    pub keep_of_project: u32,
    /// `actions.notify_hours`, `EDGEWISE_ACTIONS__NOTIFY_HOURS`, default 24: a notice that its receiver does not take is
    /// given up after so long.
    pub notify_hours: u32,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// `log.keep_days`, `EDGEWISE_LOG__KEEP_DAYS`, default 90: the built-in log forgets actions after so long.
    pub keep_days: u32,
    /// `log.max_mib`, `EDGEWISE_LOG__MAX_MIB`, default 10240: and the oldest ones where it takes up more.
    pub max_mib: u32,
    /// `log.command_lines`, `EDGEWISE_LOG__COMMAND_LINES`, default 200000: so many lines of output of one attempt of one step are kept.
    pub command_lines: u32,
    /// `log.command_mib`, `EDGEWISE_LOG__COMMAND_MIB`, default 32: and of no more MiB.
    pub command_mib: u32,
    /// `log.target_lines`, `EDGEWISE_LOG__TARGET_LINES`, default 1000000: so many lines of output of one target in one action are kept.
    pub target_lines: u32,
    /// `log.target_mib`, `EDGEWISE_LOG__TARGET_MIB`, default 128: and of no more MiB.
    pub target_mib: u32,
    /// `log.action_lines`, `EDGEWISE_LOG__ACTION_LINES`, default 5000000: so many lines of output of one action are kept.
    pub action_lines: u32,
    /// `log.action_mib`, `EDGEWISE_LOG__ACTION_MIB`, default 1024: and of no more MiB.
    pub action_mib: u32,
    /// `log.spool_max_mib`, `EDGEWISE_LOG__SPOOL_MAX_MIB`, default 4096: what waits for sinks may take up so much.
    pub spool_max_mib: u32,
    /// `log.fsync`, `EDGEWISE_LOG__FSYNC`, default `interval`: when the spool is forced to the disk.
    pub fsync: LogFsync,
    /// `log.audit`, `EDGEWISE_LOG__AUDIT`, default `relaxed`: what gives way where the spool is full.
    pub audit: LogAudit,
    /// `log.stdout`, `EDGEWISE_LOG__STDOUT`, default false: entries as lines of JSON on standard output.
    pub stdout: bool,
    /// `log.file`, `EDGEWISE_LOG__FILE`, no default: entries as lines of JSON in this file.
    pub file: Option<PathBuf>,
    /// `log.syslog`, `EDGEWISE_LOG__SYSLOG`, no default: `unix:/dev/log`, `udp://host:514` or `tcp://host:601`.
    pub syslog: Option<String>,
}

/// When the spool is forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFsync {
    /// Before an entry is believed to be kept.
    Always,
    /// Every second.
    Interval,
    /// When the operating system likes.
    Never,
}

/// What gives way where the spool is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogAudit {
    /// New actions, which are refused.
    Strict,
    /// Detail, which is dropped.
    Relaxed,
}
