//! One-time login codes: a link that signs a user in once.

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

use super::pools::Alone;
use super::schema::{login_codes, users};
use super::user::UserRow;
use super::{Store, StoreError, User, writing};
use crate::domain::timestamp::Timestamp;

#[derive(Insertable)]
#[diesel(table_name = login_codes, treat_none_as_default_value = false)]
struct LoginCodeRow<'a> {
    code_hash: &'a str,
    user_name: &'a str,
    expires_at: i64,
}

impl Store {
    /// Keeps the hash (SHA-256, hex) of a code that signs `user` in once until `expires_at`.
    ///
    /// # Errors
    /// [`StoreError::Contradicted`] where there is no such user.
    pub async fn add_login_code(
        &self,
        code_hash: &str,
        user: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let row = LoginCodeRow {
            code_hash,
            user_name: user,
            expires_at: expires_at.as_millis(),
        };
        writing!(self, Alone::No, conn => {
            diesel::insert_into(login_codes::table).values(&row).execute(conn).await?;
            Ok(())
        })
    }

    /// Uses a code up: of any number of callers with the same code, one gets its user. None where the code is
    /// not known, used, expired, or its user disabled. Expired codes are forgotten on the way.
    pub async fn use_login_code(&self, code_hash: &str, now: Timestamp) -> Result<Option<User>, StoreError> {
        writing!(self, Alone::No, conn => {
            diesel::delete(login_codes::table.filter(login_codes::expires_at.le(now.as_millis())))
                .execute(conn)
                .await?;
            let user: Option<String> = diesel::delete(login_codes::table.find(code_hash))
                .returning(login_codes::user_name)
                .get_result(conn)
                .await
                .optional()?;
            let Some(name) = user else { return Ok(None) };
            let row: Option<UserRow> = users::table
                .find(name)
                .filter(users::disabled.eq(false))
                .select(UserRow::as_select())
                .first(conn)
                .await
                .optional()?;
            row.map(UserRow::read).transpose()
        })
    }
}
