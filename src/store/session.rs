//! Sessions: what a signed-in browser holds. Only the hash of its token is kept.

use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::column::time;
use super::pools::Alone;
use super::schema::{sessions, users};
use super::user::UserRow;
use super::{Store, StoreError, User, reading, writing};
use crate::domain::timestamp::Timestamp;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 (hex) of the cookie's value.
    pub token_hash: String,
    /// Whose it is.
    pub user: String,
    /// What a form must carry so that it counts as sent from our own page.
    pub csrf_token: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
struct SessionRow {
    token_hash: String,
    user_name: String,
    csrf_token: String,
    created_at: i64,
    expires_at: i64,
}

impl SessionRow {
    fn read(self) -> Session {
        Session {
            token_hash: self.token_hash,
            user: self.user_name,
            csrf_token: self.csrf_token,
            created_at: time(self.created_at),
            expires_at: time(self.expires_at),
        }
    }
}

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// [`StoreError::Contradicted`] where its user is not there.
    pub async fn create_session(&self, session: &Session) -> Result<(), StoreError> {
        let row = SessionRow {
            token_hash: session.token_hash.clone(),
            user_name: session.user.clone(),
            csrf_token: session.csrf_token.clone(),
            created_at: session.created_at.as_millis(),
            expires_at: session.expires_at.as_millis(),
        };
        writing!(self, Alone::No, conn => {
            diesel::insert_into(sessions::table).values(&row).execute(conn).await?;
            Ok(())
        })
    }

    /// The session with this token and its user; none where it is over or the user is disabled.
    pub async fn find_session(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let found: Option<(SessionRow, UserRow)> = reading!(self, conn => {
            sessions::table
                .inner_join(users::table)
                .filter(sessions::token_hash.eq(token_hash))
                .filter(sessions::expires_at.gt(now.as_millis()))
                .filter(users::disabled.eq(false))
                .select((SessionRow::as_select(), UserRow::as_select()))
                .first(conn)
                .await
                .optional()?
        });
        found
            .map(|(session, user)| Ok((session.read(), user.read()?)))
            .transpose()
    }

    /// Ends a session; says whether there was one.
    pub async fn delete_session(&self, token_hash: &str) -> Result<bool, StoreError> {
        writing!(self, Alone::No, conn => {
            let gone = diesel::delete(sessions::table.find(token_hash)).execute(conn).await?;
            Ok(gone > 0)
        })
    }

    /// Whether anybody has a session.
    pub async fn has_sessions(&self) -> Result<bool, StoreError> {
        let count: i64 = reading!(self, conn => sessions::table.count().get_result(conn).await?);
        Ok(count > 0)
    }

    /// Removes the sessions that are over; says how many there were.
    pub async fn delete_expired_sessions(&self, now: Timestamp) -> Result<usize, StoreError> {
        writing!(self, Alone::No, conn => {
            let gone = diesel::delete(sessions::table.filter(sessions::expires_at.le(now.as_millis())))
                .execute(conn)
                .await?;
            Ok(gone)
        })
    }
}
