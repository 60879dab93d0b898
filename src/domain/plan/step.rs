//! One thing done to one target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::draft::SECRET_BEGINS;
use crate::domain::sanitize::{Decision, NotApplied, RuleHit};

/// One thing done to one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, unique within its target's list.
    pub name: String,
    /// What kind of thing, with what that kind needs.
    #[serde(flatten)]
    pub work: Work,
    /// The literal text that a shell on the host gets (`run`, `fetch`, checks from the host), or that says
    /// what is written there (`upload`). It is what the sanitizer judged. None where no host is touched.
    pub command: Option<String>,
    /// The sanitizer's word on `command` when the plan was made.
    pub verdict: Option<Decision>,
    /// The rules that matched.
    #[serde(default)]
    pub rules: Vec<RuleHit>,
    /// What matched and was not applied, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_applied: Vec<NotApplied>,
    /// How long one attempt may take before it is stopped.
    pub timeout_seconds: u64,
    /// How many times it is tried again after a failure.
    #[serde(default)]
    pub retries: u32,
    /// How long to wait before it is tried again.
    #[serde(default)]
    pub retry_delay_seconds: u64,
    /// So many times as long is waited before each further attempt as before the one before it; 1 waits always the
    /// same time, 2 doubles it.
    #[serde(default = "the_same", skip_serializing_if = "is_the_same")]
    pub retry_backoff: u32,
    /// It may be run again when its outcome is unknown.
    #[serde(default)]
    pub idempotent: bool,
    /// It also runs after an earlier step of its target failed (putting back).
    #[serde(default)]
    pub always: bool,
    /// It runs on the first target of the rollout alone (migrations).
    #[serde(default)]
    pub once: bool,
}

/// However often it is multiplied, no wait between two attempts is longer: an hour, or the first wait.
const LONGEST_BACKOFF_SECONDS: u64 = 3600;

fn the_same() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_the_same(backoff: &u32) -> bool {
    *backoff == 1
}

impl Step {
    /// A step that does this and no more: without a command, for at most a minute, once.
    #[must_use]
    pub fn of(name: impl Into<String>, work: Work) -> Self {
        Self {
            name: name.into(),
            work,
            command: None,
            verdict: None,
            rules: Vec::new(),
            not_applied: Vec::new(),
            timeout_seconds: 60,
            retries: 0,
            retry_delay_seconds: 0,
            retry_backoff: 1,
            idempotent: false,
            always: false,
            once: false,
        }
    }

    /// How long to wait before the retry of this number, from 1.
    #[must_use]
    pub fn wait_before(&self, retry: u32) -> u64 {
        let first = self.retry_delay_seconds;
        let times = u64::from(self.retry_backoff.max(1)).saturating_pow(retry.saturating_sub(1));
        first
            .saturating_mul(times)
            .min(first.max(LONGEST_BACKOFF_SECONDS))
    }
}

/// What a step does. The tag is the step's `kind` in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Runs the step's command with `/bin/sh` on the host.
    Run {
        /// As root, or as `user`, by sudo.
        #[serde(default)]
        sudo: bool,
        /// As this user instead of the login.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// In this folder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwd: Option<String>,
        /// With these permission bits taken away (octal); the login's own where none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        umask: Option<String>,
        /// With these variables. A value may hold a secret's placeholder, filled in at the door.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        env: BTreeMap<String, String>,
        /// The exit codes that mean it went well.
        ok_codes: Vec<i32>,
    },
    /// Puts a file or a folder on the host, whole and verified or not at all.
    Upload {
        /// Where it comes from.
        source: UploadSource,
        /// The absolute path on the host.
        dest: String,
        /// Permission bits in octal, for example `0644`.
        mode: String,
        /// `user` or `user:group`; the login's own where none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        /// SHA-256 (hex) of the bytes, where the plan could know it; of a folder, of its list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// Of a folder: what it does not have is removed on the host.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        delete: bool,
    },
    /// Lets the host download a file.
    Fetch {
        /// What to download.
        url: String,
        /// The absolute path on the host.
        dest: String,
        /// SHA-256 (hex) it must have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
    /// Waits.
    Sleep {
        /// For so long.
        seconds: u64,
    },
    /// Polls a URL until it answers as wanted.
    HttpCheck {
        /// What to ask.
        url: String,
        /// `GET`, `HEAD` or `POST`.
        method: String,
        /// The status that is wanted.
        status: u16,
        /// A text the body must contain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contains: Option<String>,
        /// Seconds from one try to the next.
        interval_seconds: u64,
        /// So many good answers one after another are enough.
        successes: u32,
        /// Asked from the host itself (by the step's command) rather than from the server.
        from_host: bool,
    },
    /// Polls a port until it accepts a connection.
    TcpCheck {
        /// Where: the target's address.
        address: String,
        /// Which port.
        port: u16,
        /// Seconds from one try to the next.
        interval_seconds: u64,
        /// So many good answers one after another are enough.
        successes: u32,
    },
    /// Takes the target out of service in all its pools.
    PoolOut,
    /// Waits until nobody uses the target any more, or the time is over.
    Drain {
        /// At most so long.
        seconds: u64,
    },
    /// Puts the target back in service in all its pools.
    PoolIn,
}

/// What a check says of a good answer to what it asked (`GET URL`), from the server and from a host alike.
#[must_use]
pub fn seen_well(asked: &str, status: u16) -> String {
    format!("{asked} answered {status}")
}

impl Work {
    /// A command as the login, in its home, without a variable; 0 alone means that it went well.
    #[must_use]
    pub fn run() -> Self {
        Self::Run {
            sudo: false,
            user: None,
            cwd: None,
            umask: None,
            env: BTreeMap::new(),
            ok_codes: vec![0],
        }
    }

    /// The variables that a command finds, as far as a plan tells them: one with a secret in its value is left out, so that
    /// the sanitizer takes it for what it is, not known.
    #[must_use]
    pub fn known_env(&self) -> BTreeMap<String, String> {
        match self {
            Self::Run { env, .. } => env
                .iter()
                .filter(|(_, value)| !value.contains(SECRET_BEGINS))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            _ => BTreeMap::new(),
        }
    }
}

/// Where an upload's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadSource {
    /// A file or a folder at the server.
    Path(String),
    /// The server downloads it once, for all targets.
    Url(String),
    /// The text itself.
    Content(String),
}

impl Work {
    /// The word for its kind, as in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Run { .. } => "run",
            Self::Upload { .. } => "upload",
            Self::Fetch { .. } => "fetch",
            Self::Sleep { .. } => "sleep",
            Self::HttpCheck { .. } => "http_check",
            Self::TcpCheck { .. } => "tcp_check",
            Self::PoolOut => "pool_out",
            Self::Drain { .. } => "drain",
            Self::PoolIn => "pool_in",
        }
    }

    /// Whether a session on the host is needed for it.
    #[must_use]
    pub fn needs_host(&self) -> bool {
        match self {
            Self::Run { .. } | Self::Upload { .. } | Self::Fetch { .. } => true,
            Self::HttpCheck { from_host, .. } => *from_host,
            Self::Sleep { .. }
            | Self::TcpCheck { .. }
            | Self::PoolOut
            | Self::Drain { .. }
            | Self::PoolIn => false,
        }
    }
}
