//! The file that `edgewise simulate` reads.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::rollout::Steer;
use crate::domain::rollout::strategy::StrategyError;

use super::balancer::{Moods, Outage};
use super::durations::Duration;
use super::failures::Failure;
use super::hosts::{Host, HostEntry, Targets};
use super::monitor::Monitor;
use super::pool_now::Answers;
use super::pools::ScenarioPool;
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
        // The targets and pools are the file's own; every other key is of its `config`.
        match error.key.as_str() {
            "targets" => Self::new("targets", error.message),
            // What a pool must keep is said with the pool here.
            "inpool_threshold" => Self::new("pools", error.message),
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
    pub(super) outages: Vec<Outage>,
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
    /// How its load balancers answer. A file has no word for it.
    #[serde(skip)]
    pub answers: Answers,
    /// In milliseconds, the first first.
    #[serde(skip)]
    pub deaths: Vec<u64>,
}

/// Times beyond this are absurd: ten years in seconds.
const LONGEST: f64 = 10.0 * 366.0 * 24.0 * 3600.0;
pub(super) const MOST_TARGETS: u64 = 1_000_000;

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

    fn check_steps(&self) -> Result<(), SimulationError> {
        steps::check(&self.steps)?;
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

    pub(super) fn known_step(&self, field: &str, step: &str) -> Result<(), SimulationError> {
        if self.steps.iter().any(|known| known.name == *step) {
            return Ok(());
        }
        let known: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
        Err(SimulationError::new(
            field,
            format!("there is no step `{step}`; there are {}", known.join(", ")),
        ))
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
}
