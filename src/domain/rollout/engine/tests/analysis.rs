//! The gate of an analysis: its limits, its silence, its failure.

use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::analysis::Measurement;
use crate::domain::plan::{Gate, OnFailure, OnInconclusive, Plan};
use crate::domain::rollout::fixture::{World, all_ok, analysis, at, name, plan, steer};
use crate::domain::rollout::{Effect, Event, Steer};

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
