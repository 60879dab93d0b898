//! The rollout keys, read and checked. Edge's own keys are mapped onto them here and nowhere else.

use serde_json::{Map, Value};

use crate::domain::plan::{Gate, OnFailure, OnInconclusive, OnUnreachable, ZoneOrder};

use super::stage_list::StageList;
use super::{StrategyError, suggestion};

/// Every rollout key with what it is for.
pub const ROLLOUT_KEYS: &[(&str, &str)] = &[
    (
        "strategy",
        "`all_at_once`, `rolling`, `staggered` (the default), `canary`, `ring` or `blue_green`",
    ),
    (
        "stages",
        "`\"1,10%,50%,100%\"`: sizes or cumulative percentages; or a list of objects with `label`, one of \
         `percent`, `count`, `targets`, `zone`, `group`, `ring`, and `max_parallel`, `soak_seconds`, `gate`, `on_failure`",
    ),
    (
        "max_parallel",
        "how many targets may be in progress at once: a count or a percentage; 25% where unset",
    ),
    (
        "lock_step",
        "with `rolling`: batches that wait for their last member instead of a sliding window",
    ),
    (
        "soak_seconds",
        "how long to watch after each stage before the next begins; 0 where unset",
    ),
    (
        "gate",
        "what must hold to go on after each stage but the last: `none` (the default), `approval` or `analysis`",
    ),
    (
        "max_failed",
        "how many targets may fail before `on_failure` is done: a count or a percentage; 0 where unset",
    ),
    ("on_failure", "then: `rollback` (the default), `stop` or `pause`"),
    (
        "on_unreachable",
        "a target out of reach: `fail` (the default) counts it as failed, `skip` leaves it out, `defer` tries it again last",
    ),
    (
        "on_inconclusive",
        "an analysis without an answer: `pause` (the default), `pass` or `fail`",
    ),
    (
        "success_window_seconds",
        "how long a target must stay healthy before it counts as good; 0 where unset",
    ),
    (
        "target_deadline_seconds",
        "how long one target may take from its first step; no limit where unset",
    ),
    (
        "progress_deadline_seconds",
        "how long the rollout may go without any target getting further; no limit where unset",
    ),
    (
        "zones",
        "`parallel` (the default), or a list of zones to be worked on one after another",
    ),
    (
        "is_staggered",
        "Edge's word for `strategy`: `staggered`, or `rolling` where false",
    ),
    ("is_canary", "Edge's word for `strategy`: `canary`"),
    (
        "staggered_batch",
        "Edge's word for `stages`: a text or list of percentages, or a list for each fleet size",
    ),
    (
        "canary_pool",
        "with `canary`: the pools that begin, as a list of names or `{zone: [names]}`",
    ),
    (
        "zone_parallelazation",
        "Edge's word (and spelling) for `zones`: `parallel` where true",
    ),
    (
        "zone_serialization_order",
        "with `zone_parallelazation` false: the order of the zones",
    ),
];

/// No number of seconds in a rollout is longer than this: 31 days.
const LONGEST_SECONDS: u64 = 31 * 24 * 3600;
/// No count in a rollout is greater than this.
const GREATEST_COUNT: u64 = 1_000_000;

pub(super) const GATES: [(&str, Gate); 3] = [
    ("none", Gate::None),
    ("approval", Gate::Approval),
    ("analysis", Gate::Analysis),
];
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

/// A count, or a percentage of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    Count(u32),
    Percent(u32),
}

impl Amount {
    /// So many of `whole`, a percentage rounded down.
    pub fn of(self, whole: usize) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (whole as u64 * u64::from(percent) / 100) as u32,
        }
    }

    pub fn parse(key: &str, text: &str) -> Result<Self, StrategyError> {
        let wrong = |why: &str| StrategyError::new(key, format!("`{text}` {why}"));
        let (digits, percent) = match text.strip_suffix('%') {
            Some(digits) => (digits.trim(), true),
            None => (text, false),
        };
        let number: u64 = digits
            .parse()
            .map_err(|_| wrong("is neither a whole number such as 2 nor a percentage such as 20%"))?;
        match (percent, number) {
            (true, 0..=100) => Ok(Self::Percent(number as u32)),
            (true, _) => Err(wrong("is more than all: a percentage goes to 100%")),
            (false, 0..=GREATEST_COUNT) => Ok(Self::Count(number as u32)),
            (false, _) => Err(wrong("is absurd: at most 1000000")),
        }
    }

    fn read(key: &str, value: &Value) -> Result<Self, StrategyError> {
        match value {
            Value::String(text) => Self::parse(key, text.trim()),
            other => Self::parse(key, &other.to_string()),
        }
    }
}

/// All rollout keys, with their defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub strategy: String,
    pub stages: Option<StageList>,
    objects: bool,
    pub max_parallel: Option<Amount>,
    pub lock_step: bool,
    pub soak_seconds: u64,
    pub gate: Gate,
    pub max_failed: Amount,
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
            lock_step: flag("lock_step")?.unwrap_or(false),
            soak_seconds: seconds("soak_seconds")?.unwrap_or(0),
            gate: word(get("gate"), "gate", &GATES, Gate::None)?,
            max_failed: get("max_failed")
                .map_or(Ok(Amount::Count(0)), |value| Amount::read("max_failed", value))?,
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

pub(super) fn read_seconds(key: &str, value: &Value) -> Result<u64, StrategyError> {
    match value.as_u64() {
        Some(seconds) if seconds <= LONGEST_SECONDS => Ok(seconds),
        Some(seconds) => Err(StrategyError::new(
            key,
            format!("{seconds} seconds are absurd: at most {LONGEST_SECONDS} (31 days)"),
        )),
        None => Err(StrategyError::new(
            key,
            format!("must be a whole number of seconds, 0 or more, not {value}"),
        )),
    }
}

/// A deadline of nothing could never be met.
fn limit(seconds: Option<u64>, key: &str) -> Result<Option<u64>, StrategyError> {
    match seconds {
        Some(0) => Err(StrategyError::new(
            key,
            "must be at least 1 second; leave it out for no limit",
        )),
        other => Ok(other),
    }
}

/// A count or percentage that lets at least one through.
pub(super) fn read_window(key: &str, value: &Value) -> Result<Amount, StrategyError> {
    match Amount::read(key, value)? {
        Amount::Count(0) | Amount::Percent(0) => Err(StrategyError::new(
            key,
            "must be at least 1 (or 1%): with 0 nothing could ever start",
        )),
        amount => Ok(amount),
    }
}

fn read_flag(key: &str, value: &Value) -> Result<bool, StrategyError> {
    value
        .as_bool()
        .ok_or_else(|| StrategyError::new(key, format!("must be true or false, not {value}")))
}

pub(super) fn read_word<T: Copy>(key: &str, value: &Value, words: &[(&str, T)]) -> Result<T, StrategyError> {
    let known = || words.iter().map(|(word, _)| *word);
    let found = value
        .as_str()
        .and_then(|text| words.iter().find(|(word, _)| *word == text));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let near = value
            .as_str()
            .map_or(String::new(), |text| suggestion(text, known()));
        StrategyError::new(
            key,
            format!(
                "must be one of {}, not {value}{near}",
                known().collect::<Vec<_>>().join(", ")
            ),
        )
    })
}

fn word<T: Copy>(
    value: Option<&Value>,
    key: &str,
    words: &[(&str, T)],
    default: T,
) -> Result<T, StrategyError> {
    value.map_or(Ok(default), |value| read_word(key, value, words))
}

fn names(key: &str, value: &Value) -> Result<Vec<String>, StrategyError> {
    let wrong = || StrategyError::new(key, format!("must be a list of names, not {value}"));
    let items = value.as_array().ok_or_else(wrong)?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

fn read_zones(key: &str, value: &Value) -> Result<ZoneOrder, StrategyError> {
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

fn read_canary_pool(value: &Value) -> Result<Vec<(Option<String>, String)>, StrategyError> {
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
