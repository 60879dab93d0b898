//! What the log still lacks of an action: noted until it is written, so that whoever comes after a server that died
//! knows of it.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{ServerId, live_words};
use crate::domain::action::ActionId;
use crate::store::column::big;
use crate::store::pools::Alone;
use crate::store::schema::actions;
use crate::store::{Store, StoreError, reading, writing};

impl Store {
    /// After which number the log may lack what was said of an action; none where nothing is owed, or where there is no
    /// such action.
    pub async fn log_owed_from(&self, id: ActionId) -> Result<Option<u64>, StoreError> {
        let id = id.to_string();
        let from: Option<Option<i64>> = reading!(self, conn => {
            actions::table
                .find(&id)
                .select(actions::log_owed_from)
                .first(conn)
                .await
                .optional()?
        });
        Ok(from.flatten().map(|from| u64::try_from(from).unwrap_or_default()))
    }

    /// Notes that the log may lack what was said of an action after the number `from`, or after a smaller one that was noted
    /// before. Nothing happens where the action is not `by`'s.
    pub async fn owe_log(&self, id: ActionId, by: &ServerId, from: u64) -> Result<(), StoreError> {
        let id = id.to_string();
        writing!(self, Alone::No, conn => {
            diesel::update(
                actions::table
                    .find(&id)
                    .filter(actions::claimed_by.eq(&by.0))
                    .filter(actions::log_owed_from.is_null().or(actions::log_owed_from.gt(big(from)))),
            )
            .set(actions::log_owed_from.eq(big(from)))
            .execute(conn)
            .await?;
            Ok(())
        })
    }

    /// Notes that the log of an action under way has what a server before owed. Nothing happens where it is not `by`'s, or is
    /// at its end by now.
    pub async fn log_is_paid(&self, id: ActionId, by: &ServerId) -> Result<(), StoreError> {
        let id = id.to_string();
        writing!(self, Alone::No, conn => {
            diesel::update(
                actions::table
                    .find(&id)
                    .filter(actions::claimed_by.eq(&by.0))
                    .filter(actions::status.eq_any(live_words())),
            )
            .set(actions::log_owed_from.eq(None::<i64>))
            .execute(conn)
            .await?;
            Ok(())
        })
    }

    /// Notes that the log of an action that has ended is whole, and gives the claim back: nobody has anything to do with it
    /// any more. Says whether it was `by`'s.
    pub async fn log_is_whole(&self, id: ActionId, by: &ServerId) -> Result<bool, StoreError> {
        let id = id.to_string();
        writing!(self, Alone::No, conn => {
            let closed = diesel::update(
                actions::table
                    .find(&id)
                    .filter(actions::claimed_by.eq(&by.0))
                    .filter(actions::status.ne_all(live_words())),
            )
            .set((
                actions::log_owed_from.eq(None::<i64>),
                actions::claimed_by.eq(None::<String>),
                actions::claimed_until.eq(None::<i64>),
            ))
            .execute(conn)
            .await?;
            Ok(closed > 0)
        })
    }
}
