//! Spaces and projects as they are shown.

use serde::Serialize;
use serde_json::Value;

use super::{ActionSummary, BadVersionView};
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;

/// A space on the start page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpaceCard {
    /// The name in URLs.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its colour.
    pub color: Option<String>,
    /// How many projects it has.
    pub projects: u32,
    /// How many of its actions are not over.
    pub active: u32,
}

/// What stands at the head of every page of a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpaceHead {
    /// The name in URLs.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its colour.
    pub color: Option<String>,
    /// The names of its projects.
    pub projects: Vec<String>,
}

/// A space's own page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpaceView {
    /// The name in URLs.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its colour.
    pub color: Option<String>,
    /// Its projects by name.
    pub projects: Vec<ProjectRow>,
    /// Its newest actions.
    pub recent: Vec<ActionSummary>,
}

/// A project on its space's page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProjectRow {
    /// The name in URLs.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// How many servers run each version: `(version, servers)`, most first.
    pub versions: Vec<(String, u32)>,
    /// How many servers it has, where its configuration says so.
    pub servers: Option<u32>,
    /// The actions of its script that the caller may run.
    pub actions: Vec<String>,
    /// What is wrong with its configuration or script, in words; its other columns may then be empty.
    pub problem: Option<String>,
    /// Its newest action.
    pub last: Option<ActionSummary>,
}

/// A project with its servers, for choosing what to act on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProjectView {
    /// Its space.
    pub space: String,
    /// What people call the space.
    pub space_title: String,
    /// The space's colour.
    pub space_color: Option<String>,
    /// The name in URLs.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// The script's file name.
    pub script: String,
    /// The actions of its script that the caller may run.
    pub actions: Vec<String>,
    /// The version its configuration names.
    pub version: Option<String>,
    /// Its servers in the configuration's order.
    pub servers: Vec<ServerRow>,
    /// The merged configuration, secrets as their references: `{key: {"value", "origin"}}`.
    pub config: Value,
    /// Its versions that are or were in quarantine, newest first.
    pub quarantine: Vec<BadVersionView>,
    /// Whether the caller may lift a quarantine.
    pub may_lift: bool,
    /// Its newest actions.
    pub recent: Vec<ActionSummary>,
}

/// A server of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerRow {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// Its pools.
    pub pools: Vec<String>,
    /// The version that is installed, as the inventory knows it.
    pub version: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The action that put it there.
    pub action: Option<ActionId>,
}
