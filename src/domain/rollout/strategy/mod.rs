//! Strategies: functions from the rollout keys and the targets to stages and limits.
//!
//! A new strategy is one file and one line of `STRATEGIES`.

mod all_at_once;
mod blue_green;
mod canary;
mod fleet;
mod gate;
mod keys;
mod known;
mod order;
mod places;
mod ring;
mod ring_order;
mod rolling;
mod spare;
mod stage_list;
mod staggered;
mod values;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::domain::name::TargetName;
use crate::domain::plan::{Gate, Limits, OnFailure, Stage, ZoneOrder};
use crate::domain::target::Pool;

use fleet::Fleet;
use gate::GateKey;
use keys::Keys;
pub use known::ROLLOUT_KEYS;
use order::Order;
pub use places::Places;
use places::narrowed;
use values::Amount;

/// What a strategy may know of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Its name.
    pub name: TargetName,
    /// The data centre it is in.
    pub zone: String,
    /// The pools it is a member of.
    pub pools: Vec<String>,
    /// Labels to choose by.
    pub labels: BTreeMap<String, String>,
    /// Whether it is in service when the plan is made. A target without pools counts as in service.
    pub in_service: bool,
    /// Whether the action changes its version.
    pub new_version: bool,
    /// The group of its ring that it moves with.
    pub group: Option<String>,
    /// Its circle of the release. Numbers come in their order, words after them in theirs.
    pub ring: Option<String>,
}

/// What a strategy made of the keys and the targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// The stages in order; none is empty, and every target is in exactly one.
    pub stages: Vec<Stage>,
    /// What holds for the whole rollout.
    pub limits: Limits,
    /// Every target in start order.
    pub order: Vec<TargetName>,
}

/// A rollout that cannot be, with the key at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct StrategyError {
    /// The key at fault; `targets` where it is the list of targets.
    pub key: String,
    /// What is wrong and what would be right, in words.
    pub message: String,
}

impl StrategyError {
    fn new(key: &str, message: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            message: message.into(),
        }
    }
}

/// A strategy of the table.
struct Strategy {
    /// The word in configuration.
    name: &'static str,
    /// Cuts a fleet (or one zone of it) into stages.
    lay: fn(&Fleet<'_>, &Keys) -> Result<Vec<Part>, StrategyError>,
    /// How many may be in progress at once where nobody says.
    max_parallel: Amount,
}

const QUARTER: Amount = Amount::Percent(25);

/// Every strategy there is.
const STRATEGIES: [Strategy; 6] = [
    Strategy {
        name: "all_at_once",
        lay: all_at_once::lay,
        max_parallel: Amount::Percent(100),
    },
    Strategy {
        name: "rolling",
        lay: rolling::lay,
        max_parallel: QUARTER,
    },
    Strategy {
        name: "staggered",
        lay: staggered::lay,
        max_parallel: QUARTER,
    },
    Strategy {
        name: "canary",
        lay: canary::lay,
        max_parallel: QUARTER,
    },
    Strategy {
        name: "ring",
        lay: ring::lay,
        max_parallel: QUARTER,
    },
    Strategy {
        name: "blue_green",
        lay: blue_green::lay,
        max_parallel: QUARTER,
    },
];

/// A stage before its limits: what was said for it alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Part {
    label: String,
    /// Places in the fleet's order.
    targets: Vec<usize>,
    max_parallel: Option<Amount>,
    soak_seconds: Option<u64>,
    gate: Option<GateKey>,
    on_failure: Option<OnFailure>,
    order: Option<Order>,
    /// Its targets only leave service.
    only_out: bool,
}

/// Lays the targets out in stages, as the rollout keys say. `targets` come in the order of the configuration.
///
/// Every zone named by `zones` or by a stage must be the zone of a target or a pool given here.
///
/// # Errors
/// [`StrategyError`] with the key at fault: an unknown key, strategy, zone or target, a number out of
/// bounds, a list of stages that does not cover everybody, a pool that can never spare a member.
pub fn lay_out(
    keys: &Map<String, Value>,
    targets: &[TargetFacts],
    pools: &[Pool],
) -> Result<Laid, StrategyError> {
    lay(keys, targets, pools, &Places::default())
}

/// The same for some of the targets of a project: its keys may name whatever it has elsewhere, and a stage of which nobody is
/// chosen falls away.
///
/// # Errors
/// As [`lay_out`]; what the project does not have at all is refused with what was probably meant.
pub fn lay_out_some(
    keys: Map<String, Value>,
    targets: &[TargetFacts],
    pools: &[Pool],
    places: &Places,
) -> Result<Laid, StrategyError> {
    lay(&narrowed(keys, targets, places)?, targets, pools, places)
}

fn lay(
    keys: &Map<String, Value>,
    targets: &[TargetFacts],
    pools: &[Pool],
    elsewhere: &Places,
) -> Result<Laid, StrategyError> {
    let in_service = targets.iter().filter(|target| target.in_service).count();
    let keys = Keys::read(keys, in_service)?;
    check_targets(targets)?;
    spare::check(targets, pools)?;
    let strategy = find(&keys.strategy)?;
    let zones = in_zone_order(&keys, targets, pools)?;

    let amount = keys.max_parallel.unwrap_or(strategy.max_parallel);
    let mut max_parallel = amount.of(targets.len()).max(1);
    if keys.max_parallel.is_none() {
        max_parallel = max_parallel.min(spare::at_once(targets, pools));
    }

    let mut stages: Vec<Stage> = Vec::new();
    for (zone, members) in &zones {
        let fleet = Fleet::new(members, targets, pools, elsewhere, keys.order);
        let parts = (strategy.lay)(&fleet, &keys)?;
        for part in parts {
            let label = match zone {
                Some(zone) if zones.len() > 1 => format!("{zone} {}", part.label),
                _ => part.label.clone(),
            };
            stages.push(stage(&keys, &fleet, part, label, max_parallel)?);
        }
    }
    if let Some(last) = stages.last_mut()
        && !keys.stages_are_objects()
    {
        // There is nothing to go on to.
        last.gate = Gate::None;
        last.analysis = None;
    }
    covers(&stages, targets)?;
    distinguish(&mut stages);
    Ok(Laid {
        order: stages.iter().flat_map(|stage| stage.targets.clone()).collect(),
        stages,
        limits: Limits {
            max_parallel,
            rollback_max_parallel: keys
                .rollback_max_parallel
                .map(|amount| amount.of(targets.len()).max(1)),
            max_failed: keys.max_failed.of(targets.len()),
            on_failure: keys.on_failure,
            on_unreachable: keys.on_unreachable,
            max_unreachable: keys.max_unreachable.map(|amount| amount.of(targets.len())),
            on_inconclusive: keys.on_inconclusive,
            success_window_seconds: keys.success_window_seconds,
            target_deadline_seconds: keys.target_deadline_seconds,
            progress_deadline_seconds: keys.progress_deadline_seconds,
            zones: keys.zones,
        },
    })
}

fn stage(
    keys: &Keys,
    fleet: &Fleet<'_>,
    mut part: Part,
    label: String,
    max_parallel: u32,
) -> Result<Stage, StrategyError> {
    let own = part
        .max_parallel
        .map_or(max_parallel, |amount| amount.of(part.targets.len()).max(1));
    if let Some(order) = part.order {
        part.targets
            .sort_by_key(|&place| order.rank(fleet.target(place).in_service));
    }
    let gate = part.gate.as_ref().unwrap_or(&keys.gate);
    Ok(Stage {
        label,
        max_parallel: own.min(part.targets.len() as u32).max(1),
        soak_seconds: part.soak_seconds.unwrap_or(keys.soak_seconds),
        gate: gate.gate,
        analysis: gate.analysis(keys.analysis.as_ref())?,
        on_failure: part.on_failure,
        only_out: part.only_out,
        targets: part
            .targets
            .into_iter()
            .map(|place| fleet.target(place).name.clone())
            .collect(),
    })
}

fn find(name: &str) -> Result<&'static Strategy, StrategyError> {
    STRATEGIES
        .iter()
        .find(|strategy| strategy.name == name)
        .ok_or_else(|| {
            let names = STRATEGIES.map(|strategy| strategy.name);
            StrategyError::new(
                "strategy",
                format!(
                    "`{name}` is no strategy{}; there are {}",
                    suggestion(name, names),
                    names.join(", ")
                ),
            )
        })
}

fn check_targets(targets: &[TargetFacts]) -> Result<(), StrategyError> {
    if targets.is_empty() {
        return Err(StrategyError::new("targets", "there are none to roll out to"));
    }
    let mut seen = HashSet::new();
    match targets.iter().find(|target| !seen.insert(&target.name)) {
        Some(twice) => Err(StrategyError::new(
            "targets",
            format!("`{}` is named twice", twice.name),
        )),
        None => Ok(()),
    }
}

/// A zone's name, where zones matter, and its targets.
type ZonePart<'a> = (Option<String>, Vec<&'a TargetFacts>);

/// The targets of each zone, in the order of zones; all in one where zones do not matter.
fn in_zone_order<'a>(
    keys: &Keys,
    targets: &'a [TargetFacts],
    pools: &[Pool],
) -> Result<Vec<ZonePart<'a>>, StrategyError> {
    let ZoneOrder::Serial(zones) = &keys.zones else {
        return Ok(vec![(None, targets.iter().collect())]);
    };
    let known: HashSet<&str> = targets
        .iter()
        .map(|target| target.zone.as_str())
        .chain(pools.iter().map(|pool| pool.zone.as_str()))
        .collect();
    for zone in zones {
        if !known.contains(zone.as_str()) {
            let message = format!(
                "no target is in zone `{zone}`{}",
                suggestion(zone, known.iter().copied())
            );
            return Err(StrategyError::new("zones", message));
        }
    }
    if let Some(target) = targets.iter().find(|target| !zones.contains(&target.zone)) {
        let message = format!(
            "`{}` is in zone `{}`, which the list leaves out",
            target.name, target.zone
        );
        return Err(StrategyError::new("zones", message));
    }
    if keys.stages_choose_targets() {
        let message = "the list of stages says already which targets come when; use `parallel` with it";
        return Err(StrategyError::new("zones", message));
    }
    let parts = zones.iter().map(|zone| {
        let members: Vec<&TargetFacts> = targets.iter().filter(|target| target.zone == *zone).collect();
        (Some(zone.clone()), members)
    });
    Ok(parts.filter(|(_, members)| !members.is_empty()).collect())
}

/// Every target is in exactly one stage, and no stage is empty.
fn covers(stages: &[Stage], targets: &[TargetFacts]) -> Result<(), StrategyError> {
    let mut placed = HashSet::new();
    for name in stages.iter().flat_map(|stage| &stage.targets) {
        if !placed.insert(name) {
            return Err(StrategyError::new("stages", format!("`{name}` is in two stages")));
        }
    }
    if placed.len() < targets.len() {
        let left_out = targets.iter().find(|target| !placed.contains(&target.name));
        let message = format!(
            "the stages cover {} of {} targets; `{}` is in none. End with `100%`",
            placed.len(),
            targets.len(),
            left_out.map_or("", |target| target.name.as_str())
        );
        return Err(StrategyError::new("stages", message));
    }
    Ok(())
}

/// Gives stages of the same label a number, so that each can be named.
fn distinguish(stages: &mut [Stage]) {
    let mut seen: HashSet<String> = HashSet::new();
    for stage in stages {
        let wanted = stage.label.clone();
        let mut number = 2;
        while !seen.insert(stage.label.clone()) {
            stage.label = format!("{wanted} ({number})");
            number += 1;
        }
    }
}

/// ` (did you mean ...?)`, where a word of the table is near enough.
fn suggestion<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    words
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= 1 + candidate.len() / 4)
        .min()
        .map_or(String::new(), |(_, candidate)| {
            format!(" (did you mean `{candidate}`?)")
        })
}

#[cfg(test)]
mod tests;
