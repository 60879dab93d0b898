//! Looks at what needs the scripts: do they evaluate, and do configurations fit them?

use std::collections::HashMap;

use serde_json::Map;

use crate::app::ports::{Interpreter, ScriptError, ScriptFacts};
use crate::domain::config::{ConfigError, check as check_config, merge};
use crate::domain::environment::Environment;
use crate::domain::name::Name;
use crate::domain::project::Project;
use crate::domain::target::Topology;

use super::{ConfigFolder, FolderError, ReadFolder};

/// Checks what was read with the scripts it needs, those of the folder before those `stored`.
///
/// # Errors
/// Everything that is wrong: scripts that do not evaluate, keys that nobody knows, values of another type
/// than wanted, required keys that nobody gives, topologies that are none.
pub async fn check(
    read: &ReadFolder,
    stored: &ConfigFolder,
    interpreter: &dyn Interpreter,
) -> Result<(), Vec<FolderError>> {
    let mut errors = Vec::new();
    let mut facts: HashMap<&str, ScriptFacts> = HashMap::new();
    for script in read.folder.scripts.iter().chain(&stored.scripts) {
        if facts.contains_key(script.name.as_str()) {
            continue;
        }
        match interpreter.describe(script).await {
            Ok(known) => {
                facts.insert(&script.name, known);
            }
            Err(error) => errors.push(of_script(&script.name, error)),
        }
    }
    for environment in &read.folder.environments {
        if let Some(facts) = facts.get(environment.script.as_str()) {
            errors.extend(of_environment(read, environment, facts));
        }
    }
    for (space, project) in &read.folder.projects {
        let environment = read
            .folder
            .environment(&project.environment)
            .or_else(|| stored.environment(&project.environment));
        if let Some(environment) = environment
            && let Some(facts) = facts.get(environment.script.as_str())
        {
            errors.extend(of_project(read, environment, space, project, facts));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn of_script(name: &str, error: ScriptError) -> FolderError {
    let place = error.place.as_ref();
    FolderError {
        line: place.map(|place| place.line as usize),
        column: place.map(|place| place.column as usize),
        excerpt: error.excerpt,
        ..FolderError::of_file(&format!("scripts/{name}"), error.message)
    }
}

/// What is wrong whatever a project adds: the keys that the environment itself gives.
fn of_environment(read: &ReadFolder, environment: &Environment, facts: &ScriptFacts) -> Vec<FolderError> {
    let file = format!("environments/{}.json", environment.name);
    let merged = merge(&environment.config, &Map::new(), &Map::new());
    let errors = check_config(merged, &facts.keys).err().unwrap_or_default();
    errors
        .into_iter()
        .filter(|error| environment.config.contains_key(&error.key))
        .map(|error| at(read, &file, &error))
        .collect()
}

fn of_project(
    read: &ReadFolder,
    environment: &Environment,
    space: &Name,
    project: &Project,
    facts: &ScriptFacts,
) -> Vec<FolderError> {
    let file = format!("projects/{space}/{}.json", project.name);
    let merged = merge(&environment.config, &project.config, &Map::new());
    let errors = match check_config(merged, &facts.keys) {
        Err(errors) => errors,
        Ok(config) => Topology::parse(&config).err().unwrap_or_default(),
    };
    errors
        .iter()
        // What only the environment gives has been said of the environment.
        .filter(|error| {
            let key = error.key.split(['.', '[']).next().unwrap_or_default();
            project.config.contains_key(key) || !environment.config.contains_key(key)
        })
        .map(|error| at(read, &file, error))
        .collect()
}

fn at(read: &ReadFolder, file: &str, error: &ConfigError) -> FolderError {
    read.error(file, &format!("config.{}", error.key), error.message.clone())
}
