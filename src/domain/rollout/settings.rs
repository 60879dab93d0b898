//! What the server, not the plan, says about every rollout.

use serde::{Deserialize, Serialize};

/// The server's part of the rules. Frozen with an action, in its event 0: a replay under other settings would be
/// another story. What an older event 0 does not say has its usual value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RolloutSettings {
    /// How long an action waits for targets that somebody else holds before it ends FAILED.
    pub queue_timeout_seconds: u64,
    /// From one try to take the leases to the next.
    pub lease_retry_seconds: u64,
    /// From one question about a pool that can spare nobody to the next.
    pub pools_retry_seconds: u64,
    /// At least so long from one look at the finished targets to the next while a stage soaks.
    pub look_seconds: u64,
}

impl Default for RolloutSettings {
    fn default() -> Self {
        Self {
            queue_timeout_seconds: 3600,
            lease_retry_seconds: 5,
            pools_retry_seconds: 15,
            look_seconds: 60,
        }
    }
}
