//! The steps of a target: `always` and `once`, retries, unknown outcomes, restarts.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{OnFailure, OnUnreachable};
use crate::domain::rollout::fixture::{World, at, created, fate, name, plan, run};
use crate::domain::rollout::{Effect, Event, PoolCount, Rollout, StepState, Way};

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

#[test]
fn after_a_replay_a_started_step_is_looked_up_and_never_started() {
    let plan = plan(&[1], 0, |_| ());
    let mut rollout = Rollout::new(plan);
    let seen = Event::PoolsCounted {
        target: name("h1"),
        pools: vec![PoolCount {
            pool: "p".to_owned(),
            in_service: 1,
            itself: true,
            ..PoolCount::default()
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
    let (target, way, step, attempt) = (name("h1"), Way::Forth, 0, 1);
    let run = Effect::RunStep {
        target: target.clone(),
        way,
        step,
        attempt,
    };
    assert_eq!(rollout.outstanding(at(9)), [run]);
    let started = Event::StepStarted {
        target: target.clone(),
        way,
        step,
        attempt,
    };
    rollout.apply(&started, at(1)).unwrap();
    let look_up = Effect::LookUpStep {
        target,
        way,
        step,
        attempt,
    };
    assert_eq!(rollout.outstanding(at(9)), [look_up]);
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
