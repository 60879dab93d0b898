//! What holds for every rollout, over random fleets, strategies, failures, steering and restarts.
//!
//! `PROPTEST_CASES=100000 cargo test --release --lib rollout::simulate::tests::properties` tries more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::name::TargetName;
use crate::domain::plan::{OnUnreachable, Plan};
use crate::domain::rollout::simulate::scenario::Scenario;
use crate::domain::rollout::simulate::world::World;
use crate::domain::rollout::simulate::{Report, layout, run};
use crate::domain::rollout::{Event, Rollout, StageStatus, Steer, Way};
use crate::domain::timestamp::Timestamp;

/// A file; shown as the text it is.
#[derive(Clone)]
struct File(Value);

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Looks at a rollout after each event.
struct Witness {
    plan: Arc<Plan>,
    under_way: HashSet<TargetName>,
    replayed: Rollout,
    in_service: HashMap<String, u32>,
    events: usize,
    /// How many were touched when it was paused.
    paused_at: Option<usize>,
    went_back: bool,
    /// It goes back, or went.
    turned: bool,
    /// How many stages have begun, and of which nobody was left then.
    begun: usize,
    empty: HashSet<usize>,
    /// Soaks, gates and proofs were skipped by somebody.
    skips: bool,
    /// Somebody let it go on.
    resumed: bool,
    /// Those out of reach that are to come last.
    put_off: HashSet<TargetName>,
    /// Who was in service at the end.
    serving: HashSet<TargetName>,
    stages: HashMap<TargetName, usize>,
}

impl Witness {
    fn new(plan: &Arc<Plan>) -> Self {
        Self {
            plan: Arc::clone(plan),
            under_way: HashSet::new(),
            replayed: Rollout::new(Arc::clone(plan)),
            in_service: HashMap::new(),
            events: 0,
            paused_at: None,
            went_back: false,
            turned: false,
            begun: 0,
            empty: HashSet::new(),
            skips: false,
            resumed: false,
            put_off: HashSet::new(),
            serving: HashSet::new(),
            stages: plan
                .stages
                .iter()
                .enumerate()
                .flat_map(|(number, stage)| stage.targets.iter().map(move |name| (name.clone(), number)))
                .collect(),
        }
    }

    fn see(&mut self, rollout: &Rollout, world: &World<'_>, event: &Event, now: Timestamp) {
        self.events += 1;
        match event {
            Event::StepStarted { target, .. } => {
                assert!(self.under_way.insert(target.clone()), "{target} twice at once");
            }
            Event::StepEnded { target, .. } => {
                assert!(
                    self.under_way.remove(target),
                    "{target} ended what it never began"
                );
                self.see_pools(world, event);
            }
            _ => {}
        }
        if rollout.ended_at().is_some() {
            self.serving = world.serving().cloned().collect();
            self.see_windows_of_success(rollout);
        }
        self.see_window(rollout);
        self.see_proof(rollout, event);
        self.see_deferred(rollout, event);
        self.see_pause(rollout, event);
        let waits = matches!(
            rollout.status(),
            ActionStatus::Waiting | ActionStatus::Queued | ActionStatus::Scheduled
        );
        if rollout.status() == ActionStatus::Waiting {
            assert!(rollout.waiting_for().is_some(), "what waits says for what");
        }
        assert!(waits || rollout.waiting_for().is_none(), "{:?}", rollout.status());
        // What the store keeps is the JSON form.
        let stored = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, *event);
        self.replayed.apply(&read, now).unwrap();
        if self.events.is_multiple_of(37) {
            assert!(self.replayed == *rollout, "a replay gives the same state");
            assert_eq!(self.replayed.outstanding(now), rollout.outstanding(now));
        }
        self.replayed.take_decisions();
    }

    /// Never more than the window, of the whole and of the stage, and of its own on the way back.
    fn see_window(&mut self, rollout: &Rollout) {
        let limits = &self.plan.limits;
        self.turned |= rollout.is_going_back();
        let most = if self.turned {
            // Those that were under way when it turned, or when that was aborted, end their step first.
            limits.back_at_once().max(limits.max_parallel)
        } else {
            limits.max_parallel
        };
        assert!(rollout.in_progress() <= most, "the window is kept");
        if !self.turned {
            let mut in_stage: HashMap<usize, u32> = HashMap::new();
            for target in &self.under_way {
                // A look at one that is done holds no place in the window.
                if rollout.target(target.as_str()).unwrap().state == TargetState::Running {
                    *in_stage.entry(self.stages[target]).or_default() += 1;
                }
            }
            for (stage, count) in in_stage {
                let stage = &self.plan.stages[stage];
                let deferred = rollout.stages().all(|stage| stage.status == StageStatus::Done);
                assert!(
                    deferred || count <= stage.max_parallel,
                    "{} of stage {} at once",
                    count,
                    stage.label
                );
            }
        }
    }

    /// No stage begins before one target of the stage before it is good, or one that stood in for it; and only one
    /// stands in at a time.
    fn see_proof(&mut self, rollout: &Rollout, event: &Event) {
        if let Event::Steered { steer, .. } = event {
            self.skips |= matches!(steer, Steer::Force | Steer::Promote { .. });
            self.resumed |= *steer == Steer::Resume;
        }
        let is =
            |name: &TargetName, state: TargetState| rollout.target(name.as_str()).unwrap().state == state;
        let begun = rollout
            .stages()
            .take_while(|stage| !matches!(stage.status, StageStatus::Pending | StageStatus::Skipped))
            .count();
        for number in self.begun..begun {
            let stage = &self.plan.stages[number];
            if !stage.targets.iter().any(|name| is(name, TargetState::Pending)) {
                self.empty.insert(number);
                continue;
            }
            let before = self.plan.stages.iter().skip(number.saturating_sub(1));
            let good = before
                .flat_map(|stage| &stage.targets)
                .any(|name| is(name, TargetState::Succeeded));
            let nothing_to_prove = number == 0 || (number > 1 && self.empty.contains(&(number - 1)));
            assert!(
                good || nothing_to_prove || self.skips || (stage.only_out && self.resumed),
                "stage {} began without a proof",
                stage.label
            );
        }
        self.begun = begun;
        if !self.turned {
            let ahead = self
                .under_way
                .iter()
                .filter(|name| self.stages[*name] >= begun)
                .count();
            assert!(ahead <= 1, "{ahead} stand in at once");
        }
    }

    /// Those out of reach come after all others.
    fn see_deferred(&mut self, rollout: &Rollout, event: &Event) {
        if self.plan.limits.on_unreachable != OnUnreachable::Defer || self.turned {
            return;
        }
        match event {
            Event::HostsChecked { unfit } => {
                self.put_off.extend(unfit.iter().map(|(name, _, _)| name.clone()))
            }
            Event::StepEnded {
                target,
                way: Way::Forth,
                ..
            } => {
                if rollout.target(target.as_str()).unwrap().state == TargetState::Unreachable {
                    self.put_off.insert(target.clone());
                }
            }
            Event::StepStarted {
                target,
                way: Way::Forth,
                ..
            } if self.put_off.contains(target) => {
                for other in rollout.targets() {
                    let leaves = self.plan.stages[self.stages[&other.name]].only_out;
                    assert!(
                        other.state != TargetState::Pending || leaves,
                        "{target} is tried again, and {} was not tried",
                        other.name
                    );
                    assert!(
                        other.state != TargetState::Running || self.put_off.contains(&other.name),
                        "{target} is tried again, and {} is not done",
                        other.name
                    );
                }
            }
            _ => {}
        }
    }

    /// Whoever is good was healthy for its time after its last step.
    fn see_windows_of_success(&self, rollout: &Rollout) {
        for target in rollout
            .targets()
            .filter(|target| target.state == TargetState::Succeeded)
        {
            let last = target.forth.last().and_then(|step| step.ended_at);
            let (Some(last), Some(good)) = (last, target.ended_at) else {
                panic!("{} is good without having been worked on", target.name);
            };
            let window = self.plan.limits.success_window_seconds;
            assert!(
                good >= last.plus_seconds(window),
                "{} was not good for {window} s",
                target.name
            );
        }
    }

    /// Nobody is started while a person has it paused, and it does not turn back by itself.
    fn see_pause(&mut self, rollout: &Rollout, event: &Event) {
        let goes_back = rollout.is_going_back();
        assert!(
            self.paused_at.is_none() || self.went_back == goes_back || matches!(event, Event::Steered { .. }),
            "it turned back while it was paused, by {event:?}"
        );
        self.went_back = goes_back;
        let paused = rollout
            .waiting_for()
            .is_some_and(|waiting| waiting.kind == WaitKind::Paused);
        let touched = rollout.touched().count();
        match (paused, self.paused_at) {
            (true, Some(before)) => assert_eq!(touched, before, "started while paused"),
            (true, None) => self.paused_at = Some(touched),
            (false, _) => self.paused_at = None,
        }
    }

    /// Whatever takes a member out leaves what must stay.
    fn see_pools(&mut self, world: &World<'_>, event: &Event) {
        let Event::StepEnded { target, .. } = event else {
            return;
        };
        for pool in world.pools_of(target) {
            let before = self.in_service.insert(pool.name.clone(), pool.in_service);
            assert!(
                before.is_none_or(|before| before <= pool.in_service) || pool.in_service >= pool.minimum,
                "{target} broke the promise of {}: {} left, {} must stay",
                pool.name,
                pool.in_service,
                pool.minimum
            );
        }
    }
}

fn try_it(file: &Value) -> Option<Report> {
    let scenario = Scenario::read(&file.to_string()).unwrap_or_else(|error| panic!("{error}: {file}"));
    // A plan that is refused is held by other tests.
    let plan = layout::plan(&scenario).ok()?;
    let mut witness = Witness::new(&plan);
    let report = run(&scenario, &plan, |rollout, world, event, now| {
        witness.see(rollout, world, event, now);
    });
    judge(&report, &scenario, &plan, &witness.serving, file);
    Some(report)
}

fn judge(report: &Report, scenario: &Scenario, plan: &Plan, serving: &HashSet<TargetName>, file: &Value) {
    let refused = report.decisions.iter().find(|line| line.what == "event refused");
    assert!(refused.is_none(), "{refused:?}\n{file}");
    assert!(
        report.status.is_final() || report.waiting_for.is_some(),
        "{} without an end: {}\n{file}",
        report.status,
        report.to_text()
    );
    let touched: HashSet<&TargetName> = report.touched.iter().collect();
    let turned = report.decisions.iter().any(|line| line.what.starts_with("take "));
    let leaving: HashSet<&TargetName> = plan
        .stages
        .iter()
        .filter(|stage| stage.only_out)
        .flat_map(|stage| &stage.targets)
        .collect();
    for ((name, end), host) in report.targets.iter().zip(&scenario.hosts) {
        if report.status.is_final() {
            assert!(
                !matches!(end.state, TargetState::Pending | TargetState::Running),
                "{name} is {} at the end\n{file}",
                end.state
            );
        }
        if end.state == TargetState::RolledBack {
            assert_eq!(end.version, host.version, "{name} is back\n{file}");
            assert!(touched.contains(name));
        }
        if !touched.contains(name) {
            assert_eq!(end.version, host.version, "{name} was never touched\n{file}");
        }
        match report.status {
            ActionStatus::RolledBack => assert_eq!(
                end.state == TargetState::RolledBack,
                touched.contains(name),
                "{name}\n{file}"
            ),
            ActionStatus::Completed => assert!(
                end.state == TargetState::Succeeded || end.error.is_some(),
                "{name} is {}\n{file}",
                end.state
            ),
            ActionStatus::Revoked => assert!(touched.is_empty()),
            _ => {}
        }
        let leaves = leaving.contains(name);
        if end.state == TargetState::Succeeded && scenario.to.is_some() && !leaves {
            assert_eq!(end.version, scenario.to, "{name}\n{file}");
        }
        // It went back: who is not on the version it had says why, and how to get there.
        // It went back: who was taken out is in service again, unless the load balancer was in the way.
        let goes_back = plan.rollback.targets.iter().any(|back| back.name == *name);
        if report.status.is_final() && end.back_error.is_some() && goes_back && host.in_service {
            let said = end.back_error.as_deref().unwrap_or_default();
            assert!(
                serving.contains(name)
                    || said.contains("pool_in")
                    || said.contains("could not be put back")
                    || said.contains("before its turn"),
                "{name} is out of service: {said}\n{file}"
            );
        }
        if turned
            && report.status.is_final()
            && touched.contains(name)
            && end.state != TargetState::RolledBack
        {
            assert!(
                end.back_error.is_some()
                    || end.error.is_some()
                    || report.status == ActionStatus::ManualFailed,
                "{name} is {} and does not say why\n{file}",
                end.state
            );
            assert!(
                end.by_hand.is_some() || host.version.is_none(),
                "{name} does not say how to finish by hand\n{file}"
            );
        }
        if matches!(
            end.state,
            TargetState::Failed | TargetState::Unreachable | TargetState::Unknown
        ) {
            assert!(
                end.error.is_some() || end.back_error.is_some(),
                "{name} says why\n{file}"
            );
        }
    }
}

fn config() -> impl Strategy<Value = Value> {
    (
        prop::sample::select(vec![
            "all_at_once",
            "rolling",
            "lock_step",
            "staggered",
            "canary",
            "ring",
            "blue_green",
            "stages",
        ]),
        prop::option::of(1_u32..20),
        prop::sample::select(vec![0_u64, 0, 5, 90]),
        0_u32..4,
        prop::sample::select(vec!["rollback", "rollback", "stop", "pause"]),
        prop::sample::select(vec!["fail", "skip", "defer"]),
        prop::sample::select(vec![0_u64, 0, 7]),
        prop::option::of(20_u64..200),
        prop::option::of(20_u64..200),
        prop::sample::select(vec!["none", "none", "analysis", "approval"]),
        (
            prop::sample::select(vec!["parallel", "serial"]),
            prop::option::of(0_u32..3),
            prop::option::of(1_u32..9),
            prop::sample::select(vec!["pause", "pass", "fail"]),
            prop::sample::select(vec!["out_of_service_last", "out_of_service_first"]),
        ),
    )
        .prop_map(
            |(
                strategy,
                window,
                soak,
                failed,
                then,
                gone,
                good,
                target,
                progress,
                gate,
                (zones, out_of_reach, back, silent, order),
            )| {
                let mut config = json!({
                    "strategy": strategy, "soak_seconds": soak, "max_failed": failed,
                    "on_failure": then, "on_unreachable": gone, "success_window_seconds": good, "gate": gate,
                    "max_parallel": window, "target_deadline_seconds": target,
                    "progress_deadline_seconds": progress, "max_unreachable": out_of_reach,
                    "rollback_max_parallel": back, "on_inconclusive": silent, "order": order,
                });
                match strategy {
                    "lock_step" => {
                        config["strategy"] = json!("rolling");
                        config["lock_step"] = json!(true);
                    }
                    "stages" => {
                        config["strategy"] = json!("canary");
                        config["stages"] = json!([
                            {"count": 1, "on_failure": "rollback"},
                            {"zone": "z2", "max_parallel": 2, "gate": gate, "order": order},
                            {"percent": 60, "soak_seconds": soak, "on_failure": "stop"},
                            {"label": "rest", "max_parallel": "50%"},
                        ]);
                        return config;
                    }
                    _ => {}
                }
                if zones == "serial" {
                    config["zones"] = json!(["z1", "z2"]);
                }
                config
            },
        )
}

fn failure(count: u32) -> impl Strategy<Value = Value> {
    (
        1..=count,
        prop::option::of(prop::sample::select(vec![
            "pool_out", "drain", "install", "check", "pool_in",
        ])),
        prop::sample::select(vec!["fail", "fail", "unreachable", "slow", "hang"]),
        0_u32..100,
        prop::option::of(1_u32..100),
        prop::option::of(prop::sample::select(vec!["1", "2"])),
        prop::bool::ANY,
    )
        .prop_map(|(target, step, kind, from, span, version, of_version)| {
            let mut failure = json!({"step": step, "kind": kind});
            if of_version {
                failure["version"] = json!(version);
                failure["share"] = json!(f64::from(target) / f64::from(500));
                failure["after_seconds"] = json!(from);
            } else {
                failure["target"] = json!(format!("h{target}"));
                failure["from"] = json!(from);
                failure["until"] = json!(span.map(|span| from + span));
            }
            failure
        })
}

fn steering() -> impl Strategy<Value = Value> {
    (
        0_u32..400,
        prop::sample::select(vec![
            "pause", "resume", "promote", "force", "abort", "rollback", "approve", "reject",
        ]),
        prop::bool::ANY,
    )
        .prop_map(|(at, what, flag)| {
            let mut steer = json!({"at": at, "do": what, "reason": "to see", "rollback": flag});
            if flag {
                steer["to"] = json!("end");
            }
            steer
        })
}

fn file() -> impl Strategy<Value = File> {
    let size = prop_oneof![20 => 1_u32..12, 8 => 12_u32..60, 1 => 60_u32..500];
    size.prop_flat_map(|count| {
        (
            any::<u64>(),
            config(),
            0..=100_u32,
            prop::collection::vec(failure(count), 0..5),
            prop::collection::vec(steering(), 0..4),
            (
                prop::collection::vec(0_u32..300, 0..3),
                prop::collection::vec((0_u32..200, 1_u32..400), 0..2),
            ),
            prop::sample::select(vec!["pass", "fail", "inconclusive"]),
            prop::collection::vec(prop::bool::weighted(0.9), count as usize),
            0_u32..3,
            prop::bool::ANY,
        )
            .prop_map(
                move |(
                    seed,
                    config,
                    keep,
                    failures,
                    steer,
                    (restarts, outages),
                    analysis,
                    in_service,
                    retries,
                    first,
                )| {
                    let targets: Vec<Value> = in_service
                        .iter()
                        .enumerate()
                        .map(|(place, in_service)| {
                            json!({"name": format!("h{}", place + 1), "in_service": in_service,
                                   "ring": place % 3, "group": format!("g{}", place % 2)})
                        })
                        .collect();
                    let outages: Vec<Value> = outages
                        .iter()
                        .map(|(from, span)| json!({"from": from, "until": from + span}))
                        .collect();
                    let all: Vec<String> = (1..=count).map(|number| format!("h{number}")).collect();
                    let some: Vec<&String> = all.iter().step_by(3).collect();
                    File(json!({
                        "seed": seed, "targets": targets, "zones": 2,
                        "version": if first && seed % 5 == 0 { Value::Null } else { json!("1") }, "to": "2",
                        "pools": {
                            "p": {"minimum": u64::from(keep) * u64::from(count) / 101, "targets": "*"},
                            "q": {"minimum": some.len() / 2, "targets": some},
                        },
                        "config": config, "analysis": analysis,
                        "steps": [
                            {"name": "migrate", "once": true}, "pool_out", "drain",
                            {"name": "install", "retries": retries, "retry_delay_seconds": retries, "timeout_seconds": 60},
                            {"name": "check", "timeout_seconds": 30},
                            {"name": "pool_in", "always": first},
                        ],
                        "durations": {"install": [1, 20], "check": [0, 3], "drain": [0, 5]},
                        "failures": failures, "steer": steer, "restarts": restarts,
                        "outages": outages,
                    }))
                },
            )
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: ProptestConfig::default().cases.max(1500),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_rollout_keeps_its_promises(file in file()) {
        try_it(&file.0);
    }

    #[test]
    fn the_same_file_gives_the_same_report(file in file()) {
        let scenario = Scenario::read(&file.0.to_string()).unwrap();
        if let Ok(plan) = layout::plan(&scenario) {
            let first = run(&scenario, &plan, |_, _, _, _| {});
            let second = run(&scenario, &plan, |_, _, _, _| {});
            prop_assert_eq!(first, second);
        }
    }

    /// The failure after the last allowed one decides, whichever hosts fail and in whatever order.
    #[test]
    fn the_budget_is_kept_exactly(
        bad in prop::collection::hash_set(1_u32..=20, 0..6),
        allowed in 0_usize..6,
        window in 1_u32..6,
        strategy in prop::sample::select(vec!["rolling", "staggered", "canary", "ring"]),
        seed in any::<u64>(),
    ) {
        let failures: Vec<Value> = bad
            .iter()
            .map(|number| json!({"target": format!("h{number}"), "version": "2", "step": "check", "kind": "fail"}))
            .collect();
        let targets: Vec<Value> = (1..=20).map(|number| json!({"name": format!("h{number}"), "ring": number / 7})).collect();
        let report = try_it(&json!({
            "seed": seed, "targets": targets, "version": "1", "to": "2",
            "config": {"strategy": strategy, "max_parallel": window, "max_failed": allowed},
            "durations": {"install": [1, 20]}, "failures": failures,
        })).unwrap();
        let failed = report.targets.iter().filter(|(_, end)| end.state == TargetState::Failed).count();
        if bad.len() <= allowed {
            prop_assert_eq!(report.status, ActionStatus::Completed);
            prop_assert_eq!(failed, bad.len());
        } else {
            prop_assert_eq!(report.status, ActionStatus::RolledBack);
            prop_assert_eq!(failed, 0);
            // One after another, the one that was one too many is the last that was touched.
            let mut order: Vec<u32> = bad.into_iter().collect();
            order.sort_unstable();
            if window == 1 {
                prop_assert_eq!(report.touched.len(), order[allowed] as usize);
            }
        }
    }
}
