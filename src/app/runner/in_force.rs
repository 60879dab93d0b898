//! The policies in force while an action runs: one that forbids a command counts for the steps that are left, also where the
//! action began, or waited for days, before it was written.

use std::sync::{Arc, Mutex, PoisonError};

use crate::app::policies;
use crate::app::ports::Clock;
use crate::domain::name::Name;
use crate::domain::sanitize::Sanitizer;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

/// For so long the store is not asked again.
const KNOWN_SECONDS: u64 = 5;

/// The policies as they were read.
#[derive(Clone)]
pub(super) struct Reading {
    /// Grows with each reading, from 1.
    pub(super) number: u64,
    pub(super) sanitizer: Sanitizer,
}

/// The sanitizer of one action's space and environment.
pub(super) struct InForce {
    store: Store,
    clock: Arc<dyn Clock>,
    space: Name,
    environment: Name,
    known: Mutex<(Timestamp, Reading)>,
}

impl InForce {
    /// What is in force now.
    pub(super) async fn read(
        store: &Store,
        clock: &Arc<dyn Clock>,
        space: &Name,
        environment: &Name,
    ) -> Result<Self, StoreError> {
        let now = clock.now();
        let sanitizer = policies::sanitizer(store, space, environment, now).await?;
        Ok(Self {
            store: store.clone(),
            clock: Arc::clone(clock),
            space: space.clone(),
            environment: environment.clone(),
            known: Mutex::new((now, Reading { number: 1, sanitizer })),
        })
    }

    /// What is in force when it is asked for, or a few seconds before. While the store does not answer it is what was last
    /// known: never less than the built-in rules.
    pub(super) async fn reading(&self) -> Reading {
        let now = self.clock.now();
        let (since, known) = self.known();
        if now < since.plus_seconds(KNOWN_SECONDS) {
            return known;
        }
        let read = policies::sanitizer(&self.store, &self.space, &self.environment, now).await;
        let mut newest = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(sanitizer) => {
                let number = newest.1.number + 1;
                *newest = (now, Reading { number, sanitizer });
            }
            Err(error) => {
                let (space, environment) = (&self.space, &self.environment);
                tracing::warn!(%error, %space, %environment, "the policies were not read anew");
                newest.0 = now;
            }
        }
        newest.1.clone()
    }

    fn known(&self) -> (Timestamp, Reading) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }
}
