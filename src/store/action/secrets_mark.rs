//! By what a server knows that the secrets of an action are those that they were.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;

use super::ServerId;
use crate::domain::action::ActionId;
use crate::store::pools::Alone;
use crate::store::schema::actions;
use crate::store::{Store, StoreError, reading, writing};

impl Store {
    /// The mark that was kept of an action's secrets; none where none was.
    pub async fn secrets_mark(&self, id: ActionId) -> Result<Option<String>, StoreError> {
        let id = id.to_string();
        let mark: Option<Option<String>> = reading!(self, conn => {
            actions::table
                .find(&id)
                .select(actions::secrets_mark)
                .first(conn)
                .await
                .optional()?
        });
        Ok(mark.flatten())
    }

    /// Keeps another mark. Nothing happens where the action is not `by`'s.
    pub async fn keep_secrets_mark(&self, id: ActionId, by: &ServerId, mark: &str) -> Result<(), StoreError> {
        let id = id.to_string();
        writing!(self, Alone::No, conn => {
            diesel::update(actions::table.find(&id).filter(actions::claimed_by.eq(&by.0)))
                .set(actions::secrets_mark.eq(mark))
                .execute(conn)
                .await?;
            Ok(())
        })
    }
}
