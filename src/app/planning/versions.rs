//! Which version each target has, and is to have.

use std::collections::HashMap;

use serde_json::Value;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::request::{ActBody, ActRequest};
use crate::domain::actor::OPERATOR_ACTIONS;
use crate::domain::config::MergedConfig;
use crate::domain::plan::ScriptTarget;
use crate::domain::target::{Target, goes_back};

use super::Subject;

impl App {
    /// What each target has, and is to have.
    pub(super) async fn with_versions(
        &self,
        subject: &Subject,
        request: &ActRequest,
        targets: Vec<Target>,
        version: Option<&str>,
    ) -> Result<Vec<ScriptTarget>, AppError> {
        let inventory = self
            .store
            .inventory(&subject.space.name, &subject.project.name)
            .await?;
        let inventory: HashMap<_, _> = inventory
            .into_iter()
            .map(|entry| (entry.target, entry.installed))
            .collect();
        let is_rollback = goes_back(&request.action);
        let mut missing = Vec::new();
        let targets = targets
            .into_iter()
            .map(|target| {
                let known = inventory.get(&target.name);
                let installed = known.map(|known| known.version.clone());
                let last_good = known.and_then(|known| known.way_back().map(str::to_owned));
                let wanted = match version {
                    Some(version) => Some(version.to_owned()),
                    None if is_rollback => last_good.clone(),
                    None => installed.clone(),
                };
                if is_rollback && wanted.is_none() {
                    missing.push(target.name.to_string());
                }
                ScriptTarget {
                    target,
                    version: wanted,
                    installed,
                    last_good,
                }
            })
            .collect();
        if missing.is_empty() {
            Ok(targets)
        } else {
            Err(AppError::field(
                "version",
                format!(
                    "nothing is known to go back to on {}: name a `version`, or set `rollback_version`",
                    missing.join(", ")
                ),
            ))
        }
    }
}

/// The version that the action installs; none for one that installs nothing, or goes back to each target's own.
pub(super) fn wanted_version(
    action: &str,
    body: &ActBody,
    config: &MergedConfig,
) -> Result<Option<String>, AppError> {
    let configured = |key: &str| config.values.get(key).and_then(Value::as_str).map(str::to_owned);
    let installs_nothing = OPERATOR_ACTIONS.contains(&action) || action == "hard_restart";
    let (version, field) = match action {
        _ if installs_nothing && body.version.is_some() => {
            return Err(AppError::field(
                "version",
                format!("`{action}` installs nothing: leave `version` out, or deploy it"),
            ));
        }
        _ if body.version.is_some() => (body.version.clone(), "version"),
        _ if goes_back(action) => (configured("rollback_version"), "rollback_version"),
        _ if installs_nothing => (None, "version"),
        "deploy" | "hard_deploy" => {
            let Some(version) = configured("version") else {
                return Err(AppError::field(
                    "version",
                    "name the `version` to install: neither the request nor the configuration does",
                ));
            };
            (Some(version), "version")
        }
        _ => (None, "version"),
    };
    match version {
        Some(version) if !is_version(&version) => Err(AppError::field(field, version_form(&version))),
        other => Ok(other),
    }
}

/// Whether a text may stand for a version: in paths, commands and URLs.
pub(super) fn is_version(text: &str) -> bool {
    let good =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'~' | b':');
    text.len() <= 128
        && text.bytes().all(good)
        && text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// What a version looks like, for one who wrote another text.
pub(super) fn version_form(text: &str) -> String {
    format!(
        "`{text}` is not a version: use 1 to 128 letters, digits and . _ + - ~ : and begin with a letter or digit"
    )
}
