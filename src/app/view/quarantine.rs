//! Versions in quarantine as they are shown.

use serde::{Deserialize, Serialize};

use crate::domain::action::ActionId;
use crate::domain::name::Name;
use crate::domain::quarantine::{BadVersion, Lifted, Refusal};
use crate::domain::timestamp::Timestamp;

/// Why a version may not be deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineView {
    /// The version.
    pub version: String,
    /// The environment in which it is bad.
    pub environment: Name,
    /// Since when.
    pub since: Timestamp,
    /// The action that rolled it back.
    pub action: ActionId,
    /// Who had asked for that action.
    pub by: String,
    /// Why, in words.
    pub why: String,
    /// The command that lifts it, but for the reason.
    pub lift: String,
    /// All of it in a sentence.
    pub message: String,
}

impl From<&Refusal> for QuarantineView {
    fn from(refusal: &Refusal) -> Self {
        let bad = &refusal.bad;
        Self {
            version: bad.version.clone(),
            environment: refusal.environment.clone(),
            since: bad.since,
            action: bad.action,
            by: bad.by.clone(),
            why: bad.why.clone(),
            lift: refusal.lift_command(),
            message: refusal.to_string(),
        }
    }
}

/// One record of a version that is or was in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadVersionView {
    /// The version.
    pub version: String,
    /// The environment in which it is bad.
    pub environment: Name,
    /// Since when.
    pub since: Timestamp,
    /// The action that rolled it back.
    pub action: ActionId,
    /// Who had asked for that action.
    pub by: String,
    /// Why, in words.
    pub why: String,
    /// Who lifted it; null while it is in quarantine.
    pub lifted: Option<LiftedView>,
}

/// That somebody lets a version be deployed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiftedView {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl BadVersionView {
    /// A record of this environment.
    #[must_use]
    pub fn of(environment: &Name, bad: BadVersion) -> Self {
        Self {
            version: bad.version,
            environment: environment.clone(),
            since: bad.since,
            action: bad.action,
            by: bad.by,
            why: bad.why,
            lifted: bad
                .lifted
                .map(|Lifted { at, by, reason }| LiftedView { at, by, reason }),
        }
    }
}
