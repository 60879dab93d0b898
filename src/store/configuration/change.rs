//! Changing configuration: any number of objects at once, all or nothing, each change with its revision.

use std::collections::BTreeSet;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::{ConfigKey, ConfigKind, ConfigObject, DocumentRow};
use crate::domain::actor::Actor;
use crate::domain::timestamp::Timestamp;
use crate::store::pools::Alone;
use crate::store::revision::NewRevision;
use crate::store::schema::{configuration, revisions, tokens};
use crate::store::{Store, StoreError, column, reading, writing};

/// A change to make.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few at a time, each written to the store at once: a box would only be in the way"
)]
pub enum ConfigChange {
    /// Let the object be this.
    Put(ConfigObject),
    /// Let it not be.
    Delete(ConfigKey),
}

/// What a change did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// To which object.
    pub key: ConfigKey,
    /// What.
    pub verb: Verb,
}

/// What a change did to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It was not there.
    Created,
    /// It was another.
    Changed,
    /// It is gone.
    Deleted,
    /// It was as asked for before; nothing was written.
    Unchanged,
}

impl ConfigChange {
    fn key(&self) -> ConfigKey {
        match self {
            Self::Put(object) => object.key(),
            Self::Delete(key) => key.clone(),
        }
    }

    /// What it does to an object that is `before`.
    fn verb(&self, before: Option<&str>) -> Verb {
        match (self, before) {
            (Self::Put(_), None) => Verb::Created,
            (Self::Put(object), Some(before)) if same(before, &object.row().body) => Verb::Unchanged,
            (Self::Put(_), Some(_)) => Verb::Changed,
            (Self::Delete(_), Some(_)) => Verb::Deleted,
            (Self::Delete(_), None) => Verb::Unchanged,
        }
    }
}

/// Whether two JSON texts say the same; the order of keys says nothing.
fn same(a: &str, b: &str) -> bool {
    a == b
        || matches!(
            (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)),
            (Ok(a), Ok(b)) if a == b
        )
}

impl Store {
    /// Makes these changes in their order, all or none, and says what each did. Every change that is one
    /// writes a revision. The tokens of a space that is deleted are revoked.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a project would be left without its space or environment.
    pub async fn apply(
        &self,
        changes: &[ConfigChange],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Applied>, StoreError> {
        self.apply_after(changes, None, actor, now).await
    }

    /// The same, where nothing was changed since a look at the configuration: `seen` is what
    /// [`Store::last_revision`] said before it.
    ///
    /// # Errors
    /// As [`Store::apply`]; [`StoreError::Conflict`] also where something was changed since.
    pub async fn apply_seen(
        &self,
        changes: &[ConfigChange],
        seen: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Applied>, StoreError> {
        self.apply_after(changes, Some(seen), actor, now).await
    }

    /// The number of the last change of the configuration; 0 before the first.
    pub async fn last_revision(&self) -> Result<i64, StoreError> {
        let last: Option<i64> = reading!(self, conn => {
            revisions::table.select(diesel::dsl::max(revisions::id)).first(conn).await?
        });
        Ok(last.unwrap_or(0))
    }

    async fn apply_after(
        &self,
        changes: &[ConfigChange],
        seen: Option<i64>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Applied>, StoreError> {
        for change in changes {
            column::plain("a name", change.key().name())?;
        }
        writing!(self, Alone::Configuration, conn => {
            let last: Option<i64> =
                revisions::table.select(diesel::dsl::max(revisions::id)).first(conn).await?;
            if seen.is_some_and(|seen| seen != last.unwrap_or(0)) {
                return Err(StoreError::Conflict(
                    "the configuration was changed meanwhile by somebody else: look at it again".to_owned(),
                ));
            }
            let mut applied = Vec::with_capacity(changes.len());
            for change in changes {
                let key = change.key();
                let place = configuration::table.find((key.kind().as_str(), key.name()));
                let before: Option<String> =
                    place.select(configuration::body).first(conn).await.optional()?;
                let verb = change.verb(before.as_deref());
                let mut after = None;
                match (verb, change) {
                    (Verb::Created | Verb::Changed, ConfigChange::Put(object)) => {
                        let row = object.row();
                        // A project may have moved to another environment: the whole row is new.
                        diesel::delete(place).execute(conn).await?;
                        diesel::insert_into(configuration::table).values(&row).execute(conn).await?;
                        after = Some(row.body);
                    }
                    (Verb::Deleted, _) => {
                        diesel::delete(place).execute(conn).await?;
                        if key.kind() == ConfigKind::Space {
                            // Or they would count again in another space of the same name.
                            diesel::update(tokens::table.filter(tokens::space.eq(key.name())))
                                .filter(tokens::revoked_at.is_null())
                                .set(tokens::revoked_at.eq(now.as_millis()))
                                .execute(conn)
                                .await?;
                        }
                    }
                    _ => {}
                }
                if verb != Verb::Unchanged {
                    diesel::insert_into(revisions::table)
                        .values(NewRevision::of(&key, actor, now, before, after))
                        .execute(conn)
                        .await?;
                }
                applied.push(Applied { key, verb });
            }
            let rows: Vec<Names> = configuration::table.select(NAMES).load(conn).await?;
            refuse_dangling(&rows)?;
            Ok(applied)
        })
    }

    /// What [`Store::apply`] would do now; nothing is written.
    pub async fn preview(&self, changes: &[ConfigChange]) -> Result<Vec<Applied>, StoreError> {
        let rows: Vec<DocumentRow> = reading!(self, conn => {
            configuration::table.select(DocumentRow::as_select()).load(conn).await?
        });
        Ok(changes
            .iter()
            .map(|change| {
                let key = change.key();
                let before = rows
                    .iter()
                    .find(|row| row.kind == key.kind().as_str() && row.name == key.name())
                    .map(|row| row.body.as_str());
                Applied {
                    verb: change.verb(before),
                    key,
                }
            })
            .collect())
    }
}

/// The columns that say what refers to what.
const NAMES: (
    configuration::kind,
    configuration::name,
    configuration::space,
    configuration::environment,
) = (
    configuration::kind,
    configuration::name,
    configuration::space,
    configuration::environment,
);

/// The kind, the name, and the space and environment that a project refers to.
type Names = (String, String, Option<String>, Option<String>);

/// Every project must have its space and its environment.
fn refuse_dangling(rows: &[Names]) -> Result<(), StoreError> {
    let there: BTreeSet<(&str, &str)> = rows
        .iter()
        .map(|(kind, name, ..)| (kind.as_str(), name.as_str()))
        .collect();
    for (_, project, space, environment) in rows {
        for (kind, wanted) in [(ConfigKind::Space, space), (ConfigKind::Environment, environment)] {
            if let Some(wanted) = wanted
                && !there.contains(&(kind.as_str(), wanted.as_str()))
            {
                return Err(StoreError::Conflict(format!(
                    "project {project} needs the {} {wanted}, which is not there",
                    kind.as_str()
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn the_order_of_keys_is_no_change_but_that_of_a_list_is() {
        assert!(same(
            r#"{"a":1,"b":{"c":1,"d":2}}"#,
            r#"{"b":{"d":2,"c":1},"a":1}"#
        ));
        assert!(!same("[1,2]", "[2,1]"));
        assert!(!same("{}", "not json"));
    }
}
