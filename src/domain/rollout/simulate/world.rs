//! The made-up hosts, their load balancer, and the clock.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Plan, leaving};
use crate::domain::rollout::{Effect, Event, PoolCount, Rollout, RolloutSettings, Way};
use crate::domain::timestamp::Timestamp;

use super::agenda::{Agenda, Due};
use super::dice::Dice;
use super::pool_now::{Answers, PoolNow};
use super::scenario::Scenario;
use super::steered;
use super::ways::Steps;

/// So many names of members out of service are told with the counts of a pool.
const NAMES_TOLD: usize = 16;

pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    plan: Arc<Plan>,
    pub(super) dice: Dice,
    numbers: HashMap<TargetName, usize>,
    /// In the order of `scenario.hosts`.
    pub(super) hosts: Vec<HostNow>,
    pub pools: Vec<PoolNow>,
    agenda: Agenda,
    /// The hosts with a step that was started and has not ended.
    started: HashSet<TargetName>,
    /// The ends of steps that a server which died left running.
    left_running: HashMap<TargetName, Due>,
    /// The places in the file's list of the steps of each way.
    steps: Steps,
}

pub(super) struct HostNow {
    pub version: Option<String>,
    in_service: bool,
    pub put_back_at: Option<Timestamp>,
    pools: Vec<usize>,
    /// It only leaves service.
    leaving: bool,
}

impl<'a> World<'a> {
    pub fn new(scenario: &'a Scenario, rollout: &Rollout) -> Self {
        let plan = rollout.plan();
        let mut pools: Vec<PoolNow> = plan
            .pools
            .iter()
            .map(|pool| PoolNow::new(scenario, &pool.name, pool.minimum))
            .collect();
        let pool_numbers: HashMap<String, usize> = pools
            .iter()
            .enumerate()
            .map(|(number, pool)| (pool.name.clone(), number))
            .collect();
        let leaving: HashSet<&TargetName> = leaving(&plan.stages).collect();
        let mut hosts = Vec::with_capacity(scenario.hosts.len());
        for (place, host) in scenario.hosts.iter().enumerate() {
            let mine: Vec<usize> = host.pools.iter().map(|pool| pool_numbers[pool]).collect();
            for &pool in &mine {
                if host.in_service {
                    pools[pool].in_service += 1;
                    pools[pool].lowest += 1;
                } else {
                    pools[pool].out.insert(place);
                    pools[pool].found_out.insert(place);
                }
            }
            hosts.push(HostNow {
                version: host.version.clone(),
                in_service: host.in_service,
                put_back_at: host.in_service.then(|| Timestamp::from_millis(0)),
                pools: mine,
                leaving: leaving.contains(&host.name),
            });
        }
        Self {
            dice: Dice::new(scenario.seed),
            numbers: scenario
                .hosts
                .iter()
                .enumerate()
                .map(|(place, host)| (host.name.clone(), place))
                .collect(),
            hosts,
            pools,
            agenda: Agenda::default(),
            started: HashSet::new(),
            left_running: HashMap::new(),
            steps: Steps::of(scenario),
            plan: Arc::clone(plan),
            scenario,
        }
    }

    pub fn begin(&mut self) {
        let start = Timestamp::from_millis(0);
        let created = Event::Created {
            due_at: start,
            needs_approval: Vec::new(),
            queued_behind: None,
            settings: RolloutSettings::default(),
        };
        self.later(start, created);
        for (at, steer, reason) in &self.scenario.steers {
            self.later(start.plus_millis(*at), steered(steer.clone(), reason));
        }
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.agenda.next_at()
    }

    /// Whether anything can still happen but the same question again. (Nobody but the rollout moves
    /// members of pools here.)
    pub fn goes_on(&self) -> bool {
        let changes = self
            .pools
            .iter()
            .filter_map(|pool| pool.moods.last_change())
            .max();
        self.agenda.has_substance() || self.next_at() <= changes
    }

    /// What the load balancer does by itself up to this moment, in words.
    pub fn story(&self, until: Timestamp) -> impl Iterator<Item = (Timestamp, String)> {
        let all = self.pools.iter().flat_map(|pool| pool.moods.story(&pool.name));
        all.filter(move |(at, _)| *at <= until)
    }

    /// The pool that a step at this host asks about in vain, or how long it waits for the answers.
    pub(super) fn balancer(&self, place: usize, now: Timestamp) -> Result<u64, &str> {
        let pools = self.hosts[place].pools.iter().map(|&pool| &self.pools[pool]);
        let mut longest = 0;
        for pool in pools {
            longest = longest.max(pool.moods.wait(now).ok_or(pool.name.as_str())?);
        }
        Ok(longest)
    }

    pub fn next(&mut self) -> Option<Event> {
        let due = self.agenda.next()?;
        self.pools.iter_mut().for_each(|pool| pool.pass(due.at));
        self.happens(&due.event, due.at);
        if let Event::StepStarted { target, .. } = &due.event {
            self.started.insert(target.clone());
        }
        if let Event::StepEnded { target, .. } = &due.event {
            self.started.remove(target);
        }
        Some(due.event)
    }

    /// The server died: its timers and questions are gone. Hosts go on with what was started on them, and
    /// people still come at their time.
    pub fn forget_what_is_under_way(&mut self) {
        let gone = self
            .agenda
            .forget(|event| matches!(event, Event::Created { .. } | Event::Steered { .. }));
        let ends = gone.into_iter().filter_map(|due| match &due.event {
            Event::StepEnded { target, .. } if self.started.contains(target) => Some((target.clone(), due)),
            _ => None,
        });
        self.left_running = ends.collect();
    }

    /// The version a host runs.
    pub fn version(&self, target: &TargetName) -> Option<&str> {
        let place = self.numbers.get(target)?;
        self.hosts[*place].version.as_deref()
    }

    /// Every host, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &TargetName> {
        self.scenario.hosts.iter().map(|host| &host.name)
    }

    /// The hosts that are in service at this moment.
    #[cfg(test)]
    pub fn serving(&self) -> impl Iterator<Item = &TargetName> {
        self.names()
            .zip(&self.hosts)
            .filter(|(_, host)| host.in_service)
            .map(|(name, _)| name)
    }

    #[cfg(test)]
    pub fn pools_of(&self, target: &TargetName) -> impl Iterator<Item = &PoolNow> {
        let host = &self.hosts[self.numbers[target]];
        host.pools.iter().map(|&pool| &self.pools[pool])
    }

    fn later(&mut self, at: Timestamp, event: Event) {
        self.agenda.later(at, event);
    }

    pub fn carry_out(&mut self, effect: &Effect, now: Timestamp) {
        match effect {
            Effect::TakeLeases => self.later(now, Event::LeasesTaken),
            Effect::CheckHosts => {
                let unfit = self.unfit(now);
                self.later(now, Event::HostsChecked { unfit });
            }
            Effect::AskPools { target } => {
                let place = self.numbers[target];
                let target = target.clone();
                let mut mine = self.hosts[place].pools.iter().map(|&pool| &self.pools[pool]);
                let event = match mine.find(|pool| pool.moods.is_silent(now)) {
                    Some(silent) => Event::PoolsUnknown {
                        target,
                        error: format!("no answer about pool {}", silent.name),
                    },
                    None => Event::PoolsCounted {
                        target,
                        pools: self.counts(place, now),
                    },
                };
                self.later(now, event);
            }
            Effect::RunStep {
                target,
                way,
                step,
                attempt,
            } => self.run_step(target, *way, *step, *attempt, now),
            Effect::Arm { timer, at } => self.later(*at, Event::TimerFired { timer: timer.clone() }),
            Effect::Measure {
                stage,
                metric,
                measurement,
            } => {
                if let Some(defined) = self.plan.metric(*stage, *metric) {
                    let result = self.scenario.analysis.answer(defined, *measurement);
                    self.later(
                        now,
                        Event::Measured {
                            stage: *stage,
                            metric: *metric,
                            measurement: *measurement,
                            result,
                        },
                    );
                }
            }
            Effect::LookUpStep { target, .. } => {
                if let Some(due) = self.left_running.remove(target) {
                    self.later(due.at.max(now), due.event);
                }
            }
            // The hosts themselves know their versions.
            Effect::RecordVersion { .. } | Effect::Quarantine { .. } | Effect::End { .. } => {}
        }
    }

    fn counts(&self, place: usize, now: Timestamp) -> Vec<PoolCount> {
        let host = &self.hosts[place];
        host.pools
            .iter()
            .map(|&number| {
                let pool = &self.pools[number];
                let names = |out: &BTreeSet<usize>, most: usize| {
                    let out = out.iter().take(most);
                    out.map(|&out| self.scenario.hosts[out].name.clone()).collect()
                };
                let count = PoolCount {
                    pool: pool.name.clone(),
                    in_service: pool.serving(now),
                    itself: host.in_service,
                    ..PoolCount::default()
                };
                match self.scenario.answers {
                    Answers::Counted => PoolCount {
                        away: pool.taken_out(),
                        out_of_service: names(&pool.found_out, NAMES_TOLD),
                        ..count
                    },
                    Answers::Named => PoolCount {
                        out_of_service: names(&pool.out, usize::MAX),
                        ..count
                    },
                    Answers::Listed => PoolCount {
                        in_service: pool.listed(now),
                        itself: true,
                        ..count
                    },
                }
            })
            .collect()
    }

    fn run_step(&mut self, target: &TargetName, way: Way, step: u32, attempt: u32, now: Timestamp) {
        let place = self.numbers[target];
        let number = self.number(place, way, step);
        self.later(
            now,
            Event::StepStarted {
                target: target.clone(),
                way,
                step,
                attempt,
            },
        );
        let (after, result) = self.fate(place, number, way, attempt, now);
        let at = now.plus_millis(after);
        self.later(
            at,
            Event::StepEnded {
                target: target.clone(),
                way,
                step,
                attempt,
                result,
            },
        );
    }

    /// What the end of a step does to the world.
    fn happens(&mut self, event: &Event, at: Timestamp) {
        let Event::StepEnded {
            target,
            way,
            step,
            result,
            ..
        } = event
        else {
            return;
        };
        let place = self.numbers[target];
        let scenario = self.scenario;
        let name = scenario.steps[self.number(place, *way, *step)].name.as_str();
        match (name, result.outcome) {
            ("install", Outcome::Ok | Outcome::Unknown) => {
                self.hosts[place].version = self.installed(place, *way);
            }
            ("pool_out", Outcome::Ok) => self.serve(place, false, at),
            ("pool_in", Outcome::Ok) => {
                self.hosts[place].put_back_at = Some(at);
                self.serve(place, true, at);
            }
            _ => {}
        }
    }

    /// The place of a step in the scenario's list.
    fn number(&self, place: usize, way: Way, step: u32) -> usize {
        self.steps.number(self.hosts[place].leaving, way, step as usize)
    }

    fn serve(&mut self, place: usize, in_service: bool, at: Timestamp) {
        let host = &mut self.hosts[place];
        if std::mem::replace(&mut host.in_service, in_service) == in_service {
            return;
        }
        for &pool in &host.pools {
            let pool = &mut self.pools[pool];
            if in_service {
                pool.in_service += 1;
                pool.out.remove(&place);
                pool.found_out.remove(&place);
            } else {
                pool.in_service -= 1;
                pool.out.insert(place);
                pool.lowest = pool.lowest.min(pool.serving(at));
            }
        }
    }
}
