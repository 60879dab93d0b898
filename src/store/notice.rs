//! The outbox: notices wait here until their receivers took them, and stay until their action is forgotten. They are
//! written with the event that they tell of.
//!
//! Of one action, a receiver gets them in the order in which they were written: the next one is handed out when the one
//! before it was taken or given up.

use diesel::sql_types::BigInt;
use diesel::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::column::{Row, json_text, time};
use super::pools::{Alone, Pools};
use super::schema::notices;
use super::{Store, StoreError, reading, writing};
use crate::domain::action::ActionId;
use crate::domain::notice::{AddressedNotice, Notice, Receiver};
use crate::domain::timestamp::Timestamp;

/// A notice to be sent now.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxNotice {
    /// Its place in the outbox.
    pub id: NoticeId,
    /// Of which action.
    pub action: ActionId,
    /// To whom, and what.
    pub addressed: AddressedNotice,
    /// When it was written.
    pub created_at: Timestamp,
    /// How often it has been handed out, with this time.
    pub attempts: u64,
}

/// A notice with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldNotice {
    /// To whom, and what.
    pub addressed: AddressedNotice,
    /// How often it has been handed out.
    pub attempts: u64,
    /// What the last attempt that failed came to, in words without secrets.
    pub last_error: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its receiver took it.
    Taken {
        /// When.
        at: Timestamp,
    },
    /// Nobody took it in time, and nobody tries any more.
    GivenUp {
        /// Since when.
        at: Timestamp,
    },
    /// It waits to be sent, or sent again.
    Waits {
        /// The moment of the next attempt, where no other stands before it.
        next: Timestamp,
    },
}

/// The place of a notice in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NoticeId(i64);

#[derive(Insertable)]
#[diesel(table_name = notices, treat_none_as_default_value = false)]
pub(super) struct NewNoticeRow {
    action: String,
    receiver: String,
    notice: String,
    created_at: i64,
    due_at: i64,
    attempts: i64,
}

/// The row of a notice of this action.
pub(super) fn row(action: ActionId, addressed: &AddressedNotice, now: Timestamp) -> NewNoticeRow {
    NewNoticeRow {
        action: action.to_string(),
        receiver: json_text(&addressed.receiver),
        notice: json_text(&addressed.notice),
        created_at: now.as_millis(),
        due_at: now.as_millis(),
        attempts: 0,
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = notices)]
struct NoticeRow {
    id: i64,
    action: String,
    receiver: String,
    notice: String,
    created_at: i64,
    attempts: i64,
}

impl NoticeRow {
    fn read(self) -> Result<OutboxNotice, StoreError> {
        let key = self.id.to_string();
        let row = Row {
            table: "notices",
            key: &key,
        };
        let (receiver, notice): (Receiver, Notice) = (row.json(&self.receiver)?, row.json(&self.notice)?);
        Ok(OutboxNotice {
            id: NoticeId(self.id),
            action: row.action(&self.action)?,
            addressed: AddressedNotice { receiver, notice },
            created_at: time(self.created_at),
            attempts: row.count(self.attempts)?,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = notices)]
struct ToldRow {
    id: i64,
    receiver: String,
    notice: String,
    due_at: i64,
    attempts: i64,
    last_error: Option<String>,
    given_up_at: Option<i64>,
    taken_at: Option<i64>,
}

impl ToldRow {
    fn read(self) -> Result<ToldNotice, StoreError> {
        let key = self.id.to_string();
        let row = Row {
            table: "notices",
            key: &key,
        };
        Ok(ToldNotice {
            addressed: AddressedNotice {
                receiver: row.json(&self.receiver)?,
                notice: row.json(&self.notice)?,
            },
            attempts: row.count(self.attempts)?,
            last_error: self.last_error,
            fate: match (self.taken_at, self.given_up_at) {
                (Some(at), _) => Fate::Taken { at: time(at) },
                (None, Some(at)) => Fate::GivenUp { at: time(at) },
                (None, None) => Fate::Waits {
                    next: time(self.due_at),
                },
            },
        })
    }
}

impl Store {
    /// Takes up to `limit` notices that are to be sent at `now`, oldest first: of each action and receiver the first that
    /// was not taken yet. Until `until` nobody else gets them; from then on they are handed out again.
    pub async fn take_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxNotice>, StoreError> {
        // PostgreSQL skips the rows that another server is taking at this moment; SQLite has one writer.
        let skip_locked = match &self.pools {
            Pools::Sqlite { .. } => "",
            Pools::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        };
        let sql = format!(
            "UPDATE notices SET due_at = $1, attempts = attempts + 1 WHERE id IN (SELECT id FROM notices n \
             WHERE n.taken_at IS NULL AND n.given_up_at IS NULL AND n.due_at <= $2 AND NOT EXISTS (SELECT 1 FROM notices o \
             WHERE o.action = n.action AND o.receiver = n.receiver AND o.id < n.id AND o.taken_at IS NULL \
             AND o.given_up_at IS NULL) \
             ORDER BY n.id LIMIT $3 {skip_locked}) RETURNING id, action, receiver, notice, created_at, attempts"
        );
        let mut rows: Vec<NoticeRow> = writing!(self, Alone::No, conn => {
            let rows: Vec<NoticeRow> = diesel::sql_query(&sql)
                .bind::<BigInt, _>(until.as_millis())
                .bind::<BigInt, _>(now.as_millis())
                .bind::<BigInt, _>(i64::from(limit))
                .load(conn)
                .await?;
            Ok::<_, StoreError>(rows)
        })?;
        rows.sort_by_key(|row| row.id);
        rows.into_iter().map(NoticeRow::read).collect()
    }

    /// A notice was taken by its receiver: nobody sends it any more.
    pub async fn notice_taken(&self, id: NoticeId, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, Alone::No, conn => {
            diesel::update(notices::table.find(id.0))
                .set(notices::taken_at.eq(Some(now.as_millis())))
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    /// A notice was not taken: it is tried again at `next`, or given up where that is none.
    pub async fn notice_refused(
        &self,
        id: NoticeId,
        error: &str,
        now: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let error = error.replace('\0', "");
        writing!(self, Alone::No, conn => {
            diesel::update(notices::table.find(id.0))
                .set((
                    notices::last_error.eq(Some(&error)),
                    next.map(|next| notices::due_at.eq(next.as_millis())),
                    next.is_none().then(|| notices::given_up_at.eq(Some(now.as_millis()))),
                ))
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    /// The first moment at which a notice of the outbox may be sent; none where there is none.
    pub async fn next_notice(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = reading!(self, conn => {
            notices::table
                .filter(notices::taken_at.is_null())
                .filter(notices::given_up_at.is_null())
                .select(diesel::dsl::min(notices::due_at))
                .first(conn)
                .await?
        });
        Ok(due.map(time))
    }

    /// How many notices of an action wait for their receivers, and how many were given up.
    pub async fn notices_of(&self, action: ActionId) -> Result<(u64, u64), StoreError> {
        let told = self.told(action).await?;
        let count = |wanted: fn(&Fate) -> bool| told.iter().filter(|told| wanted(&told.fate)).count() as u64;
        Ok((
            count(|fate| matches!(fate, Fate::Waits { .. })),
            count(|fate| matches!(fate, Fate::GivenUp { .. })),
        ))
    }

    /// Every notice of an action with what became of it, in the order in which they were written.
    pub async fn told(&self, action: ActionId) -> Result<Vec<ToldNotice>, StoreError> {
        let id = action.to_string();
        let rows: Vec<ToldRow> = reading!(self, conn => {
            notices::table
                .filter(notices::action.eq(&id))
                .order(notices::id)
                .select(ToldRow::as_select())
                .load(conn)
                .await?
        });
        rows.into_iter().map(ToldRow::read).collect()
    }
}
