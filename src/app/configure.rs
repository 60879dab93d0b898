//! Spaces, environments, projects, scripts and policies as objects: what would change, and changing it.
//!
//! Everything is checked as it would be afterwards, before anything is written: each script must be readable, and each
//! project's merged configuration must be one that its script takes. Then all of it is written in one transaction,
//! each change with its revision.

mod check;
mod difference;
mod history;

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::AppError;
use super::ports::Interpreter;
use crate::domain::actor::Actor;
use crate::domain::timestamp::Timestamp;
use crate::store::{ConfigChange, ConfigKey, ConfigObject, Store, Verb};

pub use difference::text_of;
pub use history::{PastChange, history};

/// How to apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Say what would change, and change nothing.
    pub dry_run: bool,
    /// Remove what is not among the objects.
    pub prune: bool,
}

/// What happened, or would happen, to one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectChange {
    /// `space`, `environment`, `project`, `script` or `policy`.
    pub kind: &'static str,
    /// Its name; a project's is `space/name`.
    pub name: String,
    /// `created`, `changed`, `deleted` or `unchanged`.
    pub verb: &'static str,
    /// The difference, as a unified diff; empty where there is none.
    pub diff: String,
}

/// Lets the configuration be what `objects` say; others stay as they are unless `prune` is set.
///
/// # Errors
/// `Invalid` with everything that is wrong, each with the object it is in; `Conflict` where somebody else
/// changed something meanwhile.
pub async fn apply(
    store: &Store,
    interpreter: &dyn Interpreter,
    objects: Vec<ConfigObject>,
    options: ApplyOptions,
    by: &Actor,
    now: Timestamp,
) -> Result<Vec<ObjectChange>, AppError> {
    // Before the look: what is written meanwhile is seen by nobody's checks.
    let seen = store.last_revision().await?;
    let before = current(store).await?;
    let wanted: BTreeMap<ConfigKey, ConfigObject> =
        objects.into_iter().map(|object| (object.key(), object)).collect();
    let gone: Vec<ConfigKey> = if options.prune {
        before
            .keys()
            .filter(|key| !wanted.contains_key(key))
            .cloned()
            .collect()
    } else {
        Vec::new()
    };
    let mut after = before.clone();
    after.extend(wanted.iter().map(|(key, object)| (key.clone(), object.clone())));
    for key in &gone {
        after.remove(key);
    }
    check::whole(&after, interpreter, &store.users().await?).await?;

    let mut changes: Vec<ConfigChange> = wanted.into_values().map(ConfigChange::Put).collect();
    changes.extend(gone.into_iter().map(ConfigChange::Delete));
    let applied = if options.dry_run {
        store.preview(&changes).await?
    } else {
        store.apply_seen(&changes, seen, by, now).await?
    };
    Ok(applied
        .into_iter()
        .map(|applied| ObjectChange {
            kind: applied.key.kind().as_str(),
            verb: word(applied.verb),
            diff: match applied.verb {
                Verb::Unchanged => String::new(),
                _ => difference::between(before.get(&applied.key), after.get(&applied.key)),
            },
            name: applied.key.name().to_owned(),
        })
        .collect())
}

/// Everything that is configured, by kind and name.
///
/// # Errors
/// As the store's.
pub async fn current(store: &Store) -> Result<BTreeMap<ConfigKey, ConfigObject>, AppError> {
    let mut objects = Vec::new();
    objects.extend(store.spaces().await?.into_iter().map(ConfigObject::Space));
    objects.extend(
        store
            .environments()
            .await?
            .into_iter()
            .map(ConfigObject::Environment),
    );
    for (space, project) in store.all_projects().await? {
        objects.push(ConfigObject::Project { space, project });
    }
    objects.extend(store.scripts().await?.into_iter().map(ConfigObject::Script));
    for (name, policy) in store.policies().await? {
        objects.push(ConfigObject::Policy { name, policy });
    }
    Ok(objects.into_iter().map(|object| (object.key(), object)).collect())
}

fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Created => "created",
        Verb::Changed => "changed",
        Verb::Deleted => "deleted",
        Verb::Unchanged => "unchanged",
    }
}
