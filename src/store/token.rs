//! Service tokens: what a program signs its requests with. Only the hash is kept.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::column::{Row, json_text, millis, plain, time};
use super::pools::Alone;
use super::schema::tokens;
use super::{Store, StoreError, reading, writing};
use crate::domain::actor::{Actor, Role};
use crate::domain::name::Name;
use crate::domain::timestamp::Timestamp;

/// A service token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name, never used again once taken: `token:<name>` must mean one token for ever.
    pub name: String,
    /// SHA-256 (hex) of the token.
    pub token_hash: String,
    /// The space where it counts.
    pub space: Name,
    /// What it is there.
    pub role: Role,
    /// Who made it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// When it ends; none is never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, as far as [`Store::touch_token`] was told.
    pub last_used_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tokens, treat_none_as_default_value = false)]
struct TokenRow {
    name: String,
    token_hash: String,
    space: String,
    role: String,
    created_by: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl TokenRow {
    fn read(self) -> Result<Token, StoreError> {
        let row = Row {
            table: "tokens",
            key: &self.name,
        };
        Ok(Token {
            space: row.name(&self.space)?,
            role: Role::parse(&self.role)
                .ok_or_else(|| row.corrupt(format!("`{}` is not a role", self.role)))?,
            created_by: row.json(&self.created_by)?,
            created_at: time(self.created_at),
            expires_at: self.expires_at.map(time),
            revoked_at: self.revoked_at.map(time),
            last_used_at: self.last_used_at.map(time),
            token_hash: self.token_hash,
            name: self.name,
        })
    }
}

impl Store {
    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where its name is or was taken.
    pub async fn add_token(&self, token: &Token) -> Result<(), StoreError> {
        plain("the name of a token", &token.name)?;
        let row = TokenRow {
            name: token.name.clone(),
            token_hash: token.token_hash.clone(),
            space: token.space.to_string(),
            role: token.role.as_str().to_owned(),
            created_by: json_text(&token.created_by),
            created_at: token.created_at.as_millis(),
            expires_at: millis(token.expires_at),
            revoked_at: millis(token.revoked_at),
            last_used_at: millis(token.last_used_at),
        };
        writing!(self, Alone::No, conn => {
            let added = diesel::insert_into(tokens::table)
                .values(&row)
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if added == 0 {
                return Err(StoreError::Conflict(format!(
                    "a token `{}` is or was there: choose another name",
                    row.name
                )));
            }
            Ok(())
        })
    }

    /// The token with this hash; none where it is not known, over or revoked.
    pub async fn find_token(&self, token_hash: &str, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let row: Option<TokenRow> = reading!(self, conn => {
            tokens::table
                .filter(tokens::token_hash.eq(token_hash))
                .filter(tokens::revoked_at.is_null())
                .filter(tokens::expires_at.is_null().or(tokens::expires_at.gt(now.as_millis())))
                .select(TokenRow::as_select())
                .first(conn)
                .await
                .optional()?
        });
        row.map(TokenRow::read).transpose()
    }

    /// Every token, also those that are over, by name; with `space` only its own.
    pub async fn tokens(&self, space: Option<&Name>) -> Result<Vec<Token>, StoreError> {
        let mut rows: Vec<TokenRow> = reading!(self, conn => {
            let mut query = tokens::table.select(TokenRow::as_select()).into_boxed();
            if let Some(space) = space {
                query = query.filter(tokens::space.eq(space.as_str()));
            }
            query.load(conn).await?
        });
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows.into_iter().map(TokenRow::read).collect()
    }

    /// Notes that a token was used. Callers need not say so more than once a minute.
    pub async fn touch_token(&self, name: &str, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, Alone::No, conn => {
            diesel::update(tokens::table.find(name))
                .set(tokens::last_used_at.eq(now.as_millis()))
                .execute(conn)
                .await?;
            Ok(())
        })
    }

    /// Ends a token for good; says whether it counted until now.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none of this name.
    pub async fn revoke_token(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        writing!(self, Alone::No, conn => {
            let revoked: Option<Option<i64>> =
                tokens::table.find(name).select(tokens::revoked_at).first(conn).await.optional()?;
            match revoked {
                None => Err(StoreError::Missing(format!("token `{name}`"))),
                Some(Some(_)) => Ok(false),
                Some(None) => {
                    diesel::update(tokens::table.find(name))
                        .set(tokens::revoked_at.eq(now.as_millis()))
                        .execute(conn)
                        .await?;
                    Ok(true)
                }
            }
        })
    }
}
