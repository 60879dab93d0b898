//! One that was stopped in its success window did not show itself healthy for it: it is not good.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::outcome::Outcome;
use crate::domain::rollout::fixture::{World, at, check, name, plan, steer};
use crate::domain::rollout::{Effect, Steer};

#[test]
fn a_window_that_is_cut_short_proves_nothing() {
    let (failed, good, back) = (
        TargetState::Failed,
        TargetState::Succeeded,
        TargetState::RolledBack,
    );
    let abort = Steer::Abort { rollback: false };
    // h1 has five steps of a second, a window until 15 s, and then a look of two checks.
    // (when, what, state of h1 at the end, what it says)
    for (when, what, wanted, says) in [
        (
            3,
            &abort,
            failed,
            "stopped before it was done: the rollout was aborted",
        ),
        (
            5,
            &abort,
            failed,
            "stopped before it had been healthy for 10 s: the rollout was aborted",
        ),
        (
            6,
            &abort,
            failed,
            "stopped before it had been healthy for 10 s: the rollout was aborted",
        ),
        (
            15,
            &abort,
            failed,
            "stopped before it had been healthy for 10 s: the rollout was aborted",
        ),
        // A look ends its running check, and begins no other.
        (
            16,
            &abort,
            failed,
            "stopped before it had been healthy for 10 s: the rollout was aborted",
        ),
        (17, &abort, good, ""),
        (18, &abort, good, ""),
        (
            5,
            &Steer::Abort { rollback: true },
            back,
            "stopped before it had been healthy for 10 s: the rollout went back",
        ),
        (
            5,
            &Steer::Rollback,
            back,
            "stopped before it had been healthy for 10 s: the rollout went back",
        ),
        (
            16,
            &Steer::Rollback,
            back,
            "stopped before it had been healthy for 10 s: the rollout went back",
        ),
    ] {
        let plan = plan(&[1, 1], 0, |plan| {
            plan.limits.success_window_seconds = 10;
            for target in &mut plan.targets {
                target.steps.insert(3, check());
            }
        });
        let mut world = World::new(&plan, Box::new(|_, _, _, _| Outcome::Ok));
        world.later(at(when), steer(what.clone()));
        let end = world.start();
        let target = world.rollout.target("h1").unwrap();
        assert_eq!(target.state, wanted, "{what:?} at {when}");
        assert_eq!(
            target.error.as_deref().unwrap_or_default(),
            says,
            "{what:?} at {when}"
        );
        // It has the new version all the same, once all its steps are done: the inventory says what is there.
        let has = if wanted == back { "1" } else { "2" };
        if when >= 5 {
            assert_eq!(target.version.as_deref(), Some(has), "{what:?} at {when}");
            assert_eq!(world.recorded.get(&name("h1")).map(String::as_str), Some(has));
            let again = world.rollout.outstanding(world.now);
            let said = again.iter().any(|effect| {
                matches!(effect, Effect::RecordVersion { target, version, .. } if target.as_str() == "h1" && version == has)
            });
            assert!(said, "a restart says it again");
        } else {
            assert_eq!(world.recorded.get(&name("h1")), None);
        }
        // Whether the version is bad, only a rollback says.
        assert_eq!(world.bad.is_empty(), *what != Steer::Rollback, "{what:?}");
        if wanted != back {
            assert_eq!(end, ActionStatus::ManualFailed);
        }
    }
}
