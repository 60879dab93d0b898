//! Versions that were rolled back, for each project and environment: written with the event that found them bad, kept
//! with who lifted them and why.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;

use super::column::{Row, plain, time};
use super::pools::Alone;
use super::schema::quarantine;
use super::{Store, StoreError, reading, writing};
use crate::domain::action::ActionId;
use crate::domain::name::Name;
use crate::domain::quarantine::{BadVersion, Lifted, Quarantine, QuarantineError};
use crate::domain::timestamp::Timestamp;

/// That an action found a version bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBad {
    /// The space of the project.
    pub space: Name,
    /// The project.
    pub project: Name,
    /// Its environment.
    pub environment: Name,
    /// The version.
    pub version: String,
    /// The action.
    pub action: ActionId,
    /// Who had asked for it.
    pub by: String,
    /// Why it is bad, in words.
    pub why: String,
}

/// Why a quarantine was not lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// There is none, or nobody said why.
    #[error(transparent)]
    Refused(#[from] QuarantineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for LiftError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = quarantine)]
pub(super) struct QuarantineRow {
    id: i64,
    environment: String,
    version: String,
    since: i64,
    action: String,
    actor: String,
    why: String,
    lifted_at: Option<i64>,
    lifted_by: Option<String>,
    lifted_reason: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = quarantine, treat_none_as_default_value = false)]
pub(super) struct NewQuarantineRow {
    space: String,
    project: String,
    environment: String,
    version: String,
    since: i64,
    action: String,
    actor: String,
    why: String,
}

impl QuarantineRow {
    fn read(self) -> Result<BadVersion, StoreError> {
        let key = self.id.to_string();
        let row = Row {
            table: "quarantine",
            key: &key,
        };
        let lifted = match (self.lifted_at, self.lifted_by, self.lifted_reason) {
            (Some(at), Some(by), Some(reason)) => Some(Lifted {
                at: time(at),
                by,
                reason,
            }),
            (None, None, None) => None,
            _ => return Err(row.corrupt("it is lifted by halves")),
        };
        Ok(BadVersion {
            since: time(self.since),
            action: row.action(&self.action)?,
            version: self.version,
            by: self.actor,
            why: self.why,
            lifted,
        })
    }
}

/// The row that `found` adds to what is there of the same version, oldest first; none where it adds nothing.
pub(super) fn added(
    there: Vec<QuarantineRow>,
    found: &FoundBad,
    since: Timestamp,
) -> Result<Option<NewQuarantineRow>, StoreError> {
    let mut known = empty(
        found.space.clone(),
        found.project.clone(),
        found.environment.clone(),
    );
    for row in there {
        known.versions.push(row.read()?);
    }
    let before = known.versions.len();
    known.record(&found.version, since, found.action, &found.by, &found.why);
    // PostgreSQL keeps no NUL in a text, and a host may have said one.
    Ok(known.versions.get(before).map(|bad| NewQuarantineRow {
        space: found.space.to_string(),
        project: found.project.to_string(),
        environment: found.environment.to_string(),
        version: bad.version.clone(),
        since: bad.since.as_millis(),
        action: bad.action.to_string(),
        actor: bad.by.replace('\0', ""),
        why: bad.why.replace('\0', ""),
    }))
}

fn empty(space: Name, project: Name, environment: Name) -> Quarantine {
    Quarantine::new(space, project, environment)
}

/// Writes that a version is bad, in a transaction of the caller's. Writing the same again changes nothing, and so
/// does writing it while the version is bad already.
macro_rules! insert_found {
    ($conn:expr, $found:expr, $since:expr) => {{
        let there: Vec<$crate::store::quarantine::QuarantineRow> = $crate::store::schema::quarantine::table
            .filter($crate::store::schema::quarantine::space.eq($found.space.as_str()))
            .filter($crate::store::schema::quarantine::project.eq($found.project.as_str()))
            .filter($crate::store::schema::quarantine::environment.eq($found.environment.as_str()))
            .filter($crate::store::schema::quarantine::version.eq(&$found.version))
            .order($crate::store::schema::quarantine::id)
            .select($crate::store::quarantine::QuarantineRow::as_select())
            .load($conn)
            .await?;
        if let Some(row) = $crate::store::quarantine::added(there, $found, $since)? {
            diesel::insert_into($crate::store::schema::quarantine::table)
                .values(&row)
                .on_conflict_do_nothing()
                .execute($conn)
                .await?;
        }
    }};
}
pub(super) use insert_found;

impl Store {
    /// Writes that a version is bad, without an event: for one whose event was stored before. Writing the same again
    /// changes nothing.
    pub async fn found_bad(&self, found: &FoundBad, since: Timestamp) -> Result<(), StoreError> {
        plain("a version", &found.version)?;
        writing!(self, Alone::No, conn => {
            insert_found!(conn, found, since);
            Ok(())
        })
    }

    /// The versions that are or were bad for a project in an environment, oldest first.
    pub async fn quarantine(
        &self,
        space: &Name,
        project: &Name,
        environment: &Name,
    ) -> Result<Quarantine, StoreError> {
        let all = self.quarantines(space, project).await?;
        let this = all.into_iter().find(|one| one.environment == *environment);
        Ok(this.unwrap_or_else(|| empty(space.clone(), project.clone(), environment.clone())))
    }

    /// The versions that are or were bad for a project, for each environment that it has lived in and that had any.
    pub async fn quarantines(&self, space: &Name, project: &Name) -> Result<Vec<Quarantine>, StoreError> {
        let rows: Vec<QuarantineRow> = reading!(self, conn => {
            quarantine::table
                .filter(quarantine::space.eq(space.as_str()))
                .filter(quarantine::project.eq(project.as_str()))
                .order(quarantine::id)
                .select(QuarantineRow::as_select())
                .load(conn)
                .await?
        });
        let mut found: BTreeMap<Name, Quarantine> = BTreeMap::new();
        for row in rows {
            let key = row.id.to_string();
            let place = Row {
                table: "quarantine",
                key: &key,
            };
            let environment = place.name(&row.environment)?;
            found
                .entry(environment.clone())
                .or_insert_with(|| empty(space.clone(), project.clone(), environment))
                .versions
                .push(row.read()?);
        }
        Ok(found.into_values().collect())
    }

    /// Lets a bad version be deployed again. Who did and why stays.
    ///
    /// # Errors
    /// [`LiftError::Refused`] where the version is not bad, or no reason is given.
    pub async fn lift_quarantine(
        &self,
        space: &Name,
        project: &Name,
        environment: &Name,
        version: &str,
        lifted: &Lifted,
    ) -> Result<(), LiftError> {
        plain("`version`", version)?;
        plain("`reason`", &lifted.reason)?;
        let mut known = empty(space.clone(), project.clone(), environment.clone());
        writing!(self, Alone::No, conn => {
            let of_version = quarantine::table
                .filter(quarantine::space.eq(space.as_str()))
                .filter(quarantine::project.eq(project.as_str()))
                .filter(quarantine::environment.eq(environment.as_str()))
                .filter(quarantine::version.eq(version));
            let rows: Vec<QuarantineRow> = of_version
                .order(quarantine::id)
                .select(QuarantineRow::as_select())
                .load(conn)
                .await?;
            let ids: Vec<i64> = rows.iter().filter(|row| row.lifted_at.is_none()).map(|row| row.id).collect();
            for row in rows {
                known.versions.push(row.read()?);
            }
            known.lift(version, lifted)?;
            diesel::update(
                quarantine::table
                    .filter(quarantine::id.eq_any(&ids))
                    // Somebody else may have lifted it a moment ago: the first one's word stays.
                    .filter(quarantine::lifted_at.is_null()),
            )
            .set((
                quarantine::lifted_at.eq(Some(lifted.at.as_millis())),
                quarantine::lifted_by.eq(Some(&lifted.by)),
                quarantine::lifted_reason.eq(Some(&lifted.reason)),
            ))
            .execute(conn)
            .await?;
            Ok(())
        })
    }
}
