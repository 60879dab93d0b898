//! On the way back who was taken out is put back in service, whatever else fails.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::outcome::Outcome;
use crate::domain::plan::Plan;
use crate::domain::rollout::fixture::{Fate, World, at, counted, created, name, plan};
use crate::domain::rollout::{Effect, Rollout, Steer, Way};

use super::transitions::steered;

/// How steps of a way back end that do not end well.
type Bad = &'static [(&'static str, Outcome)];

/// The check of the first target says no on its way forth; on its way back these steps end so.
fn going_back(bad: Bad, change: impl FnOnce(&mut Plan)) -> World {
    let plan = plan(&[3], 0, |plan| {
        plan.limits.max_parallel = 1;
        change(plan);
    });
    let fate: Fate = Box::new(move |target, way, step, _| match (target, way, step) {
        ("h1", Way::Forth, "check") => Outcome::Failed,
        ("h1", Way::Back, step) => bad
            .iter()
            .find(|(name, _)| *name == step)
            .map_or(Outcome::Ok, |(_, outcome)| *outcome),
        _ => Outcome::Ok,
    });
    World::new(&plan, fate)
}

#[test]
fn whatever_fails_on_the_way_back_it_is_put_back_and_that_is_said() {
    let same = "; it was put back in service all the same";
    let cases: [(Bad, bool, TargetState, &str); 6] = [
        (&[("pool_out", Outcome::Failed)], true, TargetState::Failed, same),
        (&[("install", Outcome::Failed)], true, TargetState::Failed, same),
        (
            &[("install", Outcome::Unreachable)],
            true,
            TargetState::Unreachable,
            same,
        ),
        (&[("check", Outcome::Failed)], true, TargetState::Failed, same),
        (
            &[("check", Outcome::Failed), ("pool_in", Outcome::Failed)],
            false,
            TargetState::Failed,
            "; it could not be put back in service either: it was failed",
        ),
        (
            &[("pool_in", Outcome::Failed)],
            false,
            TargetState::Failed,
            "step `pool_in`: it was failed",
        ),
    ];
    for (bad, serves, state, wanted) in cases {
        let mut world = going_back(bad, |_| ());
        assert_eq!(world.start(), ActionStatus::Failed, "{bad:?}");
        assert_eq!(world.in_service.contains(&name("h1")), serves, "{bad:?}");
        let h1 = world.rollout.target("h1").unwrap();
        assert_eq!(h1.state, state, "{bad:?}");
        let error = h1.back_error.as_deref().unwrap();
        assert!(error.ends_with(wanted), "{bad:?}: {error}");
        // How to finish by hand names what is left, and being put back only where that is left too.
        let by_hand = h1.by_hand.as_deref().unwrap();
        assert_eq!(
            by_hand.contains("put it back in service"),
            !serves,
            "{bad:?}: {by_hand}"
        );
    }
}

#[test]
fn the_way_back_that_is_aborted_is_put_back_too_and_one_that_was_done_is_back() {
    // (when the abort comes, whether all of the way back was done by then). Each step takes a second: out, install and
    // the check that says no; then out, install, check, in.
    for (second, done) in [(4, false), (6, true)] {
        let mut world = going_back(&[], |_| ());
        world.later(at(second), steered(Steer::Abort { rollback: false }));
        assert_eq!(world.start(), ActionStatus::ManualFailed, "{second}");
        assert_eq!(world.in_service.len(), 3, "{second}: all are in service");
        let h1 = world.rollout.target("h1").unwrap();
        if done {
            assert_eq!(h1.state, TargetState::RolledBack, "{second}");
        } else {
            let error = h1.back_error.as_deref().unwrap();
            assert_eq!(
                error,
                "stopped on its way back: the rollout was aborted; it was put back in service all the same"
            );
        }
    }
}

/// Three touched targets go back one after another; the newest was put back though its check said no.
fn after_one_that_is_not_well() -> Rollout {
    let plan = plan(&[3], 2, |plan| {
        plan.limits.max_parallel = 1;
        plan.limits.max_failed = 3;
    });
    let mut world = World::new(
        &plan,
        Box::new(|target, way, step, _| match (target, way, step) {
            ("h3", Way::Back, "check") => Outcome::Failed,
            _ => Outcome::Ok,
        }),
    );
    // When the third is at its last step.
    world.later(at(11), steered(Steer::Rollback));
    world.later(at(0), created());
    let has_failed = |rollout: &Rollout| {
        let h3 = rollout.target("h3").unwrap();
        h3.state == TargetState::Failed && h3.back_error.is_some()
    };
    world.run_until(has_failed);
    assert!(has_failed(&world.rollout) && world.in_service.len() == 3);
    world.rollout
}

#[test]
fn one_that_was_put_back_but_is_not_well_is_not_counted_as_in_service() {
    // Two must stay, and only two are known to be well: the third may be counted, or be down by the balancer's own checks.
    let counted = |in_service, away| counted("h2", in_service, away);
    for (answer, starts) in [
        (counted(3, 0), false),
        (counted(4, 0), true),
        (counted(2, 1), false),
        (counted(3, 1), true),
    ] {
        let mut rollout = after_one_that_is_not_well();
        let effects = rollout.apply(&answer, at(60)).unwrap();
        let started = effects
            .iter()
            .any(|effect| matches!(effect, Effect::RunStep { .. }));
        assert_eq!(started, starts, "{answer:?}: {effects:?}");
    }
}
