//! The inventory: which version runs on which target, since when, by which action.

use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::column::{Row, plain, time};
use super::pools::Alone;
use super::schema::inventory;
use super::{Store, StoreError, reading, writing};
use crate::domain::action::ActionId;
use crate::domain::name::{Name, TargetName};
use crate::domain::timestamp::Timestamp;

/// What runs on one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryEntry {
    /// The target.
    pub target: TargetName,
    /// The version it has.
    pub version: String,
    /// Since when.
    pub since: Timestamp,
    /// The action that brought it there.
    pub action: ActionId,
    /// The version it had before that.
    pub previous_version: Option<String>,
    /// The last version that was good on it.
    pub last_good: Option<String>,
}

/// That a target now has a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedVersion {
    /// The space of the project.
    pub space: Name,
    /// The project.
    pub project: Name,
    /// The target.
    pub target: TargetName,
    /// The version it has now.
    pub version: String,
    /// The action that brought it there.
    pub action: ActionId,
    /// Whether the version is known to be good there.
    pub good: bool,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = inventory, treat_none_as_default_value = false)]
pub(super) struct InventoryRow {
    space: String,
    project: String,
    target: String,
    version: String,
    since: i64,
    action: String,
    previous_version: Option<String>,
    last_good: Option<String>,
}

impl InventoryRow {
    fn read(self) -> Result<InventoryEntry, StoreError> {
        let row = Row {
            table: "inventory",
            key: &self.target,
        };
        Ok(InventoryEntry {
            target: row.target(&self.target)?,
            action: row.action(&self.action)?,
            version: self.version,
            since: time(self.since),
            previous_version: self.previous_version,
            last_good: self.last_good,
        })
    }

    /// The row after `recorded`. The same version again keeps since when and by which action it is there.
    pub(super) fn after(before: Option<Self>, recorded: &RecordedVersion, now: Timestamp) -> Self {
        let (kept_good, unchanged, had) = match before {
            Some(row) if row.version == recorded.version => {
                (row.last_good, Some((row.since, row.action)), row.previous_version)
            }
            Some(row) => (row.last_good, None, Some(row.version)),
            None => (None, None, None),
        };
        let (since, action) = unchanged.unwrap_or_else(|| (now.as_millis(), recorded.action.to_string()));
        Self {
            space: recorded.space.to_string(),
            project: recorded.project.to_string(),
            target: recorded.target.to_string(),
            version: recorded.version.clone(),
            since,
            action,
            previous_version: had,
            last_good: if recorded.good {
                Some(recorded.version.clone())
            } else {
                kept_good
            },
        }
    }
}

impl Store {
    /// What runs on the targets of a project, by target.
    pub async fn inventory(&self, space: &Name, project: &Name) -> Result<Vec<InventoryEntry>, StoreError> {
        self.inventory_where(space, project, None).await
    }

    /// The targets of a project that have this version, by target.
    pub async fn inventory_of_version(
        &self,
        space: &Name,
        project: &Name,
        version: &str,
    ) -> Result<Vec<InventoryEntry>, StoreError> {
        plain("a version", version)?;
        self.inventory_where(space, project, Some(version)).await
    }

    async fn inventory_where(
        &self,
        space: &Name,
        project: &Name,
        version: Option<&str>,
    ) -> Result<Vec<InventoryEntry>, StoreError> {
        let mut rows: Vec<InventoryRow> = reading!(self, conn => {
            let mut query = inventory::table
                .filter(inventory::space.eq(space.as_str()))
                .filter(inventory::project.eq(project.as_str()))
                .select(InventoryRow::as_select())
                .into_boxed();
            if let Some(version) = version {
                query = query.filter(inventory::version.eq(version));
            }
            query.load(conn).await?
        });
        rows.sort_by(|a, b| a.target.cmp(&b.target));
        rows.into_iter().map(InventoryRow::read).collect()
    }

    /// Records that a target now has a version. Recording the same again changes nothing.
    pub async fn record_version(&self, recorded: &RecordedVersion, now: Timestamp) -> Result<(), StoreError> {
        plain("a version", &recorded.version)?;
        writing!(self, Alone::No, conn => {
            let place = inventory::table.find((
                recorded.space.as_str(),
                recorded.project.as_str(),
                recorded.target.as_str(),
            ));
            let before: Option<InventoryRow> =
                place.select(InventoryRow::as_select()).first(conn).await.optional()?;
            let row = InventoryRow::after(before, recorded, now);
            diesel::delete(place).execute(conn).await?;
            diesel::insert_into(inventory::table).values(&row).execute(conn).await?;
            Ok(())
        })
    }
}
