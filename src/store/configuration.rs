//! Spaces, environments, projects, scripts and policies: documents by kind and name, each change a revision.

mod change;
mod object;

use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;

pub use change::{Applied, ConfigChange, Verb};
pub use object::{ConfigKey, ConfigKind, ConfigObject, Script};

use super::column::Row;
use super::schema::configuration;
use super::{Store, StoreError, reading};
use crate::domain::environment::Environment;
use crate::domain::name::Name;
use crate::domain::policy::Policy;
use crate::domain::project::Project;
use crate::domain::space::Space;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = configuration, treat_none_as_default_value = false)]
struct DocumentRow {
    kind: String,
    name: String,
    body: String,
    space: Option<String>,
    environment: Option<String>,
}

impl DocumentRow {
    fn body<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        self.row().json(&self.body)
    }

    fn row(&self) -> Row<'_> {
        Row {
            table: "configuration",
            key: &self.name,
        }
    }
}

impl Store {
    /// Every space, by name.
    pub async fn spaces(&self) -> Result<Vec<Space>, StoreError> {
        self.documents(ConfigKind::Space, None)
            .await?
            .iter()
            .map(DocumentRow::body)
            .collect()
    }

    /// A space.
    pub async fn space(&self, name: &Name) -> Result<Option<Space>, StoreError> {
        self.body(&ConfigKey::space(name)).await
    }

    /// Every environment, by name.
    pub async fn environments(&self) -> Result<Vec<Environment>, StoreError> {
        self.documents(ConfigKind::Environment, None)
            .await?
            .iter()
            .map(DocumentRow::body)
            .collect()
    }

    /// An environment.
    pub async fn environment(&self, name: &Name) -> Result<Option<Environment>, StoreError> {
        self.body(&ConfigKey::environment(name)).await
    }

    /// The projects of a space, by name.
    pub async fn projects(&self, space: &Name) -> Result<Vec<Project>, StoreError> {
        self.documents(ConfigKind::Project, Some(space))
            .await?
            .iter()
            .map(DocumentRow::body)
            .collect()
    }

    /// Every project with its space, by space and name.
    pub async fn all_projects(&self) -> Result<Vec<(Name, Project)>, StoreError> {
        self.documents(ConfigKind::Project, None)
            .await?
            .iter()
            .map(|document| {
                let space = document.space.as_deref().unwrap_or_default();
                Ok((document.row().name(space)?, document.body()?))
            })
            .collect()
    }

    /// A project.
    pub async fn project(&self, space: &Name, name: &Name) -> Result<Option<Project>, StoreError> {
        self.body(&ConfigKey::project(space, name)).await
    }

    /// Every script, by file name.
    pub async fn scripts(&self) -> Result<Vec<Script>, StoreError> {
        self.documents(ConfigKind::Script, None)
            .await?
            .into_iter()
            .map(|document| {
                Ok(Script {
                    text: document.body()?,
                    name: document.name,
                })
            })
            .collect()
    }

    /// The text of the script of this file name.
    pub async fn script(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.body(&ConfigKey::script(name)).await
    }

    /// Every policy with its name, by name.
    pub async fn policies(&self) -> Result<Vec<(Name, Policy)>, StoreError> {
        self.documents(ConfigKind::Policy, None)
            .await?
            .iter()
            .map(|document| Ok((document.row().name(&document.name)?, document.body()?)))
            .collect()
    }

    /// A policy.
    pub async fn policy(&self, name: &Name) -> Result<Option<Policy>, StoreError> {
        self.body(&ConfigKey::policy(name)).await
    }

    async fn body<T: DeserializeOwned>(&self, key: &ConfigKey) -> Result<Option<T>, StoreError> {
        let found: Option<DocumentRow> = reading!(self, conn => {
            configuration::table
                .find((key.kind().as_str(), key.name()))
                .select(DocumentRow::as_select())
                .first(conn)
                .await
                .optional()?
        });
        found.map(|document| document.body()).transpose()
    }

    async fn documents(
        &self,
        kind: ConfigKind,
        space: Option<&Name>,
    ) -> Result<Vec<DocumentRow>, StoreError> {
        let mut rows: Vec<DocumentRow> = reading!(self, conn => {
            let mut query = configuration::table
                .filter(configuration::kind.eq(kind.as_str()))
                .select(DocumentRow::as_select())
                .into_boxed();
            if let Some(space) = space {
                query = query.filter(configuration::space.eq(space.as_str()));
            }
            query.load(conn).await?
        });
        // By bytes, whatever collation the database has.
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rows)
    }
}
