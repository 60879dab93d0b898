//! Revisions: who changed which configuration object when, with what it was before and after.

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::column::{Row, json_text, time};
use super::configuration::{ConfigKey, ConfigKind};
use super::schema::revisions;
use super::{Store, StoreError, reading};
use crate::domain::actor::Actor;
use crate::domain::timestamp::Timestamp;

/// One change of one configuration object.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Counts up over all objects.
    pub id: i64,
    /// What was changed.
    pub key: ConfigKey,
    /// By whom.
    pub actor: Actor,
    /// When.
    pub time: Timestamp,
    /// What it was; none where it was created. A script is a JSON string.
    pub before: Option<Value>,
    /// What it became; none where it was deleted.
    pub after: Option<Value>,
}

#[derive(Insertable)]
#[diesel(table_name = revisions, treat_none_as_default_value = false)]
pub(super) struct NewRevision {
    kind: &'static str,
    name: String,
    actor: String,
    time: i64,
    before: Option<String>,
    after: Option<String>,
}

impl NewRevision {
    pub(super) fn of(
        key: &ConfigKey,
        actor: &Actor,
        now: Timestamp,
        before: Option<String>,
        after: Option<String>,
    ) -> Self {
        Self {
            kind: key.kind().as_str(),
            name: key.name().to_owned(),
            actor: json_text(actor),
            time: now.as_millis(),
            before,
            after,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = revisions)]
struct RevisionRow {
    id: i64,
    kind: String,
    name: String,
    actor: String,
    time: i64,
    before: Option<String>,
    after: Option<String>,
}

impl RevisionRow {
    fn read(self) -> Result<Revision, StoreError> {
        let key = self.id.to_string();
        let row = Row {
            table: "revisions",
            key: &key,
        };
        let kind = ConfigKind::parse(&self.kind)
            .ok_or_else(|| row.corrupt(format!("`{}` is no kind of object", self.kind)))?;
        Ok(Revision {
            id: self.id,
            actor: row.json(&self.actor)?,
            time: time(self.time),
            before: row.optional_json(self.before.as_deref())?,
            after: row.optional_json(self.after.as_deref())?,
            key: ConfigKey::from_column(kind, self.name),
        })
    }
}

impl Store {
    /// The changes of one object, newest first, at most `limit`; with `before`, only those with a smaller id.
    pub async fn revisions(
        &self,
        key: &ConfigKey,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Revision>, StoreError> {
        let rows: Vec<RevisionRow> = reading!(self, conn => {
            revisions::table
                .filter(revisions::kind.eq(key.kind().as_str()))
                .filter(revisions::name.eq(key.name()))
                .filter(revisions::id.lt(before.unwrap_or(i64::MAX)))
                .order(revisions::id.desc())
                .limit(i64::from(limit))
                .select(RevisionRow::as_select())
                .load(conn)
                .await?
        });
        rows.into_iter().map(RevisionRow::read).collect()
    }
}
