//! The leases of a running action: taken at its start, kept while it runs, and held again by whoever goes on with it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::app::quarantine;
use crate::domain::actor::Actor;
use crate::domain::lease::Lease;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Event, Steer};
use crate::domain::target::goes_back;
use crate::domain::timestamp::Timestamp;
use crate::store::{StoreError, TakeLeasesError};

use super::dispatcher::{Dispatcher, Due, Stopped};

/// How long a lease lasts without its action's heartbeat.
const LEASE_SECONDS: u64 = 60;
/// From one try to take the leases of a store that is out of reach to the next.
const LEASES_AGAIN_MILLIS: u64 = 500;

impl Dispatcher {
    pub(super) async fn keep_leases(&self, now: Timestamp) {
        if !self.executor.leases.read().is_empty() {
            let until = now.plus_seconds(LEASE_SECONDS);
            if let Err(error) = self
                .store
                .renew_leases(&self.server, self.action.record.id, until)
                .await
            {
                tracing::warn!(action = %self.action.record.id, %error, "the leases were not renewed");
            }
        }
    }

    /// Why the action may not begin any more: while it waited, its version was rolled back elsewhere. One that goes back was
    /// judged when it was asked for. A store that does not say is asked for the leases next, and that is tried again.
    async fn quarantined(&self) -> Option<String> {
        let plan = &self.action.plan;
        if goes_back(&plan.action) {
            return None;
        }
        match quarantine::refusal(&self.store, plan).await {
            Ok(refusal) => refusal.map(|refusal| refusal.to_string()),
            Err(error) => {
                tracing::warn!(action = %self.action.record.id, %error, "the quarantine was not read");
                None
            }
        }
    }

    pub(super) async fn take_leases(&mut self) -> Result<Vec<Due>, Stopped> {
        if let Some(reason) = self.quarantined().await {
            let abort = Event::Steered {
                steer: Steer::Abort { rollback: false },
                by: Actor::System,
                reason,
            };
            return self.store_and_tell(abort, None).await;
        }
        let now = self.outside.clock.now();
        let until = now.plus_seconds(LEASE_SECONDS);
        let event = match self
            .store
            .take_leases(&self.server, self.action.record.id, &self.lease_keys, now, until)
            .await
        {
            Ok(leases) => {
                self.executor.leases.set(leases);
                Event::LeasesTaken
            }
            Err(TakeLeasesError::Held(held)) => Event::LeasesHeld {
                holder: held.holder,
                targets: held.targets,
            },
            Err(TakeLeasesError::Store(StoreError::TakenOver)) => return Err(Stopped::TakenOver),
            Err(TakeLeasesError::Store(StoreError::Unavailable(error))) => {
                tracing::warn!(action = %self.action.record.id, error, "the leases were not taken; trying again");
                self.leases_again = Some(self.outside.clock.now().plus_millis(LEASES_AGAIN_MILLIS));
                return Ok(Vec::new());
            }
            Err(TakeLeasesError::Store(error)) => return Err(Stopped::Store(error)),
        };
        self.store_and_tell(event, None).await
    }

    /// The leases that an action holds already, after a restart of the server.
    pub(super) async fn hold_again(&mut self) -> Result<(), Stopped> {
        let now = self.outside.clock.now();
        let until = now.plus_seconds(LEASE_SECONDS);
        match self
            .store
            .take_leases(&self.server, self.action.record.id, &self.lease_keys, now, until)
            .await
        {
            Ok(leases) => {
                self.executor.leases.set(leases);
                Ok(())
            }
            Err(TakeLeasesError::Held(held)) => Err(Stopped::Leases(held)),
            Err(TakeLeasesError::Store(StoreError::TakenOver)) => Err(Stopped::TakenOver),
            Err(TakeLeasesError::Store(error)) => Err(Stopped::Store(error)),
        }
    }
}

/// The leases an action holds, by target: empty before it took them.
#[derive(Default)]
pub(super) struct HeldLeases(RwLock<Arc<BTreeMap<TargetName, Lease>>>);

impl HeldLeases {
    pub(super) fn set(&self, leases: Vec<Lease>) {
        let by_target = leases
            .into_iter()
            .map(|lease| (lease.target().clone(), lease))
            .collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(by_target);
    }

    pub(super) fn read(&self) -> Arc<BTreeMap<TargetName, Lease>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
