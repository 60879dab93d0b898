//! Where the log forgets what is old: in the built-in store whole actions, in Elasticsearch whole indices.

use async_trait::async_trait;

use super::elasticsearch::ElasticsearchLogs;
use super::embedded::EmbeddedLogs;
use crate::app::ports::{LogError, LogKeeper};
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;

const DAY_MILLIS: i64 = 86_400_000;

/// Both stores, with how long each keeps.
pub struct Keeping {
    local: EmbeddedLogs,
    local_days: u32,
    remote: Option<ElasticsearchLogs>,
    /// 0 is for ever.
    remote_days: u32,
}

impl Keeping {
    /// The built-in store keeps so many days, Elasticsearch so many, 0 for ever.
    #[must_use]
    pub fn new(
        (local, local_days): (EmbeddedLogs, u32),
        (remote, remote_days): (Option<ElasticsearchLogs>, u32),
    ) -> Self {
        Self {
            local,
            local_days,
            remote,
            remote_days,
        }
    }
}

#[async_trait]
impl LogKeeper for Keeping {
    async fn forget(
        &self,
        not_before: Timestamp,
        max_bytes: u64,
        live: &[ActionId],
    ) -> Result<usize, LogError> {
        let forgotten = self.local.forget(not_before, max_bytes, live).await?;
        let Some(remote) = self.remote.as_ref().filter(|_| self.remote_days > 0) else {
            return Ok(forgotten);
        };
        let days = i64::from(self.local_days) - i64::from(self.remote_days);
        let not_before = Timestamp::from_millis(not_before.as_millis().saturating_add(days * DAY_MILLIS));
        let live_since = live.iter().map(|action| action.made_at()).min();
        let indices = remote.forget_before(not_before, live_since).await?;
        if !indices.is_empty() {
            tracing::info!(?indices, "old indices were deleted");
        }
        Ok(forgotten + indices.len())
    }
}
