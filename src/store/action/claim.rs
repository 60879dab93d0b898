//! Claims: which server works on which action. A claim ends by itself, so that a dead server's actions are
//! taken over.

use std::fmt;

use diesel::sql_types::{BigInt, Text};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryableByName};
use diesel_async::RunQueryDsl;

use super::{AT_ONCE, live_words};
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;
use crate::store::column::Row;
use crate::store::pools::{Alone, Pools};
use crate::store::schema::actions;
use crate::store::{Store, StoreError, reading, writing};

/// One running server process: a new one each time it starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerId(pub String);

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = Text)]
    id: String,
}

impl Store {
    /// Claims an action until `until`; says whether it is ours now. It is where it is not at its end, or the end of its log is
    /// owed, and nobody else's claim on it holds at `now`.
    pub async fn claim_action(
        &self,
        id: ActionId,
        server: &ServerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        writing!(self, Alone::No, conn => {
            let claimed = diesel::update(
                actions::table
                    .find(&id)
                    .filter(actions::status.eq_any(live_words()).or(actions::log_owed_from.is_not_null()))
                    .filter(
                        actions::claimed_by
                            .eq(&server.0)
                            .or(actions::claimed_until.is_null())
                            .or(actions::claimed_until.lt(now.as_millis())),
                    ),
            )
            .set((
                actions::claimed_by.eq(&server.0),
                actions::claimed_until.eq(until.as_millis()),
            ))
            .execute(conn)
            .await?;
            Ok(claimed > 0)
        })
    }

    /// Claims the oldest action that is not at its end, or whose log is owed its end, that no server's claim holds at `now`, and
    /// that does not rest then; none where there is none. Of several servers that ask at once, each gets another.
    pub async fn claim_next(
        &self,
        server: &ServerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<ActionId>, StoreError> {
        // PostgreSQL skips the rows that another server is claiming at this moment; SQLite has one writer.
        let skip_locked = match &self.pools {
            Pools::Sqlite { .. } => "",
            Pools::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        };
        let live = live_words().join("', '");
        let sql = format!(
            "UPDATE actions SET claimed_by = $1, claimed_until = $2 WHERE id = (SELECT id FROM actions \
             WHERE (status IN ('{live}') OR log_owed_from IS NOT NULL) AND (claimed_until IS NULL OR claimed_until < $3) \
             ORDER BY id LIMIT 1 {skip_locked}) RETURNING id"
        );
        let claimed: Vec<ClaimedRow> = writing!(self, Alone::No, conn => {
            let rows: Vec<ClaimedRow> = diesel::sql_query(&sql)
                .bind::<Text, _>(&server.0)
                .bind::<BigInt, _>(until.as_millis())
                .bind::<BigInt, _>(now.as_millis())
                .load(conn)
                .await?;
            Ok::<_, StoreError>(rows)
        })?;
        let Some(ClaimedRow { id }) = claimed.into_iter().next() else {
            return Ok(None);
        };
        let row = Row {
            table: "actions",
            key: &id,
        };
        row.action(&id).map(Some)
    }

    /// When the first claim of another server runs out unless it is renewed, or an action's rest ends; none where there is none
    /// after `now`.
    pub async fn next_free_claim(
        &self,
        server: &ServerId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let first: Option<i64> = reading!(self, conn => {
            actions::table
                .filter(actions::status.eq_any(live_words()).or(actions::log_owed_from.is_not_null()))
                .filter(actions::claimed_until.gt(now.as_millis()))
                .filter(actions::claimed_by.is_null().or(actions::claimed_by.ne(&server.0)))
                .select(diesel::dsl::min(actions::claimed_until))
                .first(conn)
                .await?
        });
        Ok(first.map(Timestamp::from_millis))
    }

    /// The heartbeat: lengthens a server's claims on these actions, and says on which it did. One that is missing has
    /// been taken over, or has ended.
    pub async fn renew_claims(
        &self,
        server: &ServerId,
        claimed: &[ActionId],
        until: Timestamp,
    ) -> Result<Vec<ActionId>, StoreError> {
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let renewed: Vec<String> = writing!(self, Alone::No, conn => {
            let mut renewed: Vec<String> = Vec::new();
            for some in claimed.chunks(AT_ONCE) {
                let ids: Vec<String> = diesel::update(
                    actions::table
                        .filter(actions::claimed_by.eq(&server.0))
                        .filter(actions::id.eq_any(some.iter().map(ToString::to_string))),
                )
                .set(actions::claimed_until.eq(until.as_millis()))
                .returning(actions::id)
                .get_results(conn)
                .await?;
                renewed.extend(ids);
            }
            Ok::<_, StoreError>(renewed)
        })?;
        let mut ids = renewed
            .iter()
            .map(|id| {
                Row {
                    table: "actions",
                    key: id,
                }
                .action(id)
            })
            .collect::<Result<Vec<_>, _>>()?;
        ids.sort();
        Ok(ids)
    }

    /// Frees every action that a server claimed which is known to have ended; says how many.
    pub async fn release_claims_of(&self, server: &ServerId) -> Result<usize, StoreError> {
        writing!(self, Alone::No, conn => {
            let freed = diesel::update(actions::table)
                .filter(actions::claimed_by.eq(&server.0))
                .set((actions::claimed_by.eq(None::<String>), actions::claimed_until.eq(None::<i64>)))
                .execute(conn)
                .await?;
            Ok(freed)
        })
    }

    /// Gives a claim back; says whether it was ours. Anybody may take the action up: at once, or after `rest`.
    pub async fn release_claim(
        &self,
        id: ActionId,
        server: &ServerId,
        rest: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        writing!(self, Alone::No, conn => {
            let released =
                diesel::update(actions::table.find(&id).filter(actions::claimed_by.eq(&server.0)))
                    .set((
                        actions::claimed_by.eq(None::<String>),
                        actions::claimed_until.eq(rest.map(Timestamp::as_millis)),
                    ))
                    .execute(conn)
                    .await?;
            Ok(released > 0)
        })
    }
}
