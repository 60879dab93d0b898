//! Accepting an action: in one transaction the idempotency key, the check that nobody has the targets, the row,
//! its plan, its targets and event 0.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::sql_types::Text;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::new::{ConflictRule, CreateError, Created, Held, NewAction};
use super::row::ActionRow;
use super::{AT_ONCE, ActionRecord, event, live_words};
use crate::domain::action::ActionId;
use crate::domain::action::ActionStatus;
use crate::domain::actor::Actor;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Event, Rollout};
use crate::domain::timestamp::Timestamp;
use crate::store::column::{Row, json_text, plain};
use crate::store::notice;
use crate::store::pools::Alone;
use crate::store::schema::{action_targets, actions, events, idempotency_keys, notices, plans};
use crate::store::{Store, StoreError, reading, writing};

/// For how long an `Idempotency-Key` is remembered.
const KEY_LIFE_MILLIS: i64 = 24 * 60 * 60 * 1000;

#[derive(Insertable)]
#[diesel(table_name = plans, treat_none_as_default_value = false)]
struct PlanRow<'a> {
    action: &'a str,
    plan: String,
    config: String,
}

#[derive(Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
struct KeyRow<'a> {
    actor: &'a str,
    path: &'a str,
    key: &'a str,
    body_hash: &'a str,
    action: &'a str,
    created_at: i64,
}

impl Store {
    /// The action that the same actor's request with this key was answered with, and the digest of its body;
    /// none where no such key came within the last 24 hours. `path` is `space/project/action`.
    pub async fn answered_before(
        &self,
        actor: &Actor,
        path: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<(ActionId, String)>, StoreError> {
        plain("Idempotency-Key", key)?;
        let actor = json_text(actor);
        let known: Option<(String, String)> = reading!(self, conn => {
            idempotency_keys::table
                .find((actor.as_str(), path, key))
                .filter(idempotency_keys::created_at.gt(now.as_millis() - KEY_LIFE_MILLIS))
                .select((idempotency_keys::action, idempotency_keys::body_hash))
                .first(conn)
                .await
                .optional()?
        });
        known
            .map(|(action, body_hash)| {
                Ok((
                    Row {
                        table: "idempotency_keys",
                        key,
                    }
                    .action(&action)?,
                    body_hash,
                ))
            })
            .transpose()
    }

    /// Accepts an action, or says why not.
    ///
    /// Another action has a target where it is not at its end and has begun, or is due no later than this one: an action
    /// whose countdown ends later does not stand in the way.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn create_action(&self, new: &NewAction, rule: ConflictRule) -> Result<Created, CreateError> {
        let record = &new.action.record;
        let mut row = ActionRow::of(record)?;
        let id = row.id.clone();
        let now = record.created_at;
        let actor = json_text(&record.actor);
        let path = format!("{}/{}/{}", record.space, record.project, record.action);
        if let Some(idempotency) = &new.idempotency {
            plain("Idempotency-Key", &idempotency.key)?;
        }
        let plan = json_text(&new.action.plan);
        let config = json_text(&new.action.config);
        let targets: Vec<(&TargetName, &str)> = new
            .targets
            .iter()
            .map(|(lease_key, target)| (target, lease_key.as_str()))
            .collect();
        // Of placeholders, SQLite counts the first one it meets as the first.
        let insert_targets = format!(
            "INSERT INTO action_targets (action, target, lease_key) SELECT $1, value ->> 0, value ->> 1 FROM {}",
            self.pools.elements_of(2)
        );

        writing!(self, Alone::Targets, conn => {
            if let Some(idempotency) = &new.idempotency {
                let place =
                    idempotency_keys::table.find((actor.as_str(), path.as_str(), idempotency.key.as_str()));
                let known: Option<(String, String)> = place
                    .filter(idempotency_keys::created_at.gt(now.as_millis() - KEY_LIFE_MILLIS))
                    .select((idempotency_keys::action, idempotency_keys::body_hash))
                    .first(conn)
                    .await
                    .optional()?;
                if let Some((action, body_hash)) = known {
                    let row = Row { table: "idempotency_keys", key: &idempotency.key };
                    let first = row.action(&action)?;
                    return if body_hash == idempotency.body_hash {
                        Ok(Created::Repeated(first))
                    } else {
                        Err(CreateError::KeyReused(first))
                    };
                }
                // Those that no longer count go when a new one comes: of this key, and of all others.
                let over = idempotency_keys::created_at.le(now.as_millis() - KEY_LIFE_MILLIS);
                diesel::delete(idempotency_keys::table.filter(over)).execute(conn).await?;
            }

            // Who has which of the keys.
            let mut having: Vec<(String, String)> = Vec::new();
            for wanted in targets.chunks(AT_ONCE) {
                let found: Vec<(String, String)> = action_targets::table
                    .inner_join(actions::table)
                    .filter(action_targets::lease_key.eq_any(wanted.iter().map(|(_, lease_key)| *lease_key)))
                    .filter(actions::status.eq_any(live_words()))
                    .filter(
                        actions::started_at
                            .is_not_null()
                            .or(actions::status.eq(ActionStatus::InProgress.as_str()))
                            .or(actions::due_at.le(record.due_at.as_millis())),
                    )
                    .select((action_targets::action, action_targets::lease_key))
                    .load(conn)
                    .await?;
                having.extend(found);
            }
            let mut queued_behind = None;
            if !having.is_empty() {
                let holders: BTreeSet<&str> = having.iter().map(|(action, _)| action.as_str()).collect();
                let mut records = Vec::with_capacity(holders.len());
                for holder in holders {
                    let row: ActionRow = actions::table
                        .find(holder)
                        .select(ActionRow::as_select())
                        .first(conn)
                        .await?;
                    records.push(row.read()?);
                }
                match rule {
                    ConflictRule::Refuse => return Err(CreateError::Held(held(&records, &having, new)?)),
                    ConflictRule::Queue => queued_behind = records.iter().map(|record| record.id).max(),
                }
            }
            let mut event0 = new.event0.clone();
            if let Some(behind) = queued_behind {
                if let Event::Created { queued_behind, .. } = &mut event0 {
                    *queued_behind = Some(behind);
                }
                // How it gets on is the engine's word, also where it waits for more than the queue.
                let mut rollout = Rollout::new(Arc::new(new.action.plan.clone()));
                rollout
                    .apply(&event0, now)
                    .map_err(|refused| StoreError::Conflict(refused.to_string()))?;
                row.queue_behind(behind, rollout.status(), rollout.waiting_for().as_ref());
            }

            diesel::insert_into(actions::table).values(&row).execute(conn).await?;
            diesel::insert_into(plans::table)
                .values(PlanRow { action: &id, plan, config })
                .execute(conn)
                .await?;
            diesel::sql_query(&insert_targets)
                .bind::<Text, _>(&id)
                .bind::<Text, _>(json_text(&targets))
                .execute(conn)
                .await?;
            diesel::insert_into(events::table)
                .values(event::row(record.id, 0, now, &event0))
                .execute(conn)
                .await?;
            for addressed in new.notices.iter().filter(|_| queued_behind.is_none()) {
                diesel::insert_into(notices::table)
                    .values(notice::row(record.id, addressed, now))
                    .execute(conn)
                    .await?;
            }
            if let Some(idempotency) = &new.idempotency {
                diesel::insert_into(idempotency_keys::table)
                    .values(KeyRow {
                        actor: &actor,
                        path: &path,
                        key: &idempotency.key,
                        body_hash: &idempotency.body_hash,
                        action: &id,
                        created_at: now.as_millis(),
                    })
                    .execute(conn)
                    .await?;
            }
            Ok(Created::New { queued_behind })
        })
    }
}

/// Names the holder that was first under way, and every wanted target that somebody has.
fn held(records: &[ActionRecord], having: &[(String, String)], new: &NewAction) -> Result<Held, StoreError> {
    let first = records
        .iter()
        .min_by_key(|record| (record.started_at.is_none(), record.started_at, record.id))
        .ok_or_else(|| StoreError::Conflict("the targets are held".to_owned()))?;
    let names: BTreeMap<&str, &TargetName> = new
        .targets
        .iter()
        .map(|(key, name)| (key.as_str(), name))
        .collect();
    let targets: BTreeSet<&TargetName> = having
        .iter()
        .filter_map(|(_, key)| names.get(key.as_str()).copied())
        .collect();
    Ok(Held {
        holder: first.id,
        actor: first.actor.clone(),
        since: first.started_at.unwrap_or(first.created_at),
        targets: targets.into_iter().cloned().collect(),
    })
}
