//! Cleaning up on hosts: the folders of steps that are over.
//!
//! A host is visited when the folders of an action that touched it come of age, at most once a day, and never because of
//! nothing. What is removed there is decided on the host: what is old and not under way, whichever server left it. A host
//! out of reach is tried again while the action is in the window, and with every later action that touched it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use super::forget::days_before;
use super::{App, Chore, ChoreError, DAY};
use crate::app::ports::{Clock, HostFailure, Hosts};
use crate::domain::action::ActionId;
use crate::domain::plan::PlanTarget;
use crate::domain::target::Target;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

/// Hosts visited together: nobody waits for it.
const AT_ONCE: usize = 4;
/// Hours between two looks.
const HOURS: u64 = 6;
/// Days that an action of age is looked at, for hosts that were out of reach.
const WINDOW: u64 = 3;

/// Visits hosts.
pub(super) struct SweepHosts {
    store: Store,
    hosts: Arc<dyn Hosts>,
    clock: Arc<dyn Clock>,
    days: u32,
    /// When a host was swept last, by its lease key. Forgetting it costs one more visit.
    swept: Mutex<HashMap<String, Timestamp>>,
}

impl SweepHosts {
    pub(super) fn new(app: &App) -> Self {
        Self {
            store: app.store.clone(),
            hosts: Arc::clone(&app.outside.hosts),
            clock: Arc::clone(&app.outside.clock),
            days: app.settings.keeping.host_days,
            swept: Mutex::default(),
        }
    }

    /// The hosts that are due, by lease key.
    async fn due(&self, now: Timestamp) -> Result<BTreeMap<String, (ActionId, Target)>, StoreError> {
        // `find -mtime +N` counts whole days, so a folder is of age one day later.
        let of_age = u64::from(self.days) + 1;
        let (from, to) = (days_before(now, of_age + WINDOW), days_before(now, of_age));
        let mut due = BTreeMap::new();
        for id in self.store.ended_between(from, to).await? {
            let Some(action) = self.store.action(id).await? else {
                continue;
            };
            for planned in action.plan.targets.into_iter().filter(touches_its_host) {
                due.insert(self.hosts.lease_key(&planned.target), (id, planned.target));
            }
        }
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        swept.retain(|_, at| now.millis_since(*at) < DAY * 1000);
        due.retain(|key, _| !swept.contains_key(key));
        Ok(due)
    }

    async fn visit(&self, action: ActionId, target: &Target) -> Result<(), HostFailure> {
        let session = self.hosts.connect(action, target).await?;
        let swept = session.sweep(self.days).await;
        session.close().await;
        swept
    }
}

fn touches_its_host(planned: &PlanTarget) -> bool {
    planned.steps.iter().any(|step| step.work.needs_host())
}

#[async_trait]
impl Chore for SweepHosts {
    fn name(&self) -> &'static str {
        "cleaning up on hosts"
    }

    fn every(&self) -> u64 {
        HOURS * 3600
    }

    async fn run(&self) -> Result<usize, ChoreError> {
        let now = self.clock.now();
        let due = self.due(now).await?;
        let visits = due.iter().map(|(key, (action, target))| async move {
            match self.visit(*action, target).await {
                Ok(()) => {
                    let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
                    swept.insert(key.clone(), now);
                    1
                }
                Err(failure) => {
                    tracing::debug!(target = %target.name, %failure, "not cleaned up; it will be tried again");
                    0
                }
            }
        });
        let visits: Vec<_> = visits.collect();
        Ok(stream::iter(visits)
            .buffer_unordered(AT_ONCE)
            .fold(0, |sum, one| async move { sum + one })
            .await)
    }
}
