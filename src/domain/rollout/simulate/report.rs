//! What a simulation tells.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::domain::action::{ActionStatus, TargetState, WaitingFor};
use crate::domain::name::TargetName;
use crate::domain::rollout::{Event, Rollout};
use crate::domain::timestamp::Timestamp;

use super::world::World;

/// A moment or span on the virtual clock: whole where it is whole, else with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds {
    millis: u64,
}

impl Seconds {
    fn at(moment: Timestamp) -> Self {
        Self {
            millis: moment.millis_since(Timestamp::from_millis(0)),
        }
    }

    /// The same in milliseconds.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        self.millis
    }
}

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.millis % 1000 {
            0 => write!(f, "{}", self.millis / 1000),
            rest => write!(f, "{}.{rest:03}", self.millis / 1000),
        }
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.millis % 1000 {
            0 => serializer.serialize_u64(self.millis / 1000),
            _ => serializer.serialize_f64(self.millis as f64 / 1000.0),
        }
    }
}

/// What came of it. Its JSON is the contract's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How it ended, or how it stands where nothing more happens by itself.
    pub status: ActionStatus,
    /// How long it took.
    pub seconds: Seconds,
    /// What it waits for, where it has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<WaitingFor>,
    /// The targets on which a step was started, in that order.
    pub touched: Vec<TargetName>,
    /// Every target, in the order of the file.
    #[serde(serialize_with = "as_map")]
    pub targets: Vec<(TargetName, TargetEnd)>,
    /// Every pool.
    #[serde(serialize_with = "as_map")]
    pub pools: Vec<(String, PoolEnd)>,
    /// What was decided, and why.
    pub decisions: Vec<Line>,
    /// What happened to stages and targets, and when.
    #[serde(skip)]
    pub timeline: Vec<(Seconds, String)>,
    /// How many events the engine took.
    #[serde(skip)]
    pub events: u64,
}

/// How a target ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetEnd {
    /// Its state.
    pub state: TargetState,
    /// The version it runs.
    pub version: Option<String>,
    /// Why it did not get there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it did not get back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_error: Option<String>,
    /// How to finish by hand what is left of the way back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<String>,
}

/// How a pool fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PoolEnd {
    /// What must stay in service.
    pub minimum: u32,
    /// The fewest members that were in service at any moment.
    pub lowest_in_service: u32,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When.
    pub at: Seconds,
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

fn as_map<K: Serialize, V: Serialize, S: Serializer>(
    pairs: &[(K, V)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

/// Writes down what happens while a simulation runs.
pub(super) struct Watcher {
    status: ActionStatus,
    states: HashMap<TargetName, TargetState>,
    decisions: Vec<Line>,
    timeline: Vec<(Seconds, String)>,
    events: u64,
}

impl Watcher {
    pub fn new(rollout: &Rollout) -> Self {
        Self {
            status: rollout.status(),
            states: HashMap::new(),
            decisions: Vec::new(),
            timeline: Vec::new(),
            events: 0,
        }
    }

    /// Something that is not the engine's own decision.
    pub fn note(&mut self, now: Timestamp, what: &str, why: &str) {
        self.decisions.push(Line {
            at: Seconds::at(now),
            what: what.to_owned(),
            why: why.to_owned(),
        });
    }

    pub fn look(&mut self, rollout: &mut Rollout, event: &Event, now: Timestamp) {
        self.events += 1;
        for decision in rollout.take_decisions() {
            let at = Seconds::at(decision.at);
            self.decisions.push(Line {
                at,
                what: decision.what,
                why: decision.why,
            });
        }
        if let Some(target) = target_of(event).and_then(|name| rollout.target(name.as_str())) {
            let before = self.states.insert(target.name.clone(), target.state);
            if before.unwrap_or(TargetState::Pending) != target.state {
                let why = match target.state {
                    TargetState::Failed | TargetState::Unreachable | TargetState::Unknown => {
                        let error = target.back_error.as_ref().or(target.error.as_ref());
                        error.map_or(String::new(), |error| format!(": {error}"))
                    }
                    _ => String::new(),
                };
                self.timeline
                    .push((Seconds::at(now), format!("{} {}{why}", target.name, target.state)));
            }
        }
        if rollout.status() != self.status {
            self.status = rollout.status();
            let why = rollout
                .waiting_for()
                .map_or(String::new(), |waiting| format!(": {}", waiting.detail));
            self.timeline
                .push((Seconds::at(now), format!("{}{why}", self.status)));
        }
    }

    pub fn report(mut self, rollout: &Rollout, world: &World<'_>, now: Timestamp) -> Report {
        let story = world.story(rollout.ended_at().unwrap_or(now));
        self.timeline
            .extend(story.map(|(at, what)| (Seconds::at(at), what)));
        let mut ends: HashMap<&TargetName, TargetEnd> = rollout
            .targets()
            .map(|target| {
                let end = TargetEnd {
                    state: target.state,
                    version: world.version(&target.name).map(str::to_owned),
                    error: target.error.clone(),
                    back_error: target.back_error.clone(),
                    by_hand: target.by_hand.clone(),
                };
                (&target.name, end)
            })
            .collect();
        Report {
            status: rollout.status(),
            seconds: Seconds::at(rollout.ended_at().unwrap_or(now)),
            waiting_for: rollout.waiting_for(),
            touched: rollout.touched().map(|target| target.name.clone()).collect(),
            targets: world
                .names()
                .filter_map(|name| ends.remove(name).map(|end| (name.clone(), end)))
                .collect(),
            pools: world
                .pools
                .iter()
                .map(|pool| {
                    let end = PoolEnd {
                        minimum: pool.minimum,
                        lowest_in_service: pool.lowest,
                    };
                    (pool.name.clone(), end)
                })
                .collect(),
            decisions: self.decisions,
            timeline: self.timeline,
            events: self.events,
        }
    }
}

fn target_of(event: &Event) -> Option<&TargetName> {
    match event {
        Event::PoolsCounted { target, .. }
        | Event::PoolsUnknown { target, .. }
        | Event::StepStarted { target, .. }
        | Event::StepEnded { target, .. } => Some(target),
        Event::TimerFired { timer } => timer.target(),
        Event::Created { .. }
        | Event::QueueReached
        | Event::QueueMoved { .. }
        | Event::LeasesHeld { .. }
        | Event::LeasesTaken
        | Event::HostsChecked { .. }
        | Event::Measured { .. }
        | Event::Steered { .. } => None,
    }
}

impl Report {
    /// The report for people: decisions and happenings in order of time, then the pools and the end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines: Vec<(Seconds, String)> = self.timeline.clone();
        lines.extend(
            self.decisions
                .iter()
                .map(|line| (line.at, format!("  {}: {}", line.what, line.why))),
        );
        lines.sort_by_key(|(at, _)| *at);
        let mut text = String::new();
        // Writing to a string cannot fail.
        for (at, line) in lines {
            let _ = writeln!(text, "{:>10}  {line}", at.to_string());
        }
        for (name, pool) in &self.pools {
            let _ = writeln!(
                text,
                "pool {name}: never fewer than {} in service, {} must stay",
                pool.lowest_in_service, pool.minimum
            );
        }
        let mut counts: Vec<(TargetState, usize)> = Vec::new();
        for state in TargetState::ALL {
            let count = self.targets.iter().filter(|(_, end)| end.state == state).count();
            if count > 0 {
                counts.push((state, count));
            }
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let _ = writeln!(
            text,
            "{} after {} s: {} touched, {}",
            self.status,
            self.seconds,
            self.touched.len(),
            counts.join(", ")
        );
        if let Some(waiting) = &self.waiting_for {
            let _ = writeln!(text, "waits: {}; {}", waiting.detail, waiting.unblock);
        }
        text
    }
}
