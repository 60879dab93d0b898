//! The gate of an approval, and which versions are bad after it.

use crate::domain::action::{ActionStatus, WaitKind};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Gate, OnInconclusive};
use crate::domain::rollout::fixture::{World, all_ok, analysis, plan, steer};
use crate::domain::rollout::{Effect, Steer, Way};

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
