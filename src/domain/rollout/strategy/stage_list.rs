//! A list of stages: `"1,10%,50%,100%"`, or objects that say more.
//!
//! A count is the size of its stage. A percentage is cumulative: after its stage so much of the fleet is
//! done, rounded down but never to nobody. A stage that a percentage leaves empty, since those before it
//! reach as far, is merged into the one before it, which takes over its gate and the longer soak.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::domain::plan::{Gate, OnFailure};

use super::fleet::Fleet;
use super::gate::GateKey;
use super::keys::{Keys, ON_FAILURE};
use super::order::{ORDERS, Order};
use super::values::{Amount, read_seconds, read_window, read_word};
use super::{Part, StrategyError, suggestion};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StageList(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    label: Option<String>,
    choice: Choice,
    max_parallel: Option<Amount>,
    soak_seconds: Option<u64>,
    gate: Option<GateKey>,
    on_failure: Option<OnFailure>,
    order: Option<Order>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Count(u32),
    Percent(u32),
    Targets(Vec<String>),
    Zone(String),
    Group(String),
    Ring(String),
    Rest,
}

const FIELDS: [&str; 12] = [
    "label",
    "percent",
    "count",
    "targets",
    "zone",
    "group",
    "ring",
    "max_parallel",
    "soak_seconds",
    "gate",
    "on_failure",
    "order",
];

fn wrong(message: impl Into<String>) -> StrategyError {
    StrategyError::new("stages", message)
}

impl StageList {
    pub fn read(value: &Value) -> Result<Self, StrategyError> {
        match value {
            Value::String(text) => Self::read_text(text),
            Value::Array(items) => items
                .iter()
                .map(Entry::read)
                .collect::<Result<_, _>>()
                .and_then(Self::checked),
            other => Err(wrong(format!(
                "must be a text such as \"1,10%,50%,100%\" or a list of stages, not {other}"
            ))),
        }
    }

    pub fn read_text(text: &str) -> Result<Self, StrategyError> {
        text.split(',')
            .map(|item| Entry::sized(item.trim()))
            .collect::<Result<_, _>>()
            .and_then(Self::checked)
    }

    fn checked(entries: Vec<Entry>) -> Result<Self, StrategyError> {
        if entries.is_empty() {
            return Err(wrong("there is no stage in the list"));
        }
        let mut seen = HashSet::new();
        let chosen = entries.iter().filter_map(|entry| match &entry.choice {
            Choice::Targets(targets) => Some(targets),
            _ => None,
        });
        if let Some(twice) = chosen.flatten().find(|target| !seen.insert(target.as_str())) {
            return Err(wrong(format!("`{twice}` is named twice")));
        }
        let percents: Vec<u32> = entries
            .iter()
            .filter_map(|entry| match entry.choice {
                Choice::Percent(percent) => Some(percent),
                _ => None,
            })
            .collect();
        match percents.windows(2).find(|pair| pair[1] <= pair[0]) {
            Some(pair) => Err(wrong(format!(
                "percentages are cumulative and must grow, but {}% comes after {}%",
                pair[1], pair[0]
            ))),
            None => Ok(Self(entries)),
        }
    }

    /// Whether a stage names its targets, so that the strategy has no say in it.
    pub fn chooses_targets(&self) -> bool {
        self.0
            .iter()
            .any(|entry| !matches!(entry.choice, Choice::Count(_) | Choice::Percent(_)))
    }

    /// Cuts these places of the fleet into stages.
    pub fn cut(&self, fleet: &Fleet<'_>, among: &[usize], keys: &Keys) -> Result<Vec<Part>, StrategyError> {
        let mut left: Vec<usize> = among.to_vec();
        let mut parts: Vec<Part> = Vec::new();
        for entry in &self.0 {
            let done = among.len() - left.len();
            let targets = match &entry.choice {
                Choice::Count(count) => take(&mut left, *count as usize),
                Choice::Percent(percent) => {
                    let reach = Amount::Percent(*percent).of(among.len()).max(1) as usize;
                    take(&mut left, reach.saturating_sub(done))
                }
                Choice::Rest => std::mem::take(&mut left),
                chosen => chosen.pick(fleet, &mut left)?,
            };
            if targets.is_empty() {
                merge(parts.last_mut(), entry, keys);
            } else {
                parts.push(entry.part(targets));
            }
        }
        Ok(parts)
    }
}

fn take(left: &mut Vec<usize>, count: usize) -> Vec<usize> {
    left.drain(..count.min(left.len())).collect()
}

/// What a stage does not say, the rollout's own keys say: both are looked at before one gives way to the other.
fn merge(before: Option<&mut Part>, entry: &Entry, keys: &Keys) {
    let Some(before) = before else {
        return;
    };
    let soak = |own: Option<u64>| own.unwrap_or(keys.soak_seconds);
    before.soak_seconds = Some(soak(before.soak_seconds).max(soak(entry.soak_seconds)));
    if before.gate.as_ref().unwrap_or(&keys.gate).gate == Gate::None {
        before.gate = Some(entry.gate.as_ref().unwrap_or(&keys.gate).clone());
    }
}

impl Choice {
    /// Takes the chosen ones out of `left`; nobody where others took them all before.
    fn pick(&self, fleet: &Fleet<'_>, left: &mut Vec<usize>) -> Result<Vec<usize>, StrategyError> {
        let elsewhere = fleet.elsewhere();
        let chosen: HashSet<usize> = match self {
            Self::Targets(names) => {
                let all = fleet.all();
                let known: HashMap<&str, usize> = all
                    .iter()
                    .map(|&place| (fleet.target(place).name.as_str(), place))
                    .collect();
                let places = names.iter().filter_map(|name| {
                    let place = known.get(name.as_str()).copied();
                    if place.is_none() && elsewhere.targets.contains(name) {
                        return None;
                    }
                    Some(place.ok_or_else(|| {
                        wrong(format!(
                            "there is no target `{name}` in this rollout{}",
                            suggestion(name, known.keys().copied())
                        ))
                    }))
                });
                places.collect::<Result<_, _>>()?
            }
            Self::Zone(zone) => {
                let zones = fleet.zones().chain(elsewhere.zones.iter().map(String::as_str));
                known("zone", zone, zones, |_| {
                    fleet.places(|target| target.zone == *zone)
                })?
            }
            Self::Group(group) => {
                let all = fleet.all();
                let groups = all
                    .iter()
                    .filter_map(|&place| fleet.target(place).group.as_deref())
                    .chain(elsewhere.groups.iter().map(String::as_str));
                known("group", group, groups, |_| {
                    fleet.places(|target| target.group.as_deref() == Some(group))
                })?
            }
            Self::Ring(ring) => {
                let all = fleet.all();
                let rings = all
                    .iter()
                    .filter_map(|&place| fleet.target(place).ring.as_deref())
                    .chain(elsewhere.rings.iter().map(String::as_str));
                known("ring", ring, rings, |_| {
                    fleet.places(|target| target.ring.as_deref() == Some(ring))
                })?
            }
            Self::Count(_) | Self::Percent(_) | Self::Rest => HashSet::new(),
        };
        let (picked, rest) = left.iter().partition(|&&place| chosen.contains(&place));
        *left = rest;
        Ok(picked)
    }
}

fn known<'a>(
    what: &str,
    name: &str,
    names: impl Iterator<Item = &'a str>,
    places: impl Fn(&str) -> Vec<usize>,
) -> Result<HashSet<usize>, StrategyError> {
    let names: HashSet<&str> = names.collect();
    if names.contains(name) {
        return Ok(places(name).into_iter().collect());
    }
    Err(wrong(format!(
        "no target is in {what} `{name}`{}",
        suggestion(name, names)
    )))
}

impl Entry {
    fn bare(choice: Choice) -> Self {
        Self {
            label: None,
            choice,
            max_parallel: None,
            soak_seconds: None,
            gate: None,
            on_failure: None,
            order: None,
        }
    }

    /// `"3"` or `"10%"`.
    fn sized(text: &str) -> Result<Self, StrategyError> {
        match Amount::parse("stages", text)? {
            Amount::Count(0) | Amount::Percent(0) => {
                Err(wrong(format!("`{text}` is nobody; every stage needs targets")))
            }
            Amount::Count(count) => Ok(Self::bare(Choice::Count(count))),
            Amount::Percent(percent) => Ok(Self::bare(Choice::Percent(percent))),
        }
    }

    fn read(value: &Value) -> Result<Self, StrategyError> {
        match value {
            Value::String(text) => Self::sized(text.trim()),
            Value::Number(number) => Self::sized(&number.to_string()),
            Value::Object(fields) => Self::read_object(fields),
            other => Err(wrong(format!("{other} is no stage"))),
        }
    }

    fn read_object(fields: &Map<String, Value>) -> Result<Self, StrategyError> {
        if let Some(unknown) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(wrong(format!(
                "a stage has no `{unknown}`{}",
                suggestion(unknown, FIELDS)
            )));
        }
        let mut choices = Vec::new();
        for (key, value) in fields {
            choices.extend(read_choice(key, value)?);
        }
        if choices.len() > 1 {
            return Err(wrong(
                "a stage has one of percent, count, targets, zone, group and ring",
            ));
        }
        Ok(Self {
            label: fields
                .get("label")
                .map(|value| text("label", value))
                .transpose()?,
            choice: choices.pop().unwrap_or(Choice::Rest),
            max_parallel: fields
                .get("max_parallel")
                .map(|value| read_window("stages.max_parallel", value))
                .transpose()?,
            soak_seconds: fields
                .get("soak_seconds")
                .map(|value| read_seconds("stages.soak_seconds", value))
                .transpose()?,
            gate: fields
                .get("gate")
                .map(|value| GateKey::read("stages.gate", value))
                .transpose()?,
            on_failure: fields
                .get("on_failure")
                .map(|value| read_word("stages.on_failure", value, &ON_FAILURE))
                .transpose()?,
            order: fields
                .get("order")
                .map(|value| read_word("stages.order", value, &ORDERS))
                .transpose()?,
        })
    }

    fn part(&self, targets: Vec<usize>) -> Part {
        let label = self.label.clone().unwrap_or_else(|| match &self.choice {
            Choice::Count(count) => count.to_string(),
            Choice::Percent(percent) => format!("{percent}%"),
            Choice::Targets(names) => names.join(" "),
            Choice::Zone(name) | Choice::Group(name) => name.clone(),
            Choice::Ring(ring) => format!("ring {ring}"),
            Choice::Rest => "rest".to_owned(),
        });
        Part {
            label,
            targets,
            max_parallel: self.max_parallel,
            soak_seconds: self.soak_seconds,
            gate: self.gate.clone(),
            on_failure: self.on_failure,
            order: self.order,
            only_out: false,
        }
    }
}

fn read_choice(key: &str, value: &Value) -> Result<Option<Choice>, StrategyError> {
    Ok(Some(match key {
        "percent" => {
            let text = match value {
                Value::String(text) => text.trim_end_matches('%').to_owned(),
                other => other.to_string(),
            };
            Entry::sized(&format!("{text}%"))?.choice
        }
        "count" => match Entry::sized(&value.to_string())?.choice {
            choice @ Choice::Count(_) => choice,
            _ => return Err(wrong(format!("`count` must be a whole number, not {value}"))),
        },
        "targets" => {
            let names = value
                .as_array()
                .ok_or_else(|| wrong("`targets` must be a list of names"))?;
            if names.is_empty() {
                return Err(wrong("`targets` is nobody; every stage needs targets"));
            }
            let names = names.iter().map(|name| text("targets", name));
            Choice::Targets(names.collect::<Result<_, _>>()?)
        }
        "zone" => Choice::Zone(text(key, value)?),
        "group" => Choice::Group(text(key, value)?),
        "ring" => match value {
            Value::Number(number) => Choice::Ring(number.to_string()),
            value => Choice::Ring(text(key, value)?),
        },
        _ => return Ok(None),
    }))
}

fn text(field: &str, value: &Value) -> Result<String, StrategyError> {
    match value.as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(wrong(format!("`{field}` must be a text, not {value}"))),
    }
}
