//! What was changed of one configuration object, when and by whom.

use serde::Serialize;
use serde_json::Value;

use super::difference;
use crate::app::error::AppError;
use crate::domain::actor::Actor;
use crate::domain::name::Name;
use crate::domain::timestamp::Timestamp;
use crate::store::{ConfigKey, ConfigKind, Revision, Store};

/// One past change of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PastChange {
    /// Counts up over all objects.
    pub revision: i64,
    /// When.
    pub time: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// `created`, `changed` or `deleted`.
    pub verb: &'static str,
    /// What changed, as a unified diff.
    pub diff: String,
}

/// The newest changes of an object, newest first, at most `limit`. What was deleted has its history still.
///
/// # Errors
/// `Invalid` for a kind or name that cannot be; `NotFound` where there never was such an object.
pub async fn history(store: &Store, kind: &str, name: &str, limit: u32) -> Result<Vec<PastChange>, AppError> {
    let key = key(kind, name)?;
    let revisions = store.revisions(&key, None, limit).await?;
    if revisions.is_empty() {
        return Err(AppError::NotFound(key.to_string()));
    }
    Ok(revisions.iter().map(past_change).collect())
}

fn key(kind: &str, name: &str) -> Result<ConfigKey, AppError> {
    let named = |name: &str| Name::parse(name).map_err(|error| AppError::field("name", error.to_string()));
    match ConfigKind::parse(kind) {
        Some(ConfigKind::Space) => Ok(ConfigKey::space(&named(name)?)),
        Some(ConfigKind::Environment) => Ok(ConfigKey::environment(&named(name)?)),
        Some(ConfigKind::Policy) => Ok(ConfigKey::policy(&named(name)?)),
        Some(ConfigKind::Script) => Ok(ConfigKey::script(name)),
        Some(ConfigKind::Project) => match name.split_once('/') {
            Some((space, project)) => Ok(ConfigKey::project(&named(space)?, &named(project)?)),
            None => Err(AppError::field("name", "a project is called SPACE/PROJECT")),
        },
        None => {
            let words: Vec<&str> = ConfigKind::ALL.iter().map(|kind| kind.as_str()).collect();
            Err(AppError::field(
                "kind",
                format!("`{kind}` is none of {}", words.join(", ")),
            ))
        }
    }
}

fn past_change(revision: &Revision) -> PastChange {
    let text = |value: &Option<Value>| value.as_ref().map(difference::text_of_json).unwrap_or_default();
    PastChange {
        revision: revision.id,
        time: revision.time,
        actor: revision.actor.clone(),
        verb: match (&revision.before, &revision.after) {
            (None, _) => "created",
            (Some(_), Some(_)) => "changed",
            (Some(_), None) => "deleted",
        },
        diff: difference::of_texts(&text(&revision.before), &text(&revision.after)),
    }
}
