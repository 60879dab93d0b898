//! Plans and a small obedient world for the tests of this module.

use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use crate::domain::action::ActionStatus;
use crate::domain::actor::Actor;
use crate::domain::analysis::{Analysis, Measurement};
use crate::domain::name::{Name, TargetName};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{
    Gate, Limits, OnFailure, OnInconclusive, OnUnreachable, Plan, PlanHash, PlanTarget, Rollback,
    RollbackTarget, Stage, Step, Work, ZoneOrder, putting_back,
};
use crate::domain::target::{Pool, Target};
use crate::domain::timestamp::Timestamp;

use super::{Effect, Event, PoolCount, Rollout, RolloutSettings, Steer, StepResult, Way};

pub(super) fn name(text: &str) -> TargetName {
    TargetName::parse(text).unwrap()
}

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(0).plus_seconds(seconds)
}

pub(super) fn run(name: &str) -> Step {
    Step::of(name, Work::run())
}

pub(super) fn check() -> Step {
    Step::of(
        "check",
        Work::TcpCheck {
            address: "127.0.0.1".to_owned(),
            port: 80,
            interval_seconds: 1,
            successes: 1,
        },
    )
}

/// What every target gets: out, install, check, in.
pub(super) fn usual_steps() -> Vec<Step> {
    vec![
        Step::of("pool_out", Work::PoolOut),
        run("install"),
        check(),
        Step::of("pool_in", Work::PoolIn),
    ]
}

/// A plan of `h1`..`hN` in one pool that must keep `minimum`, in stages of these sizes, from version 1 to 2.
pub(super) fn plan(sizes: &[u32], minimum: u32, change: impl FnOnce(&mut Plan)) -> Arc<Plan> {
    let count: u32 = sizes.iter().sum();
    let names: Vec<TargetName> = (1..=count).map(|number| name(&format!("h{number}"))).collect();
    let mut left = names.clone();
    let stages: Vec<Stage> = sizes
        .iter()
        .enumerate()
        .map(|(number, &size)| Stage {
            label: format!("s{number}"),
            targets: left.drain(..size as usize).collect(),
            max_parallel: size.max(1),
            soak_seconds: 0,
            gate: Gate::None,
            analysis: None,
            on_failure: None,
            only_out: false,
        })
        .collect();
    let word = Name::parse("x").unwrap();
    let mut plan = Plan {
        plan_hash: PlanHash::over("deploy", &[], &limits(), &[], &[], &Rollback::default()),
        space: word.clone(),
        project: word.clone(),
        environment: word,
        action: "deploy".to_owned(),
        script: "deploy.star".to_owned(),
        script_digest: String::new(),
        version: Some("2".to_owned()),
        stages,
        limits: limits(),
        pools: vec![Pool {
            name: "p".to_owned(),
            zone: "z".to_owned(),
            minimum,
            members: names.clone(),
        }],
        targets: names
            .iter()
            .map(|name| PlanTarget {
                target: Target {
                    name: name.clone(),
                    address: name.to_string(),
                    port: None,
                    user: None,
                    zone: "z".to_owned(),
                    pools: vec!["p".to_owned()],
                    labels: BTreeMap::new(),
                    vars: BTreeMap::new(),
                },
                stage: String::new(),
                batch: 1,
                version: Some("2".to_owned()),
                version_before: Some("1".to_owned()),
                steps: usual_steps(),
            })
            .collect(),
        rollback: Rollback {
            targets: names
                .iter()
                .map(|name| RollbackTarget {
                    name: name.clone(),
                    version: Some("1".to_owned()),
                    steps: putting_back(usual_steps()),
                })
                .collect(),
        },
    };
    change(&mut plan);
    Arc::new(plan)
}

pub(super) fn limits() -> Limits {
    Limits {
        max_parallel: 100,
        rollback_max_parallel: None,
        max_failed: 0,
        on_failure: OnFailure::Rollback,
        on_unreachable: OnUnreachable::Fail,
        max_unreachable: None,
        on_inconclusive: OnInconclusive::Pause,
        success_window_seconds: 0,
        target_deadline_seconds: None,
        progress_deadline_seconds: None,
        zones: ZoneOrder::Parallel,
    }
}

/// One metric that must be at most 0.05, measured `count` times every 30 s.
pub(super) fn analysis(count: u32, failure_limit: u32, inconclusive_limit: u32) -> Analysis {
    let definition = serde_json::json!([{
        "name": "errors", "prometheus": {"url": "http://p:9090", "query": "q"}, "success": "<= 0.05",
        "interval_seconds": 30, "count": count, "failure_limit": failure_limit,
        "inconclusive_limit": inconclusive_limit,
    }]);
    Analysis::read(&definition).unwrap()
}

pub(super) fn created() -> Event {
    Event::Created {
        due_at: at(0),
        needs_approval: Vec::new(),
        queued_behind: None,
        settings: RolloutSettings::default(),
    }
}

/// What the pool `p` says where the target is in service itself, and how many of those that are out it does not count.
pub(super) fn counted(target: &str, in_service: u32, away: u32) -> Event {
    Event::PoolsCounted {
        target: name(target),
        pools: vec![PoolCount {
            pool: "p".to_owned(),
            in_service,
            itself: true,
            away,
            ..PoolCount::default()
        }],
    }
}

pub(super) fn result(outcome: Outcome) -> StepResult {
    StepResult {
        outcome,
        exit_code: (outcome == Outcome::Ok).then_some(0),
        error: (outcome != Outcome::Ok).then(|| format!("it was {outcome}")),
    }
}

/// Says how an attempt ends: target, way, step's name, attempt.
pub(super) type Fate = Box<dyn Fn(&str, Way, &str, u32) -> Outcome>;

/// Does at once what the engine asks for; each attempt of a step takes a second.
pub(super) struct World {
    pub rollout: Rollout,
    pub now: Timestamp,
    pub events: Vec<(Timestamp, Event)>,
    pub recorded: BTreeMap<TargetName, String>,
    pub ended: Vec<ActionStatus>,
    /// The versions that were found bad, as often as it was said.
    pub bad: Vec<String>,
    /// What the questions of an analysis give, one after another; no answer when there is none left.
    pub monitor: VecDeque<Measurement>,
    /// In the order in which they were started: target, way, step's name.
    pub started: Vec<(String, Way, String)>,
    pub most_in_progress: u32,
    pub fewest_in_service: usize,
    pub in_service: Vec<TargetName>,
    /// The load balancer does not answer in these seconds.
    pub silent: std::ops::Range<u64>,
    fate: Fate,
    later: BinaryHeap<std::cmp::Reverse<(Timestamp, u64, usize)>>,
    payload: Vec<Event>,
    count: u64,
}

impl World {
    pub fn new(plan: &Arc<Plan>, fate: Fate) -> Self {
        let in_service: Vec<TargetName> = plan.pools.first().map_or(Vec::new(), |pool| pool.members.clone());
        Self {
            rollout: Rollout::new(Arc::clone(plan)),
            now: at(0),
            events: Vec::new(),
            recorded: BTreeMap::new(),
            ended: Vec::new(),
            bad: Vec::new(),
            monitor: VecDeque::new(),
            started: Vec::new(),
            most_in_progress: 0,
            fewest_in_service: in_service.len(),
            in_service,
            silent: 0..0,
            fate,
            later: BinaryHeap::new(),
            payload: Vec::new(),
            count: 0,
        }
    }

    pub fn later(&mut self, when: Timestamp, event: Event) {
        self.count += 1;
        self.payload.push(event);
        self.later.push(std::cmp::Reverse((
            when.max(self.now),
            self.count,
            self.payload.len() - 1,
        )));
    }

    /// The server died: nothing that was to come is known any more.
    pub fn forget(&mut self) {
        self.later.clear();
    }

    /// Runs until nothing more happens by itself.
    pub fn run(&mut self) -> ActionStatus {
        self.run_until(|_| false)
    }

    /// Runs until this is so, or nothing more happens by itself.
    pub fn run_until(&mut self, enough: impl Fn(&Rollout) -> bool) -> ActionStatus {
        while !enough(&self.rollout)
            && let Some(std::cmp::Reverse((when, _, place))) = self.later.pop()
        {
            self.now = when;
            let event = self.payload[place].clone();
            self.happen(&event);
        }
        self.rollout.status()
    }

    pub fn start(&mut self) -> ActionStatus {
        self.later(at(0), created());
        self.run()
    }

    pub fn happen(&mut self, event: &Event) {
        self.note_pools(event);
        self.events.push((self.now, event.clone()));
        let effects = self
            .rollout
            .apply(event, self.now)
            .unwrap_or_else(|refused| panic!("{refused}"));
        self.most_in_progress = self.most_in_progress.max(self.rollout.in_progress());
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn work(&self, target: &TargetName, way: Way, step: u32) -> Step {
        let plan = self.rollout.plan();
        match way {
            Way::Forth => plan
                .targets
                .iter()
                .find(|t| t.target.name == *target)
                .unwrap()
                .steps[step as usize]
                .clone(),
            Way::Back => plan
                .rollback
                .targets
                .iter()
                .find(|t| t.name == *target)
                .unwrap()
                .steps[step as usize]
                .clone(),
        }
    }

    fn note_pools(&mut self, event: &Event) {
        if let Event::StepEnded {
            target,
            way,
            step,
            result,
            ..
        } = event
            && result.outcome == Outcome::Ok
        {
            match self.work(target, *way, *step).work {
                Work::PoolOut => self.in_service.retain(|member| member != target),
                Work::PoolIn if !self.in_service.contains(target) => self.in_service.push(target.clone()),
                _ => {}
            }
            self.fewest_in_service = self.fewest_in_service.min(self.in_service.len());
        }
    }

    pub fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::TakeLeases => self.later(self.now, Event::LeasesTaken),
            Effect::CheckHosts => self.later(self.now, Event::HostsChecked { unfit: Vec::new() }),
            Effect::AskPools { target } if self.silent.contains(&(self.now.millis_since(at(0)) / 1000)) => {
                let error = "connection refused".to_owned();
                self.later(self.now, Event::PoolsUnknown { target, error });
            }
            Effect::AskPools { target } => {
                let plan = self.rollout.plan();
                let all = plan.targets.iter().map(|planned| &planned.target.name);
                let pools = vec![PoolCount {
                    pool: "p".to_owned(),
                    in_service: self.in_service.len() as u32,
                    itself: self.in_service.contains(&target),
                    out_of_service: all
                        .filter(|name| !self.in_service.contains(name))
                        .cloned()
                        .collect(),
                    ..PoolCount::default()
                }];
                self.later(self.now, Event::PoolsCounted { target, pools });
            }
            Effect::RunStep {
                target,
                way,
                step,
                attempt,
            } => {
                let what = self.work(&target, way, step).name;
                self.started.push((target.to_string(), way, what.clone()));
                let outcome = (self.fate)(target.as_str(), way, &what, attempt);
                self.later(
                    self.now,
                    Event::StepStarted {
                        target: target.clone(),
                        way,
                        step,
                        attempt,
                    },
                );
                self.later(
                    self.now.plus_seconds(1),
                    Event::StepEnded {
                        target,
                        way,
                        step,
                        attempt,
                        result: result(outcome),
                    },
                );
            }
            Effect::Arm { timer, at } => self.later(at, Event::TimerFired { timer }),
            Effect::RecordVersion { target, version, .. } => {
                self.recorded.insert(target, version);
            }
            Effect::End { status } => self.ended.push(status),
            Effect::Quarantine { version, .. } => self.bad.push(version),
            Effect::Measure {
                stage,
                metric,
                measurement,
            } => {
                if let Some(result) = self.monitor.pop_front() {
                    self.later(
                        self.now,
                        Event::Measured {
                            stage,
                            metric,
                            measurement,
                            result,
                        },
                    );
                }
            }
            Effect::LookUpStep { .. } => {}
        }
    }
}

/// Everything is well, but where this says how an attempt ends.
pub(super) fn fate(bad: impl Fn(&str, Way, &str, u32) -> Option<Outcome> + 'static) -> Fate {
    Box::new(move |target, way, step, attempt| bad(target, way, step, attempt).unwrap_or(Outcome::Ok))
}

pub(super) fn all_ok() -> Fate {
    fate(|_, _, _, _| None)
}

pub(super) fn steer(steer: Steer) -> Event {
    Event::Steered {
        steer,
        by: Actor::System,
        reason: "to see".to_owned(),
    }
}
