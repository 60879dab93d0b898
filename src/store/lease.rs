//! Leases: which action holds which target. Taken all or none, kept by heartbeat, gone with the action.
//!
//! A lease that has run out still holds while its action is not at its end: its server may be dead, but what it started on
//! the host may run. Whoever takes the action over renews the lease, or ends the action, which releases it.

use std::collections::BTreeMap;

use diesel::dsl::{max, min};
use diesel::sql_types::{BigInt, Text};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use super::action::{AT_ONCE, ServerId, live_words};
use super::column::{Row, json_text, time};
use super::pools::Alone;
use super::schema::{actions, leases};
use super::{Store, StoreError, reading, writing};
use crate::domain::action::ActionId;
use crate::domain::lease::Lease;
use crate::domain::name::TargetName;
use crate::domain::timestamp::Timestamp;

/// Who holds a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// The key of the target.
    pub lease_key: String,
    /// The action that holds it.
    pub holder: ActionId,
    /// What that action calls the target.
    pub target: TargetName,
    /// When it was taken: later than every lease that others held then, whatever the servers' clocks say.
    pub taken_at: Timestamp,
    /// When it runs out unless it is renewed.
    pub expires_at: Timestamp,
}

/// Why leases were not given: somebody else holds some of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("action {holder} holds {} of the targets", .targets.len())]
pub struct LeaseConflict {
    /// The holder; of several the one with the smallest id.
    pub holder: ActionId,
    /// The wanted targets that this or any other action holds, by name.
    pub targets: Vec<TargetName>,
}

/// Why leases were not taken. None was.
#[derive(Debug, thiserror::Error)]
pub enum TakeLeasesError {
    /// Somebody else holds some of them.
    #[error(transparent)]
    Held(#[from] LeaseConflict),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for TakeLeasesError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl HeldLease {
    /// Its place in the order in which actions took their leases: an action's leases have one moment, and no two
    /// actions the same place.
    #[must_use]
    pub fn order(&self) -> (Timestamp, ActionId) {
        (self.taken_at, self.holder)
    }
}

impl Store {
    /// Takes the leases on all these targets, each `(lease_key, name)`, until `expires`, or none. What the action holds
    /// already it gets again, with the moment at which it took them. Several targets may share a key (and a host).
    ///
    /// # Errors
    /// [`TakeLeasesError::Held`] where another action holds some; [`StoreError::TakenOver`] where `by` has no claim on
    /// the action.
    pub async fn take_leases(
        &self,
        by: &ServerId,
        action: ActionId,
        targets: &[(String, TargetName)],
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Vec<Lease>, TakeLeasesError> {
        let id = action.to_string();
        let by_key: BTreeMap<&str, &TargetName> = targets
            .iter()
            .rev()
            .map(|(key, target)| (key.as_str(), target))
            .collect();
        let wanted: Vec<(&str, &TargetName)> = by_key
            .iter()
            .map(|(lease_key, target)| (*lease_key, *target))
            .collect();
        let insert = format!(
            "INSERT INTO leases (action, taken_at, expires_at, lease_key, target) \
             SELECT $1, $2, $3, value ->> 0, value ->> 1 FROM {}",
            self.pools.elements_of(4)
        );
        writing!(self, Alone::Targets, conn => {
            // Changes nothing, and keeps others from claiming the action before this is over.
            let ours = diesel::update(actions::table.find(&id).filter(actions::claimed_by.eq(&by.0)))
                .set(actions::claimed_by.eq(&by.0))
                .execute(conn)
                .await?;
            if ours == 0 {
                return Err(StoreError::TakenOver.into());
            }
            let mut held: Vec<(String, String)> = Vec::new();
            for some in wanted.chunks(AT_ONCE) {
                let found: Vec<(String, String)> = leases::table
                    .inner_join(actions::table)
                    .filter(leases::lease_key.eq_any(some.iter().map(|(lease_key, _)| *lease_key)))
                    .filter(leases::action.ne(&id))
                    .filter(
                        leases::expires_at
                            .gt(now.as_millis())
                            .or(actions::status.eq_any(live_words())),
                    )
                    .select((leases::action, leases::lease_key))
                    .load(conn)
                    .await?;
                held.extend(found);
            }
            if let Some(conflict) = conflict(&held, &by_key)? {
                return Err(conflict.into());
            }
            // Who came first must stay first for all who ask, also where one server's clock is behind another's.
            let first: Option<i64> = leases::table
                .filter(leases::action.eq(&id))
                .select(min(leases::taken_at))
                .first(conn)
                .await?;
            let last: Option<i64> = leases::table.select(max(leases::taken_at)).first(conn).await?;
            let taken_at = first.unwrap_or_else(|| {
                last.map_or(now.as_millis(), |last| now.as_millis().max(last.saturating_add(1)))
            });
            for some in wanted.chunks(AT_ONCE) {
                // What is left of these keys is ours already, or an ended action's.
                diesel::delete(
                    leases::table.filter(leases::lease_key.eq_any(some.iter().map(|(lease_key, _)| *lease_key))),
                )
                .execute(conn)
                .await?;
            }
            diesel::sql_query(&insert)
                .bind::<Text, _>(&id)
                .bind::<BigInt, _>(taken_at)
                .bind::<BigInt, _>(expires.as_millis())
                .bind::<Text, _>(json_text(&wanted))
                .execute(conn)
                .await?;
            Ok(targets.iter().map(|(_, target)| Lease::granted(action, target.clone())).collect())
        })
    }

    /// The heartbeat: lengthens every lease of an action that `by` has a claim on; says how many it has.
    pub async fn renew_leases(
        &self,
        by: &ServerId,
        action: ActionId,
        expires: Timestamp,
    ) -> Result<usize, StoreError> {
        let id = action.to_string();
        writing!(self, Alone::No, conn => {
            let ours = actions::table
                .find(&id)
                .filter(actions::claimed_by.eq(&by.0))
                .select(actions::id);
            let renewed = diesel::update(leases::table.filter(leases::action.eq_any(ours)))
                .set(leases::expires_at.eq(expires.as_millis()))
                .execute(conn)
                .await?;
            Ok(renewed)
        })
    }

    /// Who holds which of these keys, by key.
    pub async fn leases_held<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str> + Send,
    ) -> Result<Vec<HeldLease>, StoreError> {
        let keys: Vec<&str> = keys.into_iter().collect();
        let mut rows: Vec<(String, String, String, i64, i64)> = reading!(self, conn => {
            let mut rows = Vec::new();
            for some in keys.chunks(AT_ONCE) {
                let found: Vec<(String, String, String, i64, i64)> = leases::table
                    .filter(leases::lease_key.eq_any(some))
                    .select((
                        leases::lease_key,
                        leases::action,
                        leases::target,
                        leases::taken_at,
                        leases::expires_at,
                    ))
                    .load(conn)
                    .await?;
                rows.extend(found);
            }
            rows
        });
        rows.sort();
        rows.into_iter()
            .map(|(lease_key, action, target, taken_at, expires_at)| {
                let row = Row {
                    table: "leases",
                    key: &lease_key,
                };
                Ok(HeldLease {
                    holder: row.action(&action)?,
                    target: row.target(&target)?,
                    taken_at: time(taken_at),
                    expires_at: time(expires_at),
                    lease_key,
                })
            })
            .collect()
    }
}

/// What stands in the way, of `(action, lease_key)` that others hold.
fn conflict(
    held: &[(String, String)],
    wanted: &BTreeMap<&str, &TargetName>,
) -> Result<Option<LeaseConflict>, StoreError> {
    let Some((holder, key)) = held.iter().min() else {
        return Ok(None);
    };
    let row = Row { table: "leases", key };
    let mut targets: Vec<TargetName> = held
        .iter()
        .filter_map(|(_, key)| wanted.get(key.as_str()).map(|target| (*target).clone()))
        .collect();
    targets.sort();
    Ok(Some(LeaseConflict {
        holder: row.action(holder)?,
        targets,
    }))
}
