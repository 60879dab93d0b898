//! Actions: the row that is written often, what is frozen with it, its targets and its events.

mod ahead;
mod claim;
mod create;
mod event;
mod list;
mod new;
mod owed;
mod prune;
mod record;
mod row;
mod secrets_mark;

pub use claim::ServerId;

pub use event::{ActionUpdate, StoredEvent};
pub use list::{ActionFilter, ActionPage, LiveCount, StatusCount};
pub use new::{ConflictRule, CreateError, Created, Held, Idempotency, NewAction};
pub use prune::PruneRule;
pub use record::{ActionRecord, Correlation, FrozenAction};

use crate::domain::action::ActionStatus;

/// The words of the statuses in which something may still happen.
pub(super) fn live_words() -> Vec<&'static str> {
    ActionStatus::ALL
        .into_iter()
        .filter(|status| !status.is_final())
        .map(ActionStatus::as_str)
        .collect()
}

/// How many values a query takes at once: below what either database allows, and quick to plan.
pub(super) const AT_ONCE: usize = 500;
