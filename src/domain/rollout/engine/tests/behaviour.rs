//! Single rules: steps, capacity, gates, leases, restarts.

use crate::domain::action::{ActionId, ActionStatus, TargetState, WaitKind};
use crate::domain::actor::Actor;
use crate::domain::analysis::Measurement;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Gate, OnFailure, OnInconclusive, OnUnreachable, Plan};
use crate::domain::rollout::fixture::{Fate, World, analysis, at, created, name, plan, run};
use crate::domain::rollout::{Effect, Event, PoolCount, PoolSeen, Rollout, Steer, StepState, Timer, Way};

fn fate(bad: impl Fn(&str, Way, &str, u32) -> Option<Outcome> + 'static) -> Fate {
    Box::new(move |target, way, step, attempt| bad(target, way, step, attempt).unwrap_or(Outcome::Ok))
}

fn all_ok() -> Fate {
    fate(|_, _, _, _| None)
}

fn steer(steer: Steer) -> Event {
    Event::Steered {
        steer,
        by: Actor::System,
        reason: "to see".to_owned(),
    }
}

#[test]
fn always_steps_run_after_a_failure_and_the_others_are_skipped() {
    let plan = plan(&[2], 0, |plan| {
        plan.limits.on_failure = OnFailure::Stop;
        plan.limits.max_parallel = 1;
        for target in &mut plan.targets {
            target.steps[3].always = true;
        }
    });
    let mut world = World::new(
        &plan,
        fate(|_, _, step, _| (step == "install").then_some(Outcome::Failed)),
    );
    assert_eq!(world.start(), ActionStatus::Failed);
    let steps: Vec<StepState> = world
        .rollout
        .target("h1")
        .unwrap()
        .forth
        .iter()
        .map(|step| step.state)
        .collect();
    assert_eq!(
        steps,
        [
            StepState::Succeeded,
            StepState::Failed,
            StepState::Skipped,
            StepState::Succeeded
        ]
    );
    assert_eq!(world.in_service.len(), 2, "it was put back");
}

#[test]
fn retries_come_before_a_failure_and_an_unknown_outcome_is_repeated_only_where_it_may_be() {
    // (retries, idempotent, the outcome of every attempt but the last, attempts, end)
    for (retries, idempotent, outcome, attempts, wanted) in [
        (2, false, Outcome::Failed, 3, TargetState::Succeeded),
        (1, false, Outcome::Failed, 3, TargetState::Failed),
        (0, true, Outcome::Unknown, 2, TargetState::Succeeded),
        (0, true, Outcome::Unknown, 3, TargetState::Unknown),
        (5, false, Outcome::Unknown, 2, TargetState::Unknown),
        (5, false, Outcome::Denied, 2, TargetState::Failed),
        (5, false, Outcome::HostKeyChanged, 2, TargetState::Unreachable),
    ] {
        let plan = plan(&[1], 0, |plan| {
            plan.limits.on_failure = OnFailure::Stop;
            plan.targets[0].steps[1].retries = retries;
            plan.targets[0].steps[1].retry_delay_seconds = 3;
            plan.targets[0].steps[1].idempotent = idempotent;
        });
        let mut world = World::new(
            &plan,
            fate(move |_, _, step, attempt| (step == "install" && attempt < attempts).then_some(outcome)),
        );
        world.start();
        let state = world.rollout.target("h1").unwrap().state;
        assert_eq!(state, wanted, "{retries} {idempotent} {outcome}");
    }
}

#[test]
fn once_steps_run_on_one_target_and_the_others_wait_for_them() {
    let with_migration = |gone_first: bool| {
        let plan = plan(&[4], 0, |plan| {
            plan.limits.on_unreachable = OnUnreachable::Skip;
            for target in &mut plan.targets {
                let mut migrate = run("migrate");
                migrate.once = true;
                target.steps.insert(0, migrate);
            }
        });
        let mut world = World::new(
            &plan,
            fate(move |target, _, step, _| {
                (gone_first && target == "h1" && step == "migrate").then_some(Outcome::Unreachable)
            }),
        );
        assert_eq!(world.start(), ActionStatus::Completed);
        world.started
    };
    let started = with_migration(false);
    let first: Vec<&str> = started.iter().take(2).map(|(_, _, step)| step.as_str()).collect();
    assert_eq!(first, ["migrate", "pool_out"]);
    assert_eq!(started.iter().filter(|(_, _, step)| step == "migrate").count(), 1);
    let ran_on: Vec<String> = with_migration(true)
        .into_iter()
        .filter(|(_, _, step)| step == "migrate")
        .map(|(target, _, _)| target)
        .collect();
    assert_eq!(ran_on, ["h1", "h2"], "left to the next where the first could not");
}

#[test]
fn a_once_step_that_fails_decides_whatever_the_budget() {
    let plan = plan(&[3], 0, |plan| {
        plan.limits.max_failed = 3;
        plan.targets[0].steps[1].once = true;
    });
    let mut world = World::new(
        &plan,
        fate(|_, way, step, _| (way == Way::Forth && step == "install").then_some(Outcome::Failed)),
    );
    assert_eq!(world.start(), ActionStatus::RolledBack);
    assert_eq!(world.rollout.touched().count(), 1);
}

/// A rollout of ten whose pool must keep nine, at the point where both of its first questions are open.
fn two_questions() -> Rollout {
    let plan = plan(&[10], 9, |plan| plan.limits.max_parallel = 2);
    let mut rollout = Rollout::new(plan);
    for event in [
        created(),
        Event::LeasesTaken,
        Event::HostsChecked { unfit: Vec::new() },
    ] {
        rollout.apply(&event, at(0)).unwrap();
    }
    rollout
}

#[test]
fn an_answer_is_never_used_for_two_starts() {
    let listed = |target: &str| Event::PoolsSeen {
        target: name(target),
        pools: vec![PoolSeen {
            pool: "p".to_owned(),
            in_service: (1..=10).map(|number| name(&format!("h{number}"))).collect(),
            held: Vec::new(),
        }],
    };
    let counted = |target: &str| Event::PoolsCounted {
        target: name(target),
        pools: vec![PoolCount {
            pool: "p".to_owned(),
            in_service: 10,
            itself: true,
            out_of_service: Vec::new(),
        }],
    };
    for answer in [listed, counted] as [fn(&str) -> Event; 2] {
        let mut rollout = two_questions();
        let first = rollout.apply(&answer("h1"), at(1)).unwrap();
        assert!(matches!(first[0], Effect::RunStep { .. }));
        let second = rollout.apply(&answer("h2"), at(1)).unwrap();
        assert!(
            matches!(&second[..], [Effect::Arm { timer: Timer::Pools { target }, .. }] if *target == name("h2")),
            "{second:?}"
        );
    }
}

#[test]
fn a_member_out_of_service_goes_first_where_nobody_else_may() {
    let mut rollout = two_questions();
    let nine = Event::PoolsSeen {
        target: name("h1"),
        pools: vec![PoolSeen {
            pool: "p".to_owned(),
            in_service: (1..=9).map(|number| name(&format!("h{number}"))).collect(),
            held: Vec::new(),
        }],
    };
    let effects = rollout.apply(&nine, at(1)).unwrap();
    assert!(
        effects
            .iter()
            .any(|effect| *effect == Effect::AskPools { target: name("h10") }),
        "{effects:?}"
    );
}

#[test]
fn a_balancer_that_does_not_answer_is_waited_for_and_named() {
    let mut rollout = two_questions();
    for target in ["h1", "h2"] {
        let unknown = Event::PoolsUnknown {
            target: name(target),
            error: "connection refused".to_owned(),
        };
        rollout.apply(&unknown, at(1)).unwrap();
    }
    assert_eq!(rollout.status(), ActionStatus::Waiting);
    let waiting = rollout.waiting_for().unwrap();
    assert_eq!(waiting.kind, WaitKind::Balancer);
    assert!(waiting.detail.contains("connection refused"));
    assert_eq!(waiting.since, at(1));
}

#[test]
fn leases_are_asked_for_again_until_patience_ends() {
    let mut rollout = Rollout::new(plan(&[1], 0, |_| ()));
    rollout.apply(&created(), at(0)).unwrap();
    let holder = ActionId::from_parts(at(0), [7; 10]);
    let held = Event::LeasesHeld {
        holder,
        targets: vec![name("h1")],
    };
    let fired = |timer| Event::TimerFired { timer };
    let effects = rollout.apply(&held, at(0)).unwrap();
    assert_eq!(
        effects,
        [
            Effect::Arm {
                timer: Timer::LeasesGiveUp,
                at: at(3600)
            },
            Effect::Arm {
                timer: Timer::Leases,
                at: at(5)
            }
        ]
    );
    let waiting = rollout.waiting_for().unwrap();
    assert_eq!(waiting.kind, WaitKind::Lease);
    assert!(waiting.detail.contains(&holder.to_string()) && waiting.detail.contains("h1"));
    assert_eq!(
        rollout.apply(&fired(Timer::Leases), at(5)).unwrap(),
        [Effect::TakeLeases]
    );
    rollout.apply(&held, at(6)).unwrap();
    assert_eq!(
        rollout.apply(&fired(Timer::LeasesGiveUp), at(3600)).unwrap(),
        [Effect::End {
            status: ActionStatus::Failed
        }]
    );
    assert_eq!(rollout.target("h1").unwrap().state, TargetState::Skipped);
}

/// A rollout of two stages at the gate between them.
fn at_gate(gate: Gate, on_inconclusive: OnInconclusive) -> World {
    let plan = plan(&[1, 1], 0, |plan| {
        plan.stages[0].gate = gate;
        plan.stages[0].analysis = Some(analysis(1, 0, 0));
        plan.limits.on_inconclusive = on_inconclusive;
    });
    let mut world = World::new(&plan, all_ok());
    assert_eq!(world.start(), ActionStatus::Waiting);
    let kind = match gate {
        Gate::Analysis => WaitKind::Analysis,
        Gate::Approval | Gate::None => WaitKind::Gate,
    };
    assert_eq!(world.rollout.waiting_for().unwrap().kind, kind);
    world
}

#[test]
fn an_approval_gate_goes_on_or_back() {
    for (answer, wanted) in [
        (Steer::Approve, ActionStatus::Completed),
        (Steer::Promote { to_end: true }, ActionStatus::Completed),
        (Steer::Force, ActionStatus::Completed),
        (Steer::Reject, ActionStatus::RolledBack),
        (Steer::Abort { rollback: false }, ActionStatus::ManualFailed),
        (Steer::Abort { rollback: true }, ActionStatus::RolledBack),
        (Steer::Rollback, ActionStatus::RolledBack),
    ] {
        let mut world = at_gate(Gate::Approval, OnInconclusive::Pause);
        world.later(world.now, steer(answer.clone()));
        assert_eq!(world.run(), wanted, "{answer:?}");
    }
}

#[test]
fn what_passes_an_approval_gate_is_known_before_it_is_done() {
    let (promote, to_end) = (Steer::Promote { to_end: false }, Steer::Promote { to_end: true });
    // Whether it passes an approval: at the gate of the first stage, and before anything is begun.
    for (gate, steer, at_it, before_it) in [
        (Gate::Approval, &promote, true, false),
        (Gate::Approval, &to_end, true, true),
        (Gate::Approval, &Steer::Force, true, true),
        (Gate::Approval, &Steer::Pause, false, false),
        (Gate::Analysis, &promote, false, false),
        (Gate::Analysis, &to_end, false, false),
        (Gate::Analysis, &Steer::Force, false, false),
    ] {
        let world = at_gate(gate, OnInconclusive::Pause);
        assert_eq!(world.rollout.passes_approval(steer), at_it, "{gate:?} {steer:?}");
        let plan = plan(&[1, 1], 0, |plan| plan.stages[0].gate = gate);
        let begun = World::new(&plan, all_ok());
        assert_eq!(
            begun.rollout.passes_approval(steer),
            before_it,
            "{gate:?} {steer:?}"
        );
    }
    // Once it is passed, it is no longer ahead.
    let mut world = at_gate(Gate::Approval, OnInconclusive::Pause);
    world.rollout.apply(&steer(Steer::Approve), world.now).unwrap();
    assert!(!world.rollout.passes_approval(&Steer::Force));
    // And a plain promotion is refused there, whoever asks: the soak before it may just have ended.
    let mut world = at_gate(Gate::Approval, OnInconclusive::Pause);
    assert!(world.rollout.apply(&steer(promote.clone()), world.now).is_err());
    let mut world = at_gate(Gate::Analysis, OnInconclusive::Pause);
    assert!(world.rollout.apply(&steer(promote), world.now).is_ok());
}

fn number(value: f64) -> Measurement {
    Measurement::of(value)
}

fn silent() -> Measurement {
    Measurement::Unreachable {
        detail: "connection refused".to_owned(),
    }
}

/// A rollout whose gate measures three times, one of which may be bad and one without a number.
fn measured(answers: Vec<Measurement>, change: impl FnOnce(&mut Plan)) -> World {
    let plan = plan(&[1, 1], 0, |plan| {
        plan.stages[0].gate = Gate::Analysis;
        plan.stages[0].analysis = Some(analysis(3, 1, 1));
        change(plan);
    });
    let mut world = World::new(&plan, all_ok());
    world.monitor = answers.into();
    world.start();
    world
}

#[test]
fn an_analysis_decides_by_its_limits_and_silence_is_not_bad() {
    let (good, bad) = (number(0.01), number(0.2));
    for (answers, on_inconclusive, wanted) in [
        (
            vec![&good, &good, &good],
            OnInconclusive::Pause,
            ActionStatus::Completed,
        ),
        (
            vec![&good, &bad, &good],
            OnInconclusive::Pause,
            ActionStatus::Completed,
        ),
        (
            vec![&bad, &good, &bad],
            OnInconclusive::Pause,
            ActionStatus::RolledBack,
        ),
        (
            vec![&silent(), &good, &good, &good],
            OnInconclusive::Fail,
            ActionStatus::Completed,
        ),
        (
            vec![&silent(), &good, &silent()],
            OnInconclusive::Pause,
            ActionStatus::Waiting,
        ),
        (
            vec![&silent(), &good, &silent()],
            OnInconclusive::Pass,
            ActionStatus::Completed,
        ),
        (
            vec![&silent(), &good, &silent()],
            OnInconclusive::Fail,
            ActionStatus::RolledBack,
        ),
        (
            vec![&silent(), &bad, &silent()],
            OnInconclusive::Pass,
            ActionStatus::Completed,
        ),
    ] {
        let answers: Vec<Measurement> = answers.into_iter().cloned().collect();
        let world = measured(answers.clone(), |plan| {
            plan.limits.on_inconclusive = on_inconclusive;
        });
        assert_eq!(world.rollout.status(), wanted, "{answers:?} {on_inconclusive:?}");
        assert!(
            world
                .rollout
                .targets()
                .all(|target| target.state != TargetState::Failed),
            "a monitor says nothing about a host"
        );
        // A person decides whether the version is bad; a rollback by itself has decided it.
        let found_bad = wanted == ActionStatus::RolledBack;
        assert_eq!(world.bad.is_empty(), !found_bad, "{answers:?}");
    }
}

#[test]
fn an_analysis_waits_for_its_interval_and_says_how_far_it_is() {
    let world = measured(vec![number(0.01), number(0.02)], |_| ());
    let waiting = world.rollout.waiting_for().unwrap();
    assert_eq!(waiting.kind, WaitKind::Analysis);
    assert_eq!(
        waiting.detail,
        "stage s0 is measured: errors: 0.02, wanted <= 0.05 (2 of 3 measured, 0 bad of 1 allowed, 0 without a number \
         of 1 allowed)"
    );
    assert!(!waiting.unblock.is_empty());
    // h1's four steps take 4 s; then two intervals, and the third question is open.
    assert_eq!(world.now, at(4 + 60));
    assert_eq!(
        world.rollout.outstanding(world.now),
        [
            Effect::RecordVersion {
                target: name("h1"),
                version: "2".to_owned(),
                rolled_back: false,
            },
            Effect::Measure {
                stage: 0,
                metric: 0,
                measurement: 3,
            }
        ]
    );
}

#[test]
fn a_failed_analysis_does_what_its_stage_says_and_resume_measures_anew() {
    let bad = || vec![number(1.0), number(1.0)];
    let world = measured(bad(), |plan| plan.stages[0].on_failure = Some(OnFailure::Stop));
    assert_eq!(world.rollout.status(), ActionStatus::Failed);
    assert!(world.bad.is_empty(), "nothing was rolled back");

    let mut world = measured(bad(), |plan| plan.stages[0].on_failure = Some(OnFailure::Pause));
    let waiting = world.rollout.waiting_for().unwrap();
    assert_eq!(waiting.kind, WaitKind::Paused);
    assert!(
        waiting
            .detail
            .contains("the analysis says no: errors: 1, wanted <= 0.05"),
        "{waiting:?}"
    );
    assert!(
        waiting.unblock.contains("resume it to measure again"),
        "{waiting:?}"
    );
    // An answer to a question of before does not count.
    world.later(
        world.now,
        Event::Measured {
            stage: 0,
            metric: 0,
            measurement: 2,
            result: number(9.0),
        },
    );
    world.monitor = vec![number(0.0); 3].into();
    world.later(world.now, steer(Steer::Resume));
    assert_eq!(world.run(), ActionStatus::Completed);
}

#[test]
fn an_analysis_without_a_definition_has_no_answer() {
    let world = measured(Vec::new(), |plan| plan.stages[0].analysis = None);
    assert_eq!(world.rollout.waiting_for().unwrap().kind, WaitKind::Paused);
}

#[test]
fn what_was_rolled_back_is_bad_and_what_was_aborted_is_not() {
    for (steers, wanted) in [
        (Steer::Rollback, vec!["2"]),
        (Steer::Abort { rollback: true }, vec![]),
        (Steer::Reject, vec!["2"]),
    ] {
        let mut world = at_gate(Gate::Approval, OnInconclusive::Pause);
        world.later(world.now, steer(steers.clone()));
        assert_eq!(world.run(), ActionStatus::RolledBack, "{steers:?}");
        assert_eq!(world.bad, wanted, "{steers:?}");
        let again = world.rollout.outstanding(world.now);
        let said = again
            .iter()
            .any(|effect| matches!(effect, Effect::Quarantine { .. }));
        assert_eq!(said, !wanted.is_empty(), "a restart says it again");
    }
    // The same version once more: its failure says nothing about what is there already.
    let plan = plan(&[1, 1], 0, |plan| {
        for target in &mut plan.rollback.targets {
            target.version = Some("2".to_owned());
        }
    });
    let fail = |_: &str, way: Way, step: &str, _: u32| {
        if way == Way::Forth && step == "check" {
            Outcome::Failed
        } else {
            Outcome::Ok
        }
    };
    let mut world = World::new(&plan, Box::new(fail));
    assert_eq!(world.start(), ActionStatus::RolledBack);
    assert!(world.bad.is_empty());
}

#[test]
fn an_action_that_goes_back_leaves_a_bad_version_behind() {
    let plan = plan(&[1, 1], 0, |plan| {
        plan.action = "rollback".to_owned();
        plan.version = None;
        for target in &mut plan.targets {
            target.version = Some("1".to_owned());
            target.version_before = Some("2".to_owned());
        }
    });
    let mut world = World::new(&plan, all_ok());
    assert_eq!(world.start(), ActionStatus::Completed);
    assert_eq!(world.bad, ["2"]);
}

#[test]
fn a_paused_rollout_finishes_what_runs_and_starts_nothing() {
    let plan = plan(&[4], 0, |plan| plan.limits.max_parallel = 1);
    let mut world = World::new(&plan, all_ok());
    world.later(at(2), steer(Steer::Pause));
    assert_eq!(world.start(), ActionStatus::Waiting);
    assert_eq!(world.rollout.waiting_for().unwrap().kind, WaitKind::Paused);
    assert_eq!(world.rollout.counts().of(TargetState::Succeeded), 1);
    assert_eq!(world.rollout.counts().of(TargetState::Pending), 3);
    world.later(world.now, steer(Steer::Resume));
    assert_eq!(world.run(), ActionStatus::Completed);
}

#[test]
fn unfit_hosts_that_are_too_many_end_it_before_anything_is_touched() {
    for (policy, unfit, wanted) in [
        (OnUnreachable::Fail, Outcome::Unreachable, ActionStatus::Failed),
        (OnUnreachable::Skip, Outcome::Unreachable, ActionStatus::Completed),
        (OnUnreachable::Defer, Outcome::AuthFailed, ActionStatus::Completed),
        (OnUnreachable::Skip, Outcome::Failed, ActionStatus::Failed),
    ] {
        let plan = plan(&[2], 0, |plan| plan.limits.on_unreachable = policy);
        let mut world = World::new(&plan, all_ok());
        world.happen(&created());
        world.happen(&Event::LeasesTaken);
        let checked = Event::HostsChecked {
            unfit: vec![(name("h1"), unfit, "no".to_owned())],
        };
        world.happen(&checked);
        world.forget();
        for effect in world.rollout.outstanding(world.now) {
            world.carry_out(effect);
        }
        assert_eq!(world.run(), wanted, "{policy:?} {unfit}");
        if wanted == ActionStatus::Failed {
            assert_eq!(world.rollout.touched().count(), 0);
            assert_eq!(world.rollout.target("h2").unwrap().state, TargetState::Skipped);
        }
    }
}

#[test]
fn after_a_replay_a_started_step_is_looked_up_and_never_started() {
    let plan = plan(&[1], 0, |_| ());
    let mut rollout = Rollout::new(plan);
    let seen = Event::PoolsSeen {
        target: name("h1"),
        pools: vec![PoolSeen {
            pool: "p".to_owned(),
            in_service: vec![name("h1")],
            held: Vec::new(),
        }],
    };
    for event in [
        created(),
        Event::LeasesTaken,
        Event::HostsChecked { unfit: Vec::new() },
        seen,
    ] {
        rollout.apply(&event, at(0)).unwrap();
    }
    let place = |started: bool| {
        let (target, way, step, attempt) = (name("h1"), Way::Forth, 0, 1);
        if started {
            Effect::LookUpStep {
                target,
                way,
                step,
                attempt,
            }
        } else {
            Effect::RunStep {
                target,
                way,
                step,
                attempt,
            }
        }
    };
    assert_eq!(rollout.outstanding(at(9)), [place(false)]);
    let started = Event::StepStarted {
        target: name("h1"),
        way: Way::Forth,
        step: 0,
        attempt: 1,
    };
    rollout.apply(&started, at(1)).unwrap();
    assert_eq!(rollout.outstanding(at(9)), [place(true)]);
}

#[test]
fn each_retry_may_wait_longer_than_the_one_before() {
    for (backoff, wanted) in [
        (1, vec![10, 10, 10]),
        (2, vec![10, 20, 40]),
        (10, vec![10, 100, 1000]),
    ] {
        let plan = plan(&[1], 0, |plan| {
            let step = &mut plan.targets[0].steps[1];
            (step.retries, step.retry_delay_seconds, step.retry_backoff) = (3, 10, backoff);
        });
        let never =
            fate(|_, way, step, _| (way == Way::Forth && step == "install").then_some(Outcome::Failed));
        let mut world = World::new(&plan, never);
        world.start();
        let times = |wanted: bool| -> Vec<u64> {
            let some = world.events.iter().filter(|(_, event)| match event {
                Event::StepStarted { way, step, .. } => wanted && (*way, *step) == (Way::Forth, 1),
                Event::StepEnded { way, step, .. } => !wanted && (*way, *step) == (Way::Forth, 1),
                _ => false,
            });
            some.map(|(when, _)| when.millis_since(at(0)) / 1000).collect()
        };
        let (started, ended) = (times(true), times(false));
        let waits: Vec<u64> = started[1..]
            .iter()
            .zip(&ended)
            .map(|(next, end)| next - end)
            .collect();
        assert_eq!(waits, wanted, "{backoff}");
    }
    let mut step = run("x");
    (step.retry_delay_seconds, step.retry_backoff) = (60, 2);
    assert_eq!(step.wait_before(50), 3600, "an hour is the longest");
    step.retry_delay_seconds = 7200;
    assert_eq!(step.wait_before(3), 7200, "or the first wait");
}

#[test]
fn those_out_of_reach_have_a_budget_of_their_own() {
    // (policy, budget, how many are gone, end, how many are left out)
    for (policy, budget, gone, wanted) in [
        (OnUnreachable::Skip, None, 3, ActionStatus::Completed),
        (OnUnreachable::Skip, Some(3), 3, ActionStatus::Completed),
        (OnUnreachable::Skip, Some(2), 3, ActionStatus::RolledBack),
        (OnUnreachable::Fail, Some(3), 3, ActionStatus::Completed),
        (OnUnreachable::Fail, Some(2), 3, ActionStatus::RolledBack),
        (OnUnreachable::Fail, None, 1, ActionStatus::RolledBack),
        (OnUnreachable::Defer, Some(1), 1, ActionStatus::Completed),
        (OnUnreachable::Defer, Some(0), 1, ActionStatus::RolledBack),
    ] {
        let plan = plan(&[1, 5], 0, |plan| {
            plan.limits.max_parallel = 1;
            plan.limits.on_unreachable = policy;
            plan.limits.max_unreachable = budget;
        });
        let away = fate(move |target, way, step, _| {
            let number: u32 = target[1..].parse().unwrap();
            (number > 6 - gone && way == Way::Forth && step == "install").then_some(Outcome::Unreachable)
        });
        let mut world = World::new(&plan, away);
        assert_eq!(world.start(), wanted, "{policy:?} {budget:?} {gone}");
        if wanted == ActionStatus::Completed {
            assert_eq!(world.rollout.counts().of(TargetState::Unreachable), gone);
        }
    }
}

#[test]
fn the_way_back_has_a_window_of_its_own() {
    let plan = plan(&[6], 0, |plan| {
        plan.limits.max_parallel = 1;
        plan.limits.rollback_max_parallel = Some(4);
    });
    let mut world = World::new(
        &plan,
        fate(|target, way, step, _| {
            (target == "h5" && way == Way::Forth && step == "check").then_some(Outcome::Failed)
        }),
    );
    assert_eq!(world.start(), ActionStatus::RolledBack);
    assert_eq!(world.most_in_progress, 4);
}

#[test]
fn a_target_that_did_not_get_back_says_how_to_finish_by_hand() {
    let plan = plan(&[1, 2], 0, |plan| {
        plan.limits.max_parallel = 1;
        for target in &mut plan.rollback.targets {
            target.steps[1].command = Some("ln -sfn '/opt/1' /opt/current".to_owned());
            if let crate::domain::plan::Work::Run { sudo, .. } = &mut target.steps[1].work {
                *sudo = true;
            }
        }
    });
    let mut world = World::new(
        &plan,
        fate(|target, way, step, _| match (target, way, step) {
            ("h2", Way::Forth, "check") => Some(Outcome::Failed),
            ("h1", Way::Back, "install") => Some(Outcome::Unreachable),
            _ => None,
        }),
    );
    assert_eq!(world.start(), ActionStatus::Failed);
    let target = |name: &str| world.rollout.target(name).unwrap();
    assert_eq!(target("h2").state, TargetState::RolledBack);
    assert_eq!(target("h2").by_hand, None);
    assert_eq!(
        (target("h3").state, &target("h3").by_hand),
        (TargetState::Skipped, &None),
        "never touched"
    );
    assert_eq!(target("h1").state, TargetState::Unreachable);
    assert_eq!(
        target("h1").by_hand.as_deref(),
        Some(
            "`edgewise exec --hosts h1 --sudo -- 'ln -sfn '\\''/opt/1'\\'' /opt/current'`; see that port 80 of \
             127.0.0.1 answers"
        ),
        "it is in service already"
    );
}
