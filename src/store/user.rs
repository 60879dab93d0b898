//! Local users.

use std::fmt;

use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::column::{Row, json_text, plain, time};
use super::pools::Alone;
use super::schema::{login_codes, sessions, users};
use super::{Store, StoreError, reading, writing};
use crate::domain::timestamp::Timestamp;

/// A password's hash as whoever made it writes it; the store does not look into it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// A local user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// None where the user cannot sign in with a password.
    pub password_hash: Option<PasswordHash>,
    /// An administrator of the whole server.
    pub server_admin: bool,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// May not sign in, and what was signed in has ended.
    pub disabled: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(super) struct UserRow {
    name: String,
    password_hash: Option<String>,
    server_admin: bool,
    group_names: String,
    disabled: bool,
    created_at: i64,
}

impl UserRow {
    pub(super) fn read(self) -> Result<User, StoreError> {
        let row = Row {
            table: "users",
            key: &self.name,
        };
        Ok(User {
            groups: row.json(&self.group_names)?,
            password_hash: self.password_hash.map(PasswordHash),
            server_admin: self.server_admin,
            disabled: self.disabled,
            created_at: time(self.created_at),
            name: self.name,
        })
    }
}

fn no_user(name: &str) -> StoreError {
    StoreError::Missing(format!("user `{name}`"))
}

impl Store {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the name is taken.
    pub async fn add_user(&self, user: &User) -> Result<(), StoreError> {
        plain("the name of a user", &user.name)?;
        let row = UserRow {
            name: user.name.clone(),
            password_hash: user.password_hash.as_ref().map(|hash| hash.0.clone()),
            server_admin: user.server_admin,
            group_names: json_text(&user.groups),
            disabled: user.disabled,
            created_at: user.created_at.as_millis(),
        };
        writing!(self, Alone::No, conn => {
            let added = diesel::insert_into(users::table)
                .values(&row)
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if added == 0 {
                return Err(StoreError::Conflict(format!("the user `{}` is there already", row.name)));
            }
            Ok(())
        })
    }

    /// Every user, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let mut rows: Vec<UserRow> = reading!(self, conn => {
            users::table.select(UserRow::as_select()).load(conn).await?
        });
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows.into_iter().map(UserRow::read).collect()
    }

    /// A user, also a disabled one.
    pub async fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        plain("the name of a user", name)?;
        let row: Option<UserRow> = reading!(self, conn => {
            users::table.find(name).select(UserRow::as_select()).first(conn).await.optional()?
        });
        row.map(UserRow::read).transpose()
    }

    /// Gives a user another password, and ends all its sessions.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such user.
    pub async fn set_password(&self, name: &str, hash: &PasswordHash) -> Result<(), StoreError> {
        writing!(self, Alone::No, conn => {
            let changed = diesel::update(users::table.find(name))
                .set(users::password_hash.eq(&hash.0))
                .execute(conn)
                .await?;
            if changed == 0 {
                return Err(no_user(name));
            }
            diesel::delete(sessions::table.filter(sessions::user_name.eq(name))).execute(conn).await?;
            Ok(())
        })
    }

    /// Disables a user, which ends its sessions and login codes, or enables it again.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such user.
    pub async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), StoreError> {
        writing!(self, Alone::No, conn => {
            let changed = diesel::update(users::table.find(name))
                .set(users::disabled.eq(disabled))
                .execute(conn)
                .await?;
            if changed == 0 {
                return Err(no_user(name));
            }
            if disabled {
                diesel::delete(sessions::table.filter(sessions::user_name.eq(name))).execute(conn).await?;
                diesel::delete(login_codes::table.filter(login_codes::user_name.eq(name)))
                    .execute(conn)
                    .await?;
            }
            Ok(())
        })
    }

    /// Puts a user into exactly these groups.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is no such user.
    pub async fn set_groups(&self, name: &str, groups: &[String]) -> Result<(), StoreError> {
        let groups = json_text(&groups);
        writing!(self, Alone::No, conn => {
            let changed = diesel::update(users::table.find(name))
                .set(users::group_names.eq(&groups))
                .execute(conn)
                .await?;
            if changed == 0 {
                return Err(no_user(name));
            }
            Ok(())
        })
    }
}
