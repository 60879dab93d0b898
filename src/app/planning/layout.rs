//! The stages of a plan: the strategy's work, on the keys of the script and of the configuration.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::app::error::AppError;
use crate::domain::analysis::{Metric, MetricSource};
use crate::domain::config::{MergedConfig, rollout_keys_of};
use crate::domain::name::TargetName;
use crate::domain::plan::{Draft, ScriptTarget, Stage, cannot_leave};
use crate::domain::rollout::strategy::{self, Places, TargetFacts};
use crate::domain::target::Pool;

/// The keys of the configuration that bound every rollout, whatever strategy a script names itself.
const LIMIT_KEYS: [&str; 11] = [
    "max_failed",
    "on_failure",
    "on_unreachable",
    "on_inconclusive",
    "success_window_seconds",
    "target_deadline_seconds",
    "progress_deadline_seconds",
    "zones",
    "analysis",
    "max_unreachable",
    "rollback_max_parallel",
];

/// Lays the draft's targets out in stages.
pub(super) fn lay_out(
    config: &MergedConfig,
    draft: &Draft,
    targets: &[ScriptTarget],
    pools: &[Pool],
    in_service: &BTreeSet<TargetName>,
    places: &Places,
) -> Result<strategy::Laid, AppError> {
    let configured: Map<String, Value> = config.values.clone().into_iter().collect();
    let mut keys = rollout_keys_of(&configured, draft.targets.len());
    keys.retain(|key, _| LIMIT_KEYS.contains(&key.as_str()));
    keys.extend(draft.rollout.clone());
    let known: HashMap<&TargetName, &ScriptTarget> =
        targets.iter().map(|seen| (&seen.target.name, seen)).collect();
    let facts: Vec<TargetFacts> = draft
        .targets
        .iter()
        .filter_map(|drafted| known.get(&drafted.name).copied())
        .map(|seen| TargetFacts {
            name: seen.target.name.clone(),
            zone: seen.target.zone.clone(),
            pools: seen.target.pools.clone(),
            labels: seen.target.labels.clone(),
            group: seen.target.labels.get("group").cloned(),
            ring: seen.target.labels.get("ring").cloned(),
            in_service: in_service.contains(&seen.target.name),
            new_version: seen.version.is_some() && seen.version != seen.installed,
        })
        .collect();
    let laid = strategy::lay_out_some(keys, &facts, pools, places)
        .map_err(|error| AppError::field(error.key, error.message))?;
    if let Some(name) = cannot_leave(draft, &laid.stages) {
        return Err(AppError::field(
            "strategy",
            format!(
                "`blue_green` takes the old targets out of service, but the steps of `{name}` have no pool_out()"
            ),
        ));
    }
    let by_command = |metric: &&Metric| matches!(metric.source, MetricSource::Command { .. });
    match laid.stages.iter().flat_map(Stage::metrics).find(by_command) {
        Some(metric) => Err(AppError::field(
            "analysis",
            format!(
                "metric `{}` is a command: Edgewise runs commands on targets alone. Ask `prometheus`, or an `http` address",
                metric.name
            ),
        )),
        None => Ok(laid),
    }
}
