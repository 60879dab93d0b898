//! Whole courses of a rollout: to its end, to a stop, and back.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{OnFailure, OnUnreachable};
use crate::domain::rollout::fixture::{World, name, plan};
use crate::domain::rollout::{StageStatus, Way};

fn always_ok() -> crate::domain::rollout::fixture::Fate {
    Box::new(|_, _, _, _| Outcome::Ok)
}

#[test]
fn all_goes_well() {
    let plan = plan(&[1, 3, 6], 7, |plan| plan.limits.max_parallel = 2);
    let mut world = World::new(&plan, always_ok());
    assert_eq!(world.start(), ActionStatus::Completed);
    assert_eq!(world.ended, [ActionStatus::Completed]);
    assert_eq!(world.most_in_progress, 2);
    assert_eq!(world.fewest_in_service, 8);
    assert_eq!(world.rollout.counts().of(TargetState::Succeeded), 10);
    assert!(world.recorded.values().all(|version| version == "2"));
    assert_eq!(world.recorded.len(), 10);
    assert!(
        world
            .rollout
            .stages()
            .all(|stage| stage.status == StageStatus::Done)
    );
}

#[test]
fn the_pools_minimum_is_kept_whatever_the_window_says() {
    let plan = plan(&[10], 7, |_| ());
    let mut world = World::new(&plan, always_ok());
    assert_eq!(world.start(), ActionStatus::Completed);
    assert_eq!(world.fewest_in_service, 7);
}

#[test]
fn a_bad_version_goes_back_after_its_first_target() {
    let plan = plan(&[1, 9], 7, |_| ());
    let bad = |_: &str, way: Way, step: &str, _: u32| {
        if way == Way::Forth && step == "check" {
            Outcome::Failed
        } else {
            Outcome::Ok
        }
    };
    let mut world = World::new(&plan, Box::new(bad));
    assert_eq!(world.start(), ActionStatus::RolledBack);
    let target = world.rollout.target("h1").unwrap();
    assert_eq!(target.state, TargetState::RolledBack);
    assert_eq!(target.version.as_deref(), Some("1"));
    assert_eq!(target.error.as_deref(), Some("step `check`: it was failed"));
    assert_eq!(world.rollout.counts().of(TargetState::Skipped), 9);
    assert_eq!(world.recorded.get(&name("h1")).map(String::as_str), Some("1"));
    assert_eq!(world.in_service.len(), 10);
}

#[test]
fn the_newest_touched_goes_back_first() {
    let plan = plan(&[1, 1, 1, 1], 0, |plan| plan.limits.max_parallel = 1);
    let bad = |target: &str, way: Way, step: &str, _: u32| {
        if target == "h3" && way == Way::Forth && step == "install" {
            Outcome::Failed
        } else {
            Outcome::Ok
        }
    };
    let mut world = World::new(&plan, Box::new(bad));
    assert_eq!(world.start(), ActionStatus::RolledBack);
    let back: Vec<&str> = world
        .started
        .iter()
        .filter(|(_, way, step)| *way == Way::Back && step == "install")
        .map(|(target, _, _)| target.as_str())
        .collect();
    assert_eq!(back, ["h3", "h2", "h1"]);
}

#[test]
fn the_failure_after_the_last_allowed_one_decides() {
    for (allowed, on_failure, wanted) in [
        (1, OnFailure::Rollback, ActionStatus::RolledBack),
        (1, OnFailure::Stop, ActionStatus::Failed),
        (1, OnFailure::Pause, ActionStatus::Waiting),
        (2, OnFailure::Rollback, ActionStatus::Completed),
    ] {
        let plan = plan(&[1, 1, 1, 1], 0, |plan| {
            plan.limits.max_failed = allowed;
            plan.limits.on_failure = on_failure;
        });
        let bad = |target: &str, way: Way, step: &str, _: u32| {
            if matches!(target, "h1" | "h3") && way == Way::Forth && step == "install" {
                Outcome::Failed
            } else {
                Outcome::Ok
            }
        };
        let mut world = World::new(&plan, Box::new(bad));
        assert_eq!(world.start(), wanted, "{allowed} {on_failure:?}");
    }
}

#[test]
fn a_host_out_of_reach_does_what_the_limits_say() {
    for (policy, wanted, state) in [
        (
            OnUnreachable::Fail,
            ActionStatus::RolledBack,
            TargetState::RolledBack,
        ),
        (
            OnUnreachable::Skip,
            ActionStatus::Completed,
            TargetState::Unreachable,
        ),
        (
            OnUnreachable::Defer,
            ActionStatus::Completed,
            TargetState::Succeeded,
        ),
    ] {
        let plan = plan(&[1, 3], 0, |plan| plan.limits.on_unreachable = policy);
        let gone = |target: &str, way: Way, step: &str, attempt: u32| {
            if target == "h2" && way == Way::Forth && step == "install" && attempt == 1 {
                Outcome::Unreachable
            } else {
                Outcome::Ok
            }
        };
        let mut world = World::new(&plan, Box::new(gone));
        assert_eq!(world.start(), wanted, "{policy:?}");
        assert_eq!(world.rollout.target("h2").unwrap().state, state, "{policy:?}");
    }
}
