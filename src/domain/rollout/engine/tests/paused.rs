//! Paused by a person: what fails meanwhile decides when that ends, and not before.

use std::sync::Arc;

use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::analysis::Measurement;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Gate, OnFailure};
use crate::domain::rollout::fixture::{Fate, World, analysis, at, plan};
use crate::domain::rollout::{Event, Rollout, Steer, Timer, Way};

use super::transitions::steered;

const RESUME: Steer = Steer::Resume;

/// Two targets at once of four; the install of the first fails, the second does its steps.
fn fleet(on_failure: OnFailure) -> World {
    let plan = plan(&[4], 0, |plan| {
        plan.limits.on_failure = on_failure;
        plan.limits.max_parallel = 2;
        plan.limits.progress_deadline_seconds = Some(50);
    });
    let fails: Fate = Box::new(|target, way, step, _| {
        if (target, way, step) == ("h1", Way::Forth, "install") {
            Outcome::Failed
        } else {
            Outcome::Ok
        }
    });
    World::new(&plan, fails)
}

fn began_back(world: &World) -> bool {
    world.started.iter().any(|(_, way, _)| *way == Way::Back)
}

/// Paused before the failure; then long enough for every timer.
fn paused(on_failure: OnFailure) -> World {
    let mut world = fleet(on_failure);
    world.later(at(1), steered(Steer::Pause));
    world.later(
        at(1000),
        Event::TimerFired {
            timer: Timer::ProgressDeadline,
        },
    );
    world.start();
    world
}

#[test]
fn what_failed_while_it_is_paused_decides_when_it_is_resumed_or_steered() {
    let (abort, back) = (Steer::Abort { rollback: false }, Steer::Abort { rollback: true });
    // What is to be done on failure, what a person does then, the end, and whether the version is bad.
    for (on_failure, steer, end, bad) in [
        (OnFailure::Rollback, RESUME, ActionStatus::RolledBack, true),
        (
            OnFailure::Rollback,
            Steer::Rollback,
            ActionStatus::RolledBack,
            true,
        ),
        (OnFailure::Rollback, back.clone(), ActionStatus::RolledBack, true),
        (
            OnFailure::Rollback,
            abort.clone(),
            ActionStatus::ManualFailed,
            false,
        ),
        (OnFailure::Stop, RESUME, ActionStatus::Failed, false),
        (OnFailure::Stop, Steer::Rollback, ActionStatus::RolledBack, true),
        (OnFailure::Stop, back, ActionStatus::RolledBack, false),
        (OnFailure::Stop, abort, ActionStatus::ManualFailed, false),
        // Whoever resumes it has decided; of four one failed, which is one too many.
        (OnFailure::Pause, RESUME, ActionStatus::Failed, false),
    ] {
        let mut world = paused(on_failure);
        let case = format!("{on_failure:?} {steer:?}");
        assert_eq!(world.rollout.status(), ActionStatus::Waiting, "{case}");
        assert!(
            !began_back(&world) && world.bad.is_empty(),
            "{case}: nothing begins by itself"
        );
        let state = |world: &World, name: &str| world.rollout.target(name).unwrap().state;
        assert_eq!(state(&world, "h1"), TargetState::Failed, "{case}");
        assert_eq!(
            state(&world, "h2"),
            TargetState::Succeeded,
            "{case}: what ran was finished"
        );
        assert_eq!(
            state(&world, "h3"),
            TargetState::Pending,
            "{case}: nothing was started"
        );
        world.later(world.now, steered(steer));
        assert_eq!(world.run(), end, "{case}");
        assert_eq!(!world.bad.is_empty(), bad, "{case}");
    }
}

#[test]
fn it_says_what_will_happen_when_it_is_resumed() {
    for (on_failure, wanted) in [
        (
            OnFailure::Rollback,
            "; 1 failed, 0 may fail, so it goes back when it is resumed",
        ),
        (
            OnFailure::Stop,
            "; 1 failed, 0 may fail, so it stops when it is resumed",
        ),
        (OnFailure::Pause, "; meanwhile 1 failed, 0 may fail"),
    ] {
        let waiting = paused(on_failure).rollout.waiting_for().unwrap();
        assert_eq!(waiting.kind, WaitKind::Paused);
        assert_eq!(waiting.since, at(1), "since the person paused it");
        assert!(waiting.detail.ends_with(wanted), "{}", waiting.detail);
    }
    // While what runs is finished, it says so too: at the moment at which the first failed.
    let world = paused(OnFailure::Rollback);
    let mut rollout = Rollout::new(Arc::clone(world.rollout.plan()));
    for (at, event) in &world.events {
        rollout.apply(event, *at).unwrap();
        if rollout.target("h1").unwrap().state == TargetState::Failed {
            break;
        }
    }
    let detail = rollout.waiting_for().unwrap().detail;
    assert!(detail.contains("1 targets finish what they began"), "{detail}");
    assert!(detail.contains("it goes back when it is resumed"), "{detail}");
}

#[test]
fn what_has_decided_already_is_not_promoted_past() {
    let world = paused(OnFailure::Rollback);
    for steer in [
        Steer::Promote { to_end: true },
        Steer::Promote { to_end: false },
        Steer::Force,
        Steer::Approve,
        Steer::Reject,
        Steer::Pause,
    ] {
        assert!(world.rollout.may(&steer).is_err(), "{steer:?}");
    }
    for steer in [
        RESUME,
        Steer::Rollback,
        Steer::Abort { rollback: true },
        Steer::Abort { rollback: false },
    ] {
        assert!(world.rollout.may(&steer).is_ok(), "{steer:?}");
    }
}

/// Paused at the gate after the first of two stages, whose one metric then gives this.
fn at_a_gate(gate: Gate, answer: Option<Measurement>) -> World {
    let plan = plan(&[1, 1], 0, |plan| {
        plan.stages[0].gate = gate;
        plan.stages[0].analysis = Some(analysis(1, 0, 0));
    });
    let mut world = World::new(&plan, Box::new(|_, _, _, _| Outcome::Ok));
    world.start();
    assert!(world.rollout.waiting_for().is_some());
    world.later(world.now, steered(Steer::Pause));
    if let Some(result) = answer {
        let (stage, metric, measurement) = (0, 0, 1);
        let measured = Event::Measured {
            stage,
            metric,
            measurement,
            result,
        };
        world.later(world.now.plus_seconds(1), measured);
    }
    world.run();
    assert_eq!(world.rollout.waiting_for().unwrap().kind, WaitKind::Paused);
    world
}

#[test]
fn a_gate_that_says_no_while_it_is_paused_waits_for_the_end_of_that() {
    let mut measured = at_a_gate(Gate::Analysis, Some(Measurement::of(0.9)));
    let mut rejected = at_a_gate(Gate::Approval, None);
    rejected.later(rejected.now, steered(Steer::Reject));
    rejected.run();
    for world in [&mut measured, &mut rejected] {
        let detail = world.rollout.waiting_for().unwrap().detail;
        assert!(detail.contains("so it goes back when it is resumed"), "{detail}");
        assert!(!began_back(world));
        world.later(world.now, steered(RESUME));
        assert_eq!(world.run(), ActionStatus::RolledBack);
    }
}

#[test]
fn a_gate_that_is_passed_while_a_person_has_it_paused_does_not_end_the_pause() {
    let silent = Measurement::NoData {
        detail: "none".to_owned(),
    };
    for (gate, answer, steer) in [
        (Gate::Approval, None, Some(Steer::Approve)),
        (Gate::Analysis, None, Some(Steer::Promote { to_end: false })),
        (
            Gate::Analysis,
            Some(silent),
            Some(Steer::Promote { to_end: true }),
        ),
        (Gate::Analysis, Some(Measurement::of(0.01)), None),
    ] {
        let mut world = at_a_gate(gate, answer.clone());
        if let Some(steer) = steer {
            world.later(world.now, steered(steer));
            world.run();
        }
        let waiting = world.rollout.waiting_for().unwrap();
        assert_eq!(waiting.kind, WaitKind::Paused, "{gate:?} {answer:?}");
        assert_eq!(world.rollout.touched().count(), 1, "nobody is started");
        world.later(world.now, steered(RESUME));
        assert_eq!(world.run(), ActionStatus::Completed, "{gate:?} {answer:?}");
    }
}

#[test]
fn an_analysis_without_an_answer_leaves_the_pause_with_who_made_it() {
    let silent = Measurement::NoData {
        detail: "none".to_owned(),
    };
    let mut world = at_a_gate(Gate::Analysis, Some(silent));
    let detail = world.rollout.waiting_for().unwrap().detail;
    assert!(detail.starts_with("paused: edgewise"), "{detail}");
    assert!(
        detail.contains("; meanwhile the analysis has no answer"),
        "{detail}"
    );
    // Resumed, it is measured anew.
    world.monitor = vec![Measurement::of(0.01)].into();
    world.later(world.now, steered(RESUME));
    assert_eq!(world.run(), ActionStatus::Completed);
}
