//! The file that `edgewise simulate` reads.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::rollout::Steer;
use crate::domain::rollout::strategy::StrategyError;
use crate::domain::target::fits;

use super::balancer::{Hold, Moods, Outage};
use super::hosts::{Host, HostEntry, Targets};
use super::monitor::Monitor;
use super::steering::Steering;
use super::steps::{self, ScenarioStep};

/// A simulation that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SimulationError {
    /// The field at fault.
    pub field: String,
    /// What is wrong and what would be right, in words.
    pub message: String,
}

impl SimulationError {
    pub(super) fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

impl From<StrategyError> for SimulationError {
    fn from(error: StrategyError) -> Self {
        // The targets are the file's own; every other key is of its `config`.
        match error.key.as_str() {
            "targets" => Self::new("targets", error.message),
            key => Self::new(&format!("config.{key}"), error.message),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    #[serde(default)]
    pub seed: u64,
    targets: Targets,
    #[serde(default)]
    zones: Option<u32>,
    /// The version all have at first; a first rollout where none.
    #[serde(default)]
    pub version: Option<String>,
    /// The version they are to have; nothing is installed where none.
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub pools: BTreeMap<String, ScenarioPool>,
    #[serde(default)]
    pub config: Map<String, Value>,
    /// The steps of each target; the usual ones where none are given.
    #[serde(default = "steps::usual")]
    pub steps: Vec<ScenarioStep>,
    #[serde(default)]
    durations: BTreeMap<String, Duration>,
    #[serde(default)]
    pub failures: Vec<Failure>,
    /// When the load balancer does not answer.
    #[serde(default)]
    outages: Vec<Outage>,
    #[serde(default)]
    steer: Vec<Steering>,
    /// What the metrics of an analysis give.
    #[serde(default)]
    pub analysis: Monitor,
    /// Seconds after the start at which the server dies and comes back.
    #[serde(default)]
    restarts: Vec<f64>,
    /// Filled by [`Scenario::read`].
    #[serde(skip)]
    pub hosts: Vec<Host>,
    /// By pool.
    #[serde(skip)]
    pub moods: BTreeMap<String, Moods>,
    #[serde(skip)]
    pub steers: Vec<(u64, Steer, String)>,
    /// In milliseconds, the first first.
    #[serde(skip)]
    pub deaths: Vec<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioPool {
    /// A count, or `"70%"`.
    #[serde(default)]
    minimum: Option<Value>,
    /// A pattern such as `"web-*"`, or names and patterns.
    #[serde(default = "everybody")]
    targets: Members,
    /// So many further members that this rollout does not touch.
    #[serde(default)]
    pub others: u32,
    /// When other actions hold some of those.
    #[serde(default)]
    held: Vec<Hold>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Members {
    Pattern(String),
    Names(Vec<String>),
}

fn everybody() -> Members {
    Members::Pattern("*".to_owned())
}

/// Seconds: fixed, or from one to the other by the seed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
enum Duration {
    Fixed(f64),
    Between([f64; 2]),
}

impl TryFrom<Value> for Duration {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let fixed = value.as_f64().map(Self::Fixed);
        let between = || match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => Some(Self::Between([from.as_f64()?, to.as_f64()?])),
            _ => None,
        };
        fixed
            .or_else(between)
            .ok_or("a duration is a number of seconds, or a list of two: from and to")
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    /// On this host; on all where none.
    #[serde(default)]
    pub target: Option<String>,
    /// On hosts that run this version.
    #[serde(default)]
    pub version: Option<String>,
    /// In this step; in all where none.
    #[serde(default)]
    pub step: Option<String>,
    pub kind: FailureKind,
    /// Seconds after the start.
    #[serde(default)]
    pub from: f64,
    /// Seconds after the start; for ever where none.
    #[serde(default)]
    pub until: Option<f64>,
    /// With a version: seconds after the host was put back with it.
    #[serde(default)]
    pub after_seconds: f64,
    /// So many of the hosts, by the seed.
    #[serde(default = "all_of_them")]
    pub share: f64,
}

fn all_of_them() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FailureKind {
    /// The step says no.
    Fail,
    /// The host cannot be reached.
    Unreachable,
    /// Ten times as long.
    Slow,
    /// It does not end before its timeout.
    Hang,
}

/// Times beyond this are absurd: ten years in seconds.
const LONGEST: f64 = 10.0 * 366.0 * 24.0 * 3600.0;
const MOST_TARGETS: u64 = 1_000_000;

pub(super) fn millis(field: &str, seconds: f64) -> Result<u64, SimulationError> {
    if (0.0..=LONGEST).contains(&seconds) {
        Ok((seconds * 1000.0).round() as u64)
    } else {
        Err(SimulationError::new(
            field,
            format!("{seconds} is no number of seconds from 0 to ten years"),
        ))
    }
}

impl Scenario {
    pub fn read(text: &str) -> Result<Self, SimulationError> {
        let mut scenario: Self =
            serde_json::from_str(text).map_err(|error| SimulationError::new("file", error.to_string()))?;
        scenario.hosts = scenario.name_hosts()?;
        scenario.fill_pools()?;
        scenario.moods = scenario.moods()?;
        scenario.check_steps()?;
        scenario.check_failures()?;
        scenario.analysis.check()?;
        scenario.steers = scenario
            .steer
            .iter()
            .map(Steering::read)
            .collect::<Result<_, _>>()?;
        let deaths = scenario.restarts.iter();
        scenario.deaths = deaths
            .map(|&seconds| millis("restarts", seconds))
            .collect::<Result<_, _>>()?;
        scenario.deaths.sort_unstable();
        Ok(scenario)
    }

    fn name_hosts(&self) -> Result<Vec<Host>, SimulationError> {
        let zones = u64::from(self.zones.unwrap_or(1));
        if zones == 0 {
            return Err(SimulationError::new("zones", "must be at least 1"));
        }
        let zone = |place: u64| format!("z{}", place % zones + 1);
        let hosts: Vec<Host> = match &self.targets {
            Targets::Count(count) if *count > MOST_TARGETS => {
                let message = format!("{count} is absurd: at most {MOST_TARGETS}");
                return Err(SimulationError::new("targets", message));
            }
            Targets::Count(count) => (0..*count)
                .map(|place| Host::named(&format!("h{}", place + 1), zone(place), self.version.clone()))
                .collect::<Result<_, _>>()?,
            Targets::List(entries) => entries
                .iter()
                .zip(0..)
                .map(|(entry, place)| match entry {
                    HostEntry::Name(name) => Host::named(name, zone(place), self.version.clone()),
                    HostEntry::Full(fields) => Host::read(fields, zone(place), self.version.as_ref()),
                })
                .collect::<Result<_, _>>()?,
        };
        if hosts.is_empty() {
            return Err(SimulationError::new("targets", "there are none"));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = hosts.iter().find(|host| !seen.insert(&host.name)) {
            let message = format!("`{}` is named twice", twice.name);
            return Err(SimulationError::new("targets", message));
        }
        Ok(hosts)
    }

    fn fill_pools(&mut self) -> Result<(), SimulationError> {
        let places: HashMap<String, usize> = self
            .hosts
            .iter()
            .enumerate()
            .map(|(place, host)| (host.name.to_string(), place))
            .collect();
        for (pool, fields) in &self.pools {
            let wanted: &[String] = match &fields.targets {
                Members::Pattern(pattern) => std::slice::from_ref(pattern),
                Members::Names(names) => names,
            };
            let mut members = BTreeSet::new();
            for pattern in wanted {
                let before = members.len();
                if pattern.contains(['*', '?']) {
                    let fitting = self.hosts.iter().enumerate();
                    let fitting = fitting.filter(|(_, host)| fits(pattern, host.name.as_str()));
                    members.extend(fitting.map(|(place, _)| place));
                } else {
                    members.extend(places.get(pattern));
                }
                if members.len() == before {
                    let message = format!("`{pattern}` names no target, or none that is not named before it");
                    return Err(SimulationError::new(&format!("pools.{pool}.targets"), message));
                }
            }
            for place in members {
                self.hosts[place].pools.push(pool.clone());
            }
            if u64::from(fields.others) > MOST_TARGETS {
                let message = format!("{} is absurd: at most {MOST_TARGETS}", fields.others);
                return Err(SimulationError::new(&format!("pools.{pool}.others"), message));
            }
        }
        Ok(())
    }

    /// What the load balancer does about each pool, and when.
    fn moods(&self) -> Result<BTreeMap<String, Moods>, SimulationError> {
        let mut moods: BTreeMap<String, Moods> = self
            .pools
            .keys()
            .map(|pool| (pool.clone(), Moods::default()))
            .collect();
        for outage in &self.outages {
            let span = outage.span()?;
            match &outage.pool {
                None => moods.values_mut().for_each(|pool| pool.silent.push(span)),
                Some(name) => {
                    let pool = moods.get_mut(name).ok_or_else(|| {
                        SimulationError::new("outages.pool", format!("there is no pool `{name}`"))
                    })?;
                    pool.silent.push(span);
                }
            }
        }
        for (name, fields) in &self.pools {
            let Some(pool) = moods.get_mut(name) else {
                continue;
            };
            for hold in &fields.held {
                pool.held.push((hold.span(name)?, hold.count));
            }
            for at in pool.holds() {
                let held = pool.held(at);
                if held > fields.others {
                    let message = format!(
                        "{held} are held at {} s, but the pool has {} members besides the targets (`others`)",
                        at.as_millis() / 1000,
                        fields.others
                    );
                    return Err(SimulationError::new(&format!("pools.{name}.held"), message));
                }
            }
        }
        Ok(moods)
    }

    fn check_steps(&self) -> Result<(), SimulationError> {
        if self.steps.is_empty() {
            return Err(SimulationError::new("steps", "there is none"));
        }
        for (step, duration) in &self.durations {
            self.known_step("durations", step)?;
            let (low, high) = duration.bounds();
            let field = format!("durations.{step}");
            if millis(&field, low)? > millis(&field, high)? {
                return Err(SimulationError::new(
                    &field,
                    "the first must not be the greater one",
                ));
            }
        }
        Ok(())
    }

    fn known_step(&self, field: &str, step: &str) -> Result<(), SimulationError> {
        if self.steps.iter().any(|known| known.name == *step) {
            return Ok(());
        }
        let known: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
        Err(SimulationError::new(
            field,
            format!("there is no step `{step}`; there are {}", known.join(", ")),
        ))
    }

    fn check_failures(&self) -> Result<(), SimulationError> {
        let names: HashSet<&str> = self.hosts.iter().map(|host| host.name.as_str()).collect();
        for failure in &self.failures {
            if let Some(step) = &failure.step {
                self.known_step("failures", step)?;
            }
            if let Some(target) = &failure.target
                && !names.contains(target.as_str())
            {
                let message = format!("there is no target `{target}`");
                return Err(SimulationError::new("failures", message));
            }
            millis("failures.from", failure.from)?;
            millis("failures.until", failure.until.unwrap_or(0.0))?;
            millis("failures.after_seconds", failure.after_seconds)?;
            if !(0.0..=1.0).contains(&failure.share) {
                let message = format!("{} is no share from 0 to 1", failure.share);
                return Err(SimulationError::new("failures.share", message));
            }
        }
        Ok(())
    }

    /// How long a step takes, in milliseconds: from, to.
    pub fn duration(&self, step: &str) -> (u64, u64) {
        let (low, high) = match self.durations.get(step) {
            Some(duration) => duration.bounds(),
            None if step == "install" => (10.0, 10.0),
            None if matches!(step, "pool_out" | "pool_in") => (0.0, 0.0),
            None => (1.0, 1.0),
        };
        ((low * 1000.0).round() as u64, (high * 1000.0).round() as u64)
    }

    /// How many members a pool must keep in service: a count, or a percentage by the rule of configuration.
    pub fn minimum(&self, pool: &str, members: usize) -> Result<u32, SimulationError> {
        let field = format!("pools.{pool}.minimum");
        let members = members as u64;
        let minimum = match self.pools.get(pool).and_then(|pool| pool.minimum.as_ref()) {
            None => Some(0),
            Some(Value::Number(count)) => count.as_u64(),
            Some(Value::String(text)) => text
                .strip_suffix('%')
                .and_then(|digits| digits.parse::<u64>().ok())
                .filter(|&percent| percent <= 100)
                .map(|percent| members - members * (100 - percent) / 100),
            Some(_) => None,
        };
        match minimum.and_then(|minimum| u32::try_from(minimum).ok()) {
            Some(minimum) if u64::from(minimum) <= members => Ok(minimum),
            Some(minimum) => Err(SimulationError::new(
                &field,
                format!("{minimum} must stay in service, but the pool has {members} members"),
            )),
            None => Err(SimulationError::new(
                &field,
                "must be a count such as 7, or a percentage such as \"70%\"",
            )),
        }
    }
}

impl Duration {
    fn bounds(self) -> (f64, f64) {
        match self {
            Self::Fixed(seconds) => (seconds, seconds),
            Self::Between([low, high]) => (low, high),
        }
    }
}
