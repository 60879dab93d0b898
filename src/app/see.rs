//! Looking around: spaces, projects, servers and versions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::app::error::AppError;
use crate::app::telling::summary;
use crate::app::view::{ActionSummary, ProjectRow, ProjectView, ServerRow, SpaceCard, SpaceHead, SpaceView};
use crate::app::watch::visible;
use crate::domain::actor::{Caller, Permission};
use crate::domain::config::MergedConfig;
use crate::domain::name::Name;
use crate::domain::project::Project;
use crate::domain::space::Space;
use crate::domain::target::Topology;
use crate::store::{ActionFilter, ActionRecord, InventoryEntry};

/// Newest actions on a space's and a project's page.
const RECENT: u32 = 10;

impl App {
    /// The spaces that the caller belongs to.
    pub async fn spaces(&self, caller: &Caller) -> Result<Vec<SpaceCard>, AppError> {
        let active = self.store.live_counts().await?;
        let mut cards = Vec::new();
        for space in self.store.spaces().await? {
            if !caller.may(Permission::See, space.name.as_str()) {
                continue;
            }
            let projects = self.store.projects(&space.name).await?.len() as u32;
            cards.push(SpaceCard {
                title: space.display_title().to_owned(),
                color: space.color.clone(),
                projects,
                active: active
                    .iter()
                    .filter(|live| live.space == space.name)
                    .map(|live| live.count as u32)
                    .sum(),
                name: space.name.to_string(),
            });
        }
        Ok(cards)
    }

    /// A space's name, title and colour, and the names of its projects: nothing is evaluated for it.
    pub async fn space_head(&self, caller: &Caller, space: &str) -> Result<SpaceHead, AppError> {
        let space = self.visible_space(caller, space).await?;
        let projects = self.store.projects(&space.name).await?;
        Ok(SpaceHead {
            title: space.display_title().to_owned(),
            color: space.color.clone(),
            name: space.name.to_string(),
            projects: projects.iter().map(|project| project.name.to_string()).collect(),
        })
    }

    /// A space with its projects and its newest actions.
    pub async fn space(&self, caller: &Caller, space: &str) -> Result<SpaceView, AppError> {
        let space = self.visible_space(caller, space).await?;
        let mut projects = Vec::new();
        let last = self.store.last_actions(Some(&space.name)).await?;
        for project in self.store.projects(&space.name).await? {
            let last = last.iter().find(|record| record.project == project.name);
            projects.push(self.project_row(caller, &space, &project, last).await?);
        }
        let recent = self.recent(caller, &space.name, None).await?;
        Ok(SpaceView {
            title: space.display_title().to_owned(),
            color: space.color.clone(),
            name: space.name.to_string(),
            projects,
            recent,
        })
    }

    /// A project with its servers and what runs on them.
    pub async fn project(
        &self,
        caller: &Caller,
        space: &str,
        project: &str,
    ) -> Result<ProjectView, AppError> {
        let subject = self.subject(caller, space, project).await?;
        let config = subject.config(&Map::new())?;
        let inventory = self
            .store
            .inventory(&subject.space.name, &subject.project.name)
            .await?;
        let servers = self.servers(&config, &inventory).await?;
        Ok(ProjectView {
            space: subject.space.name.to_string(),
            space_title: subject.space.display_title().to_owned(),
            space_color: subject.space.color.clone(),
            name: subject.project.name.to_string(),
            environment: subject.environment.name.to_string(),
            script: subject.script.name.clone(),
            actions: allowed_actions(caller, space, &subject.facts.actions),
            version: config
                .values
                .get("version")
                .and_then(Value::as_str)
                .map(str::to_owned),
            servers,
            config: shown(&config),
            quarantine: self
                .bad_versions(&subject.space.name, &subject.project.name)
                .await?,
            may_lift: caller.may(Permission::Lift, space),
            recent: self
                .recent(caller, &subject.space.name, Some(&subject.project.name))
                .await?,
        })
    }

    pub(crate) async fn visible_space(&self, caller: &Caller, space: &str) -> Result<Space, AppError> {
        let found = match Name::parse(space) {
            Ok(name) if caller.may(Permission::See, space) => self.store.space(&name).await?,
            _ => None,
        };
        found.ok_or_else(|| AppError::NotFound(format!("space {space}")))
    }

    async fn recent(
        &self,
        caller: &Caller,
        space: &Name,
        project: Option<&Name>,
    ) -> Result<Vec<ActionSummary>, AppError> {
        let filter = ActionFilter {
            space: Some(space.clone()),
            allowed: visible(caller),
            project: project.cloned(),
            ..ActionFilter::default()
        };
        Ok(self
            .store
            .list_actions(&filter, RECENT)
            .await?
            .items
            .iter()
            .map(summary)
            .collect())
    }

    /// One project's row. What is wrong with one project is shown in its row and hides no other.
    async fn project_row(
        &self,
        caller: &Caller,
        space: &Space,
        project: &Project,
        last: Option<&ActionRecord>,
    ) -> Result<ProjectRow, AppError> {
        let name = project.name.as_str();
        let inventory = self.store.inventory(&space.name, &project.name).await?;
        let mut row = ProjectRow {
            name: name.to_owned(),
            environment: project.environment.to_string(),
            versions: versions(&inventory),
            servers: None,
            actions: Vec::new(),
            problem: None,
            last: last.map(summary),
        };
        let seen = async {
            let subject = self.subject(caller, space.name.as_str(), name).await?;
            row.actions = allowed_actions(caller, space.name.as_str(), &subject.facts.actions);
            let config = subject.config(&Map::new())?;
            let topology = Topology::parse(&config).map_err(crate::app::planning::invalid_config)?;
            row.servers = Some(topology.servers.len() as u32);
            Ok::<(), AppError>(())
        };
        if let Err(error) = seen.await {
            row.problem = Some(problem(&space.name, &project.name, &error));
        }
        Ok(row)
    }

    async fn servers(
        &self,
        config: &MergedConfig,
        inventory: &[InventoryEntry],
    ) -> Result<Vec<ServerRow>, AppError> {
        let topology = self.topology(config).await?.topology;
        Ok(topology
            .targets(&|name| self.outside.hosts.address_of(name))
            .into_iter()
            .map(|target| {
                let known = inventory.iter().find(|entry| entry.target == target.name);
                ServerRow {
                    name: target.name.to_string(),
                    zone: target.zone,
                    pools: target.pools,
                    version: known.map(|entry| entry.installed.version.clone()),
                    since: known.map(|entry| entry.since),
                    action: known.map(|entry| entry.action),
                }
            })
            .collect())
    }
}

/// What a viewer is told of it. A fault of ours is told to the log alone.
fn problem(space: &Name, project: &Name, error: &AppError) -> String {
    if let AppError::Internal(cause) = error {
        tracing::error!(%space, %project, cause, "a project cannot be shown");
        return "It cannot be shown: a fault of the server, whose log has the cause.".to_owned();
    }
    error.to_string()
}

fn versions(inventory: &[InventoryEntry]) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for entry in inventory {
        *counts.entry(&entry.installed.version).or_default() += 1;
    }
    let mut counts: Vec<(String, u32)> = counts
        .into_iter()
        .map(|(version, count)| (version.to_owned(), count))
        .collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

fn allowed_actions(caller: &Caller, space: &str, actions: &[String]) -> Vec<String> {
    actions
        .iter()
        .filter(|action| caller.may(Permission::Act(action), space))
        .cloned()
        .collect()
}

/// The configuration with the origin of each key.
fn shown(config: &MergedConfig) -> Value {
    config
        .values
        .iter()
        .map(|(key, value)| {
            (
                key.clone(),
                json!({"value": value, "origin": config.origins.get(key)}),
            )
        })
        .collect::<Map<String, Value>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::problem;
    use crate::app::error::AppError;
    use crate::domain::name::Name;

    #[test]
    fn a_viewer_learns_what_is_wrong_with_a_project_but_not_with_the_server() {
        let (space, project) = (Name::parse("pay").unwrap(), Name::parse("web").unwrap());
        let told = |error: AppError| problem(&space, &project, &error);
        assert_eq!(
            told(AppError::field("config.a", "is not known")),
            "config.a: is not known"
        );
        let internal = told(AppError::Internal("relation \"plans\" of edge@db-1".into()));
        assert!(
            !internal.contains("db-1") && internal.contains("log"),
            "{internal}"
        );
    }
}
