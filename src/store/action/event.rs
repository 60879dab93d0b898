//! Events: what happened to an action, stored before it is believed.

use diesel::sql_types::Text;
use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::{AT_ONCE, ServerId, live_words};
use crate::domain::action::{ActionId, ActionStatus, WaitingFor};
use crate::domain::name::TargetName;
use crate::domain::notice::AddressedNotice;
use crate::domain::rollout::Event;
use crate::domain::timestamp::Timestamp;
use crate::store::column::{Row, big, json_text, time};
use crate::store::inventory::InventoryRow;
use crate::store::notice;
use crate::store::pools::Alone;
use crate::store::quarantine::insert_found;
use crate::store::schema::{actions, events, inventory, leases, notices, steers};
use crate::store::{FoundBad, RecordedVersion, SteerId, Store, StoreError, reading, writing};

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its place in the action's story, which it shares with the log's entries: gaps are usual.
    pub seq: u64,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What an event changes in the action's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionUpdate {
    /// How it is getting on now. A final status also releases its leases, and the end of its log is owed from then on.
    pub status: ActionStatus,
    /// What it waits for now; none where it does not wait.
    pub waiting_for: Option<WaitingFor>,
    /// When the work began; none leaves what is there.
    pub started_at: Option<Timestamp>,
    /// When it ended; none leaves what is there.
    pub ended_at: Option<Timestamp>,
    /// What targets have now because of the event: written into the inventory with it, or not at all.
    pub versions: Vec<RecordedVersion>,
    /// Where the action COMPLETED with it: the targets that it put their versions on, or left them on. These are
    /// good versions from now on.
    pub completed: Vec<TargetName>,
    /// What is told because of it: put into the outbox with it, or not at all.
    pub notices: Vec<AddressedNotice>,
    /// Versions that it found bad: put in quarantine with it, or not at all.
    pub found_bad: Vec<FoundBad>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(super) struct EventRow {
    action: String,
    seq: i64,
    time: i64,
    event: String,
}

pub(super) fn row(action: ActionId, seq: u64, time: Timestamp, event: &Event) -> EventRow {
    EventRow {
        action: action.to_string(),
        seq: big(seq),
        time: time.as_millis(),
        event: json_text(event),
    }
}

impl EventRow {
    fn read(self) -> Result<StoredEvent, StoreError> {
        let key = format!("{} {}", self.action, self.seq);
        let row = Row {
            table: "events",
            key: &key,
        };
        Ok(StoredEvent {
            seq: row.count(self.seq)?,
            time: time(self.time),
            event: row.json(&self.event)?,
        })
    }
}

impl Store {
    /// Stores an event with what it changes in the action's row, and with `steer` that it is what became of that
    /// word; all or nothing. With a final status the action's leases are released too; the claim stays until
    /// [`Store::log_is_whole`]. Storing the same again, as one must whose answer was lost, changes nothing.
    ///
    /// This is the fence between servers: only the one whose claim it is writes.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] where `by` has no claim on the action; [`StoreError::Conflict`] where the action has
    /// another event of this number, or the steer was done before; [`StoreError::Missing`] where there is no such
    /// action.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a thing of its own, written in one transaction"
    )]
    pub async fn append_event_with(
        &self,
        by: &ServerId,
        action: ActionId,
        seq: u64,
        time: Timestamp,
        event: &Event,
        update: &ActionUpdate,
        steer: Option<SteerId>,
    ) -> Result<(), StoreError> {
        self.append_events_with(by, action, time, &[(seq, event)], update, steer)
            .await
    }

    /// The same for events that follow from each other at one moment, with what they change together.
    ///
    /// # Errors
    /// As [`Store::append_event_with`]; `steer` is done by the first of them.
    pub async fn append_events_with(
        &self,
        by: &ServerId,
        action: ActionId,
        time: Timestamp,
        events: &[(u64, &Event)],
        update: &ActionUpdate,
        steer: Option<SteerId>,
    ) -> Result<(), StoreError> {
        let rows: Vec<EventRow> = events
            .iter()
            .map(|(seq, event)| row(action, *seq, time, event))
            .collect();
        let first = events.first().map_or(0, |(seq, _)| *seq);
        let id = action.to_string();
        let waiting_for = update.waiting_for.as_ref().map(json_text);
        let complete = format!(
            "UPDATE inventory SET good_versions = value ->> 1, settled = TRUE FROM {} \
             WHERE space = $2 AND project = $3 AND target = value ->> 0",
            // Of placeholders, SQLite counts the first one it meets as the first.
            self.pools.elements_of(1)
        );
        writing!(self, Alone::No, conn => {
            let place = actions::table.find(&id);
            let ours = place
                .filter(actions::claimed_by.eq(&by.0))
                .filter(actions::status.eq_any(live_words()));
            let changed = diesel::update(ours)
                .set((
                    actions::status.eq(update.status.as_str()),
                    actions::waiting_for.eq(waiting_for),
                    update.started_at.map(|time| actions::started_at.eq(time.as_millis())),
                    update.ended_at.map(|time| actions::ended_at.eq(time.as_millis())),
                ))
                .execute(conn)
                .await?;
            let mut inserted = 0;
            if changed > 0 {
                for row in &rows {
                    inserted += diesel::insert_into(events::table)
                        .values(row)
                        .on_conflict_do_nothing()
                        .execute(conn)
                        .await?;
                }
            }
            if inserted < rows.len() {
                let mut same = inserted == 0;
                for row in &rows {
                    let there: Option<EventRow> = events::table
                        .find((&id, row.seq))
                        .select(EventRow::as_select())
                        .first(conn)
                        .await
                        .optional()?;
                    same &= there.is_some_and(|there| there.event == row.event && there.time == row.time);
                }
                if same {
                    return Ok(());
                }
                if changed > 0 {
                    return Err(StoreError::Conflict(format!("action {id} has another event {first}")));
                }
                let known: Option<String> = place.select(actions::id).first(conn).await.optional()?;
                return Err(match known {
                    Some(_) => StoreError::TakenOver,
                    None => StoreError::Missing(format!("action {id}")),
                });
            }
            for recorded in &update.versions {
                let place = inventory::table.find((
                    recorded.space.as_str(),
                    recorded.project.as_str(),
                    recorded.target.as_str(),
                ));
                let before: Option<InventoryRow> =
                    place.select(InventoryRow::as_select()).first(conn).await.optional()?;
                let row = InventoryRow::after(before.as_ref(), recorded, time)?;
                diesel::delete(place).execute(conn).await?;
                diesel::insert_into(inventory::table).values(&row).execute(conn).await?;
            }
            if !update.completed.is_empty() {
                let (space, project, name, mut before): (String, String, String, Option<String>) = place
                    .select((actions::space, actions::project, actions::action, actions::retry_of))
                    .first(conn)
                    .await?;
                let of_project = inventory::table
                    .filter(inventory::space.eq(&space))
                    .filter(inventory::project.eq(&project))
                    .select(InventoryRow::as_select());
                let mut rows: Vec<InventoryRow> = Vec::new();
                for some in update.completed.chunks(AT_ONCE) {
                    let names = some.iter().map(TargetName::as_str);
                    let found: Vec<InventoryRow> =
                        of_project.filter(inventory::target.eq_any(names)).load(conn).await?;
                    rows.extend(found);
                }
                // What a retry completes is what it tries again, with the targets that were done then.
                while let Some(tried) = before.take() {
                    let of: Option<(String, Option<String>)> = actions::table
                        .find(&tried)
                        .select((actions::action, actions::retry_of))
                        .first(conn)
                        .await
                        .optional()?;
                    let Some((of_name, earlier)) = of else { break };
                    if of_name != name {
                        break;
                    }
                    let found: Vec<InventoryRow> =
                        of_project.filter(inventory::action.eq(&tried)).load(conn).await?;
                    rows.extend(found);
                    before = earlier;
                }
                let mut good: Vec<(String, String)> = Vec::new();
                for row in rows {
                    good.extend(row.completed()?);
                }
                if !good.is_empty() {
                    diesel::sql_query(&complete)
                        .bind::<Text, _>(json_text(&good))
                        .bind::<Text, _>(&space)
                        .bind::<Text, _>(&project)
                        .execute(conn)
                        .await?;
                }
            }
            for addressed in &update.notices {
                diesel::insert_into(notices::table)
                    .values(notice::row(action, addressed, time))
                    .execute(conn)
                    .await?;
            }
            for found in &update.found_bad {
                insert_found!(conn, found, time);
            }
            if let Some(steer) = steer {
                let done = diesel::update(
                    steers::table
                        .filter(steers::id.eq(steer.number()))
                        .filter(steers::action.eq(&id))
                        .filter(steers::event_seq.is_null()),
                )
                .set(steers::event_seq.eq(big(first)))
                .execute(conn)
                .await?;
                if done == 0 {
                    return Err(StoreError::Conflict(format!("steer {} was done before", steer.number())));
                }
            }
            if update.status.is_final() {
                diesel::delete(leases::table.filter(leases::action.eq(&id))).execute(conn).await?;
                diesel::update(place.filter(actions::log_owed_from.is_null()))
                    .set(actions::log_owed_from.eq(big(first)))
                    .execute(conn)
                    .await?;
            }
            Ok(())
        })
    }

    /// Every event of an action, in order.
    pub async fn events(&self, action: ActionId) -> Result<Vec<StoredEvent>, StoreError> {
        self.events_from(action, None).await
    }

    /// The events of an action with a greater number than `seq`, in order.
    pub async fn events_after(&self, action: ActionId, seq: u64) -> Result<Vec<StoredEvent>, StoreError> {
        self.events_from(action, Some(seq)).await
    }

    async fn events_from(
        &self,
        action: ActionId,
        after: Option<u64>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let id = action.to_string();
        let rows: Vec<EventRow> = reading!(self, conn => {
            events::table
                .filter(events::action.eq(&id))
                .filter(events::seq.gt(after.map_or(-1, big)))
                .order(events::seq)
                .select(EventRow::as_select())
                .load(conn)
                .await?
        });
        rows.into_iter().map(EventRow::read).collect()
    }
}
