//! What a script returned, before stages, verdicts and the hash are made of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::name::TargetName;
use crate::domain::target::Target;

use super::Step;

/// What a script's function sees as `ctx`, less what it derives itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScriptContext {
    /// `ctx.space`
    pub space: String,
    /// `ctx.project`
    pub project: String,
    /// `ctx.action`: the function that is called.
    pub action: String,
    /// `ctx.config`: merged and checked. A secret is its placeholder, see [`secret_placeholder`].
    pub config: Map<String, Value>,
    /// `ctx.targets`, in the order of the configuration, only those the action is for.
    pub targets: Vec<ScriptTarget>,
    /// `ctx.version`
    pub version: Option<String>,
    /// `ctx.reason`
    pub reason: String,
    /// `ctx.user`
    pub user: String,
}

/// One of `ctx.targets`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScriptTarget {
    /// Name, address, port, zone, pools, labels and vars.
    #[serde(flatten)]
    pub target: Target,
    /// The version it is to have afterwards.
    pub version: Option<String>,
    /// The version it has now.
    pub installed: Option<String>,
    /// The last version that was good on it.
    pub last_good: Option<String>,
}

/// What a script returned for one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The rollout keys it set (`strategy`, `stages`, `max_parallel` ...), unread.
    pub rollout: Map<String, Value>,
    /// Its targets with their steps, in its order.
    pub targets: Vec<DraftTarget>,
}

/// One target of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftTarget {
    /// The target.
    pub name: TargetName,
    /// What is done. Commands are literal; nothing is judged yet.
    pub steps: Vec<Step>,
    /// The way back: the same with `ctx.rollback` true and `target.version` the installed one.
    /// None where the target has no version to go back to.
    pub rollback: Option<Vec<Step>>,
}

/// What stands for the secret of configuration key `key` until the executor's door fills it in:
/// the value itself never enters a script, a plan or the store.
#[must_use]
pub fn secret_placeholder(key: &str) -> String {
    format!("{SECRET_BEGINS}secret:{key}\u{e001}")
}

/// What a placeholder begins with: a sign that stands in no other text.
pub(in crate::domain) const SECRET_BEGINS: char = '\u{e000}';
