//! The inventory: which version runs on which target, since when, by which action.

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;

use super::column::{Row, json_text, plain, time};
use super::schema::inventory;
use super::{Store, StoreError, reading};
use crate::domain::action::ActionId;
use crate::domain::name::{Name, TargetName};
use crate::domain::target::{Installed, Put};
use crate::domain::timestamp::Timestamp;

/// What runs on one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryEntry {
    /// The target.
    pub target: TargetName,
    /// The version it has, with its past.
    pub installed: Installed,
    /// Since when it has it.
    pub since: Timestamp,
    /// The action that brought it there.
    pub action: ActionId,
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
    /// In which way.
    pub put: Put,
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
    good_versions: String,
    settled: bool,
}

impl InventoryRow {
    fn installed(&self) -> Result<Installed, StoreError> {
        let row = Row {
            table: "inventory",
            key: &self.target,
        };
        Ok(Installed {
            version: self.version.clone(),
            previous: self.previous_version.clone(),
            good: row.json(&self.good_versions)?,
            settled: self.settled,
        })
    }

    fn read(self) -> Result<InventoryEntry, StoreError> {
        let row = Row {
            table: "inventory",
            key: &self.target,
        };
        Ok(InventoryEntry {
            target: row.target(&self.target)?,
            action: row.action(&self.action)?,
            since: time(self.since),
            installed: self.installed()?,
        })
    }

    /// The row after `recorded`. The same version again keeps since when and by which action it is there.
    pub(super) fn after(
        before: Option<&Self>,
        recorded: &RecordedVersion,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (since, action) = match before {
            Some(row) if row.version == recorded.version => (row.since, row.action.clone()),
            _ => (now.as_millis(), recorded.action.to_string()),
        };
        let had = before.map(Self::installed).transpose()?;
        let installed = Installed::after(had, &recorded.version, recorded.put);
        Ok(Self {
            space: recorded.space.to_string(),
            project: recorded.project.to_string(),
            target: recorded.target.to_string(),
            version: installed.version,
            since,
            action,
            previous_version: installed.previous,
            good_versions: json_text(&installed.good),
            settled: installed.settled,
        })
    }

    /// Its target and its good versions once the action that put or left its version there COMPLETED; none where
    /// that changes nothing.
    pub(super) fn completed(self) -> Result<Option<(String, String)>, StoreError> {
        let mut installed = self.installed()?;
        installed.completed();
        let good = json_text(&installed.good);
        Ok((good != self.good_versions || !self.settled).then_some((self.target, good)))
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
}
