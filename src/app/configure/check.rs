//! Is a whole configuration one that can be worked with?

use std::collections::BTreeMap;

use serde_json::Map;

use crate::app::error::{AppError, FieldError};
use crate::app::policies::no_administrator;
use crate::app::ports::{Interpreter, ScriptError, ScriptFacts, ScriptText};
use crate::domain::config::{check, merge};
use crate::domain::environment::Environment;
use crate::domain::notice::check_receivers;
use crate::domain::policy::Policy;
use crate::domain::target::Topology;
use crate::store::{ConfigKey, ConfigObject, User};

/// Checks every script, every environment's script, and every project against its environment and script.
pub(super) async fn whole(
    objects: &BTreeMap<ConfigKey, ConfigObject>,
    interpreter: &dyn Interpreter,
    users: &[User],
) -> Result<(), AppError> {
    let mut errors = Vec::new();
    let facts = scripts(objects, interpreter, &mut errors).await;
    for object in objects.values() {
        match object {
            ConfigObject::Environment(environment) => {
                if !objects.contains_key(&ConfigKey::script(&environment.script)) {
                    errors.push(FieldError {
                        field: format!("environments/{}.json", environment.name),
                        message: format!(
                            "script: there is no script `{}`; it has {}",
                            environment.script,
                            names(facts.keys().map(String::as_str))
                        ),
                    });
                }
            }
            ConfigObject::Project { space, project } => {
                let file = format!("projects/{space}/{}.json", project.name);
                let mut wrong = |message: String| {
                    errors.push(FieldError {
                        field: file.clone(),
                        message,
                    });
                };
                if !objects.contains_key(&ConfigKey::space(space)) {
                    wrong(format!(
                        "there is no space `{space}`: it needs a file spaces/{space}.json"
                    ));
                }
                let Some(environment) = environment_of(objects, &project.environment) else {
                    wrong(format!(
                        "environment: there is no environment `{}`: it needs a file environments/{}.json",
                        project.environment, project.environment
                    ));
                    continue;
                };
                // A script that is missing or wrong was named above; what its keys are is not known then.
                let Some(facts) = facts.get(&environment.script) else {
                    continue;
                };
                let merged = merge(&environment.config, &project.config, &Map::new());
                match check(merged, &facts.keys) {
                    Err(found) => {
                        for error in found {
                            let place = if project.config.contains_key(&error.key) {
                                file.clone()
                            } else if environment.config.contains_key(&error.key) {
                                format!("environments/{}.json (for {file})", environment.name)
                            } else {
                                file.clone()
                            };
                            errors.push(FieldError {
                                field: place,
                                message: error.to_string(),
                            });
                        }
                    }
                    Ok(config) => {
                        if let Err(found) = Topology::parse(&config) {
                            errors.extend(found.into_iter().map(|error| FieldError {
                                field: file.clone(),
                                message: error.to_string(),
                            }));
                        }
                    }
                }
            }
            ConfigObject::Policy { name, policy } => {
                let found = of_policy(objects, policy, users);
                errors.extend(found.into_iter().map(|message| FieldError {
                    field: format!("policies/{name}.json"),
                    message,
                }));
            }
            ConfigObject::Space(space) => {
                let receivers = serde_json::to_value(&space.notify).unwrap_or_default();
                if let Err(message) = check_receivers(&receivers) {
                    errors.push(FieldError {
                        field: format!("spaces/{}.json", space.name),
                        message: format!("notify: {message}"),
                    });
                }
            }
            ConfigObject::Script(_) => {}
        }
    }
    // A fault of an environment shows in each of its projects; the same words once are enough.
    errors.dedup();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(AppError::Invalid(errors))
    }
}

/// What is wrong with a policy in this place: a scope that is nowhere, an author who may not lift what denies.
fn of_policy(objects: &BTreeMap<ConfigKey, ConfigObject>, policy: &Policy, users: &[User]) -> Vec<String> {
    let mut wrong = Vec::new();
    let known = |wanted: &dyn Fn(&ConfigObject) -> Option<String>| -> Vec<String> {
        objects.values().filter_map(wanted).collect()
    };
    let space = policy.scope.space.as_ref();
    let found = space.and_then(|space| match objects.get(&ConfigKey::space(space)) {
        Some(ConfigObject::Space(found)) => Some(found),
        _ => None,
    });
    if let (Some(space), None) = (space, found) {
        let spaces = known(&|object| match object {
            ConfigObject::Space(space) => Some(space.name.to_string()),
            _ => None,
        });
        wrong.push(format!(
            "scope.space: there is no space `{space}`, so it would apply nowhere; spaces: {}",
            names(spaces.iter().map(String::as_str))
        ));
    }
    if let Some(environment) = &policy.scope.environment
        && environment_of(objects, environment).is_none()
    {
        let environments = known(&|object| match object {
            ConfigObject::Environment(environment) => Some(environment.name.to_string()),
            _ => None,
        });
        wrong.push(format!(
            "scope.environment: there is no environment `{environment}`, so it would apply nowhere; environments: {}",
            names(environments.iter().map(String::as_str))
        ));
    }
    for (at, entry) in policy.allow.iter().enumerate() {
        if let Some(why) = no_administrator(entry, found, users) {
            wrong.push(format!(
                "allow[{at}].author: {} denies, so lifting it takes an administrator, and {why}: let one answer for it",
                entry.rule
            ));
        }
    }
    wrong
}

/// What each script declares; those that are wrong are added to `errors`.
async fn scripts(
    objects: &BTreeMap<ConfigKey, ConfigObject>,
    interpreter: &dyn Interpreter,
    errors: &mut Vec<FieldError>,
) -> BTreeMap<String, ScriptFacts> {
    let mut facts = BTreeMap::new();
    for object in objects.values() {
        let ConfigObject::Script(script) = object else {
            continue;
        };
        let text = ScriptText {
            name: script.name.clone(),
            text: script.text.clone(),
        };
        match interpreter.describe(&text).await {
            Ok(declared) => {
                facts.insert(script.name.clone(), declared);
            }
            Err(error) => errors.push(FieldError {
                field: place(&script.name, &error),
                message: match &error.excerpt {
                    Some(excerpt) => format!("{}\n{excerpt}", error.message),
                    None => error.message.clone(),
                },
            }),
        }
    }
    facts
}

fn place(script: &str, error: &ScriptError) -> String {
    match &error.place {
        Some(place) => format!("scripts/{}:{}:{}", place.file, place.line, place.column),
        None => format!("scripts/{script}"),
    }
}

fn environment_of<'a>(
    objects: &'a BTreeMap<ConfigKey, ConfigObject>,
    name: &crate::domain::name::Name,
) -> Option<&'a Environment> {
    match objects.get(&ConfigKey::environment(name)) {
        Some(ConfigObject::Environment(environment)) => Some(environment),
        _ => None,
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
