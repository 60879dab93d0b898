//! The rollout keys, read and checked. Edge's own keys are mapped onto them here and nowhere else.

use serde_json::{Map, Value};

use crate::domain::analysis::Analysis;
use crate::domain::plan::{OnFailure, OnInconclusive, OnUnreachable, ZoneOrder};

use super::gate::{GateKey, read_analysis};
use super::known::ROLLOUT_KEYS;
use super::order::{ORDERS, Order};
use super::ring_order;
use super::stage_list::StageList;
use super::values::{Amount, limit, names, read_flag, read_seconds, read_window, word};
use super::{StrategyError, suggestion};

pub(super) const ON_FAILURE: [(&str, OnFailure); 3] = [
    ("rollback", OnFailure::Rollback),
    ("stop", OnFailure::Stop),
    ("pause", OnFailure::Pause),
];
const ON_UNREACHABLE: [(&str, OnUnreachable); 3] = [
    ("fail", OnUnreachable::Fail),
    ("skip", OnUnreachable::Skip),
    ("defer", OnUnreachable::Defer),
];
const ON_INCONCLUSIVE: [(&str, OnInconclusive); 3] = [
    ("pause", OnInconclusive::Pause),
    ("pass", OnInconclusive::Pass),
    ("fail", OnInconclusive::Fail),
];

/// All rollout keys, with their defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub strategy: String,
    pub stages: Option<StageList>,
    objects: bool,
    pub max_parallel: Option<Amount>,
    pub rollback_max_parallel: Option<Amount>,
    pub order: Order,
    /// The rings in their order; by their numbers and names where none.
    pub rings: Option<Vec<String>>,
    pub lock_step: bool,
    pub soak_seconds: u64,
    pub gate: GateKey,
    /// What a gate measures that has no definition of its own.
    pub analysis: Option<Analysis>,
    pub max_failed: Amount,
    pub max_unreachable: Option<Amount>,
    pub on_failure: OnFailure,
    pub on_unreachable: OnUnreachable,
    pub on_inconclusive: OnInconclusive,
    pub success_window_seconds: u64,
    pub target_deadline_seconds: Option<u64>,
    pub progress_deadline_seconds: Option<u64>,
    pub zones: ZoneOrder,
    /// Zone (any where none) and name.
    pub canary_pool: Vec<(Option<String>, String)>,
}

impl Keys {
    pub fn read(keys: &Map<String, Value>, in_service: usize) -> Result<Self, StrategyError> {
        let names = ROLLOUT_KEYS.iter().map(|(name, _)| *name);
        if let Some(unknown) = keys.keys().find(|key| names.clone().all(|name| name != *key)) {
            let message = format!("is no rollout key{}", suggestion(unknown, names));
            return Err(StrategyError::new(unknown, message));
        }
        // `null` says nothing, like an absent key.
        let get = |key: &str| keys.get(key).filter(|value| !value.is_null());
        let seconds = |key: &str| get(key).map(|value| read_seconds(key, value)).transpose();
        let flag = |key: &str| get(key).map(|value| read_flag(key, value)).transpose();
        let stages = match (get("stages"), get("staggered_batch")) {
            (Some(stages), _) => Some(StageList::read(stages)?),
            (None, Some(batch)) => read_staggered_batch(batch, in_service)?,
            (None, None) => None,
        };
        Ok(Self {
            strategy: match get("strategy") {
                Some(Value::String(name)) => name.clone(),
                Some(other) => {
                    return Err(StrategyError::new(
                        "strategy",
                        format!("must be a word, not {other}"),
                    ));
                }
                None => match (flag("is_canary")?, flag("is_staggered")?) {
                    (Some(true), _) => "canary",
                    (_, Some(false)) => "rolling",
                    (_, Some(true) | None) => "staggered",
                }
                .to_owned(),
            },
            objects: get("stages").is_some_and(
                |stages| matches!(stages, Value::Array(items) if items.iter().any(Value::is_object)),
            ),
            stages,
            max_parallel: get("max_parallel")
                .map(|value| read_window("max_parallel", value))
                .transpose()?,
            rollback_max_parallel: get("rollback_max_parallel")
                .map(|value| read_window("rollback_max_parallel", value))
                .transpose()?,
            order: word(get("order"), "order", &ORDERS, Order::default())?,
            rings: get("rings").map(ring_order::read).transpose()?,
            lock_step: flag("lock_step")?.unwrap_or(false),
            soak_seconds: seconds("soak_seconds")?.unwrap_or(0),
            gate: get("gate").map_or(Ok(GateKey::NONE), |value| GateKey::read("gate", value))?,
            analysis: get("analysis")
                .map(|value| read_analysis("analysis", value))
                .transpose()?,
            max_failed: get("max_failed")
                .map_or(Ok(Amount::Count(0)), |value| Amount::read("max_failed", value))?,
            max_unreachable: get("max_unreachable")
                .map(|value| Amount::read("max_unreachable", value))
                .transpose()?,
            on_failure: word(get("on_failure"), "on_failure", &ON_FAILURE, OnFailure::Rollback)?,
            on_unreachable: word(
                get("on_unreachable"),
                "on_unreachable",
                &ON_UNREACHABLE,
                OnUnreachable::Fail,
            )?,
            on_inconclusive: word(
                get("on_inconclusive"),
                "on_inconclusive",
                &ON_INCONCLUSIVE,
                OnInconclusive::Pause,
            )?,
            success_window_seconds: seconds("success_window_seconds")?.unwrap_or(0),
            target_deadline_seconds: limit(seconds("target_deadline_seconds")?, "target_deadline_seconds")?,
            progress_deadline_seconds: limit(
                seconds("progress_deadline_seconds")?,
                "progress_deadline_seconds",
            )?,
            zones: match (get("zones"), flag("zone_parallelazation")?) {
                (Some(zones), _) => read_zones("zones", zones)?,
                (None, Some(false)) => {
                    let order = get("zone_serialization_order").ok_or_else(|| {
                        let message = "is needed where `zone_parallelazation` is false";
                        StrategyError::new("zone_serialization_order", message)
                    })?;
                    read_zones("zone_serialization_order", order)?
                }
                (None, Some(true) | None) => ZoneOrder::Parallel,
            },
            canary_pool: get("canary_pool").map_or(Ok(Vec::new()), read_canary_pool)?,
        })
    }

    /// Whether stages were given as objects, which say everything themselves.
    pub fn stages_are_objects(&self) -> bool {
        self.objects
    }

    /// Whether a stage of the list names its targets.
    pub fn stages_choose_targets(&self) -> bool {
        self.stages.as_ref().is_some_and(StageList::chooses_targets)
    }
}

pub(super) fn read_zones(key: &str, value: &Value) -> Result<ZoneOrder, StrategyError> {
    if value.as_str() == Some("parallel") {
        return Ok(ZoneOrder::Parallel);
    }
    if value.is_string() {
        return Err(StrategyError::new(
            key,
            format!("must be \"parallel\" or a list of zones, not {value}"),
        ));
    }
    let zones = names(key, value)?;
    let mut seen = std::collections::HashSet::new();
    match zones.iter().find(|zone| !seen.insert(zone.as_str())) {
        Some(twice) => Err(StrategyError::new(key, format!("zone `{twice}` is named twice"))),
        None if zones.is_empty() => Err(StrategyError::new(key, "names no zone")),
        None => Ok(ZoneOrder::Serial(zones)),
    }
}

pub(super) fn read_canary_pool(value: &Value) -> Result<Vec<(Option<String>, String)>, StrategyError> {
    match value {
        Value::String(pool) => Ok(vec![(None, pool.clone())]),
        Value::Object(zones) => {
            let mut pools = Vec::new();
            for (zone, list) in zones {
                let list = names("canary_pool", list)?;
                pools.extend(list.into_iter().map(|pool| (Some(zone.clone()), pool)));
            }
            Ok(pools)
        }
        list => {
            let list = names("canary_pool", list)?;
            Ok(list.into_iter().map(|pool| (None, pool)).collect())
        }
    }
}

/// A text or list of percentages; or Edge's table, from which the line for so many targets in service is
/// taken (its entry `0` only names the last label).
fn read_staggered_batch(value: &Value, in_service: usize) -> Result<Option<StageList>, StrategyError> {
    let named = |error: StrategyError| StrategyError::new("staggered_batch", error.message);
    let Value::Object(table) = value else {
        return StageList::read(value).map(Some).map_err(named);
    };
    let mut fitting: Option<(usize, &Value)> = None;
    for (size, stages) in table {
        let least: usize = size.parse().map_err(|_| {
            StrategyError::new("staggered_batch", format!("`{size}` is no number of targets"))
        })?;
        if (1..=in_service).contains(&least) && fitting.is_none_or(|(best, _)| best < least) {
            fitting = Some((least, stages));
        }
    }
    fitting
        .map(|(_, stages)| StageList::read(stages).map_err(named))
        .transpose()
}
