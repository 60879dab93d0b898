//! Forgetting finished actions and old logs.

use std::sync::Arc;

use async_trait::async_trait;

use super::{App, Chore, ChoreError, DAY, Keeping};
use crate::app::ports::{Clock, LogKeeper};
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;
use crate::store::{PruneRule, Store};

/// Hours between two looks.
const HOURS: u64 = 6;

/// So many days before `now`.
pub(super) fn days_before(now: Timestamp, days: u64) -> Timestamp {
    let millis = i64::try_from(days * DAY * 1000).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(millis))
}

/// Finished actions, with their plans and events.
pub(super) struct ForgetActions {
    store: Store,
    clock: Arc<dyn Clock>,
    keeping: Keeping,
}

impl ForgetActions {
    pub(super) fn new(app: &App) -> Self {
        Self {
            store: app.store.clone(),
            clock: Arc::clone(&app.outside.clock),
            keeping: app.settings.keeping.clone(),
        }
    }
}

#[async_trait]
impl Chore for ForgetActions {
    fn name(&self) -> &'static str {
        "forgetting finished actions"
    }

    fn every(&self) -> u64 {
        HOURS * 3600
    }

    async fn run(&self) -> Result<usize, ChoreError> {
        let rule = PruneRule {
            ended_before: days_before(self.clock.now(), u64::from(self.keeping.action_days)),
            keep_of_project: self.keeping.actions_of_project,
        };
        Ok(self.store.prune_actions(&rule).await?)
    }
}

/// Old logs, and the oldest where they take up too much.
pub(super) struct ForgetLog {
    store: Store,
    log: Arc<dyn LogKeeper>,
    clock: Arc<dyn Clock>,
    keeping: Keeping,
}

impl ForgetLog {
    pub(super) fn new(app: &App) -> Self {
        Self {
            store: app.store.clone(),
            log: Arc::clone(&app.outside.log_keeper),
            clock: Arc::clone(&app.outside.clock),
            keeping: app.settings.keeping.clone(),
        }
    }
}

#[async_trait]
impl Chore for ForgetLog {
    fn name(&self) -> &'static str {
        "forgetting old logs"
    }

    fn every(&self) -> u64 {
        HOURS * 3600
    }

    async fn run(&self) -> Result<usize, ChoreError> {
        let live = self.store.live_actions().await?;
        let live: Vec<ActionId> = live.into_iter().map(|record| record.id).collect();
        let not_before = days_before(self.clock.now(), u64::from(self.keeping.log_days));
        Ok(self.log.forget(not_before, self.keeping.log_bytes, &live).await?)
    }
}
