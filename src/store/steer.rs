//! The inbox of an action: what people and programs asked of it, until the server that works on it has made an event of it.

use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::action::live_words;
use super::column::{Row, json_text, plain, time};
use super::pools::Alone;
use super::schema::{actions, steers};
use super::{Store, StoreError, reading, writing};
use crate::domain::action::ActionId;
use crate::domain::actor::Actor;
use crate::domain::rollout::Steer;
use crate::domain::timestamp::Timestamp;

/// Identifies a steer in the inbox; counts up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SteerId(i64);

impl SteerId {
    pub(super) fn number(self) -> i64 {
        self.0
    }
}

/// A steer that nobody has made an event of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSteer {
    /// To say of an event that it is what became of this.
    pub id: SteerId,
    /// What is asked.
    pub steer: Steer,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub time: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = steers, treat_none_as_default_value = false)]
struct NewSteerRow<'a> {
    action: &'a str,
    steer: String,
    actor: String,
    reason: &'a str,
    time: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = steers)]
struct SteerRow {
    id: i64,
    steer: String,
    actor: String,
    reason: String,
    time: i64,
}

impl SteerRow {
    fn read(self) -> Result<StoredSteer, StoreError> {
        let key = self.id.to_string();
        let row = Row {
            table: "steers",
            key: &key,
        };
        Ok(StoredSteer {
            id: SteerId(self.id),
            steer: row.json(&self.steer)?,
            by: row.json(&self.actor)?,
            time: time(self.time),
            reason: self.reason,
        })
    }
}

impl Store {
    /// Puts a word into an action's inbox.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such action; [`StoreError::Conflict`] where it is at its end.
    pub async fn post_steer(
        &self,
        action: ActionId,
        steer: &Steer,
        by: &Actor,
        reason: &str,
        time: Timestamp,
    ) -> Result<SteerId, StoreError> {
        plain("`reason`", reason)?;
        let id = action.to_string();
        let row = NewSteerRow {
            action: &id,
            steer: json_text(steer),
            actor: json_text(by),
            reason,
            time: time.as_millis(),
        };
        writing!(self, Alone::No, conn => {
            let status: Option<String> =
                actions::table.find(&id).select(actions::status).first(conn).await.optional()?;
            match status {
                None => return Err(StoreError::Missing(format!("action {id}"))),
                Some(word) if !live_words().contains(&word.as_str()) => {
                    return Err(StoreError::Conflict(format!("the action is over: {word}")));
                }
                Some(_) => {}
            }
            let number: i64 = diesel::insert_into(steers::table)
                .values(&row)
                .returning(steers::id)
                .get_result(conn)
                .await?;
            Ok(SteerId(number))
        })
    }

    /// What is in an action's inbox and has not become an event, in the order it came. It stays there until
    /// [`Store::append_event_with`] is told of it.
    pub async fn take_steers(&self, action: ActionId) -> Result<Vec<StoredSteer>, StoreError> {
        let id = action.to_string();
        let rows: Vec<SteerRow> = reading!(self, conn => {
            steers::table
                .filter(steers::action.eq(&id))
                .filter(steers::event_seq.is_null())
                .order(steers::id)
                .select(SteerRow::as_select())
                .load(conn)
                .await?
        });
        rows.into_iter().map(SteerRow::read).collect()
    }

    /// Takes words that cannot be read out of an action's inbox, and says why of each: they would keep those behind
    /// them from ever being heard.
    pub async fn drop_unreadable_steers(&self, action: ActionId) -> Result<Vec<StoreError>, StoreError> {
        let id = action.to_string();
        writing!(self, Alone::No, conn => {
            let rows: Vec<SteerRow> = steers::table
                .filter(steers::action.eq(&id))
                .filter(steers::event_seq.is_null())
                .select(SteerRow::as_select())
                .load(conn)
                .await?;
            let mut why = Vec::new();
            for row in rows {
                let number = row.id;
                if let Err(error) = row.read() {
                    diesel::delete(steers::table.find(number)).execute(conn).await?;
                    why.push(error);
                }
            }
            Ok(why)
        })
    }

    /// The number of the event that a word has become; none while nobody has heard it.
    pub async fn steer_event(&self, steer: SteerId) -> Result<Option<u64>, StoreError> {
        let number = steer.number();
        let seq: Option<Option<i64>> = reading!(self, conn => {
            steers::table.find(number).select(steers::event_seq).first(conn).await.optional()?
        });
        let key = number.to_string();
        let row = Row {
            table: "steers",
            key: &key,
        };
        seq.flatten().map(|seq| row.count(seq)).transpose()
    }
}
