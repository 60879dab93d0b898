//! What can go wrong between here and a host.

use crate::app::ports::HostFailure;
use crate::domain::outcome::Outcome;

use super::config::ConfigError;
use super::known_hosts::TrustError;

/// Why a host cannot be worked with. `host` is `user@host:port`.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The way to a host leads in a circle, or over too many hops.
    #[error("the way to {host} leads over more than {limit} jump hosts: look at ProxyJump in the ssh_config")]
    TooManyJumps {
        /// Where to.
        host: String,
        /// How many are followed.
        limit: usize,
    },
    /// The name means no address.
    #[error("{host}: the name cannot be resolved: {reason}")]
    NoAddress {
        /// Where to.
        host: String,
        /// Why not.
        reason: String,
    },
    /// Nobody answers there.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// Where to.
        host: String,
        /// Why not.
        reason: String,
    },
    /// It took too long.
    #[error("{host} did not let us in within {seconds} s: {at}")]
    Slow {
        /// Where to.
        host: String,
        /// The limit.
        seconds: u64,
        /// What was being waited for.
        at: &'static str,
    },
    /// The host's key is not known.
    #[error(
        "the host key of {name} is not known ({kind} {fingerprint}): compare it, then run `edgewise hosts trust {asked}`"
    )]
    HostKeyUnknown {
        /// As `known_hosts` names it.
        name: String,
        /// As the command to trust it names it.
        asked: String,
        /// The kind of key.
        kind: String,
        /// SHA-256.
        fingerprint: String,
    },
    /// The host shows another key than the one that is known.
    #[error(
        "the host key of {name} has CHANGED: it shows {kind} {fingerprint}, and another one is known ({}). \
         Somebody may sit in between. If the host was set up anew, remove the line and run `edgewise hosts trust {asked}`",
        .places.join(", ")
    )]
    HostKeyChanged {
        /// As `known_hosts` names it.
        name: String,
        /// As the command to trust it names it.
        asked: String,
        /// The kind of key.
        kind: String,
        /// SHA-256.
        fingerprint: String,
        /// Where the known ones stand.
        places: Vec<String>,
    },
    /// The host shows a key that must not be accepted, or a certificate that is not good.
    #[error("the host key of {name} is refused: {reason}")]
    HostKeyRefused {
        /// As `known_hosts` names it.
        name: String,
        /// Why.
        reason: String,
    },
    /// Every login was refused.
    #[error("{host} refused every login: {}{}", .offered.join("; "), wanted(.methods))]
    AuthFailed {
        /// Where to.
        host: String,
        /// What was offered, and what came of it.
        offered: Vec<String>,
        /// What the host would take.
        methods: Vec<String>,
    },
    /// The connection ended.
    #[error("the connection to {host} was lost{}", because(.reason.as_deref()))]
    Lost {
        /// Where to.
        host: String,
        /// Why, where somebody said so.
        reason: Option<String>,
    },
    /// The host opens no channel or runs no command.
    #[error("{host} does not run commands: {reason}")]
    NoCommands {
        /// Where to.
        host: String,
        /// Why not.
        reason: String,
    },
    /// A key file does not open.
    #[error("{path}: {reason}")]
    Sealed {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A key could not be written down.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

fn because(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

fn wanted(methods: &[String]) -> String {
    if methods.is_empty() {
        String::new()
    } else {
        format!(" (it takes {})", methods.join(", "))
    }
}

impl SshError {
    /// The word for it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Config(_)
            | Self::TooManyJumps { .. }
            | Self::NoAddress { .. }
            | Self::Unreachable { .. }
            | Self::Slow { .. }
            | Self::Lost { .. }
            | Self::NoCommands { .. }
            | Self::Trust(_) => Outcome::Unreachable,
            Self::HostKeyUnknown { .. } => Outcome::HostKeyUnknown,
            Self::HostKeyChanged { .. } | Self::HostKeyRefused { .. } => Outcome::HostKeyChanged,
            Self::AuthFailed { .. } | Self::Sealed { .. } => Outcome::AuthFailed,
        }
    }

    /// Whether trying again a moment later may help: the way was cut, as opposed to an answer that says no.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Slow { .. } | Self::Lost { .. }
        )
    }
}

impl From<SshError> for HostFailure {
    fn from(error: SshError) -> Self {
        Self {
            outcome: error.outcome(),
            message: error.to_string(),
        }
    }
}
