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

/// The way back of a finished rollout of three, each of which has `2` and had `1`.
fn way_back(
    change: impl FnOnce(&mut crate::domain::plan::Plan),
) -> std::sync::Arc<crate::domain::plan::Plan> {
    let forth = plan(&[3], 0, |plan| {
        plan.limits.max_parallel = 1;
        change(plan);
    });
    let touched = ["h1", "h2", "h3"].map(|target| (name(target), Some("2".to_owned())));
    std::sync::Arc::new(forth.way_back(&touched))
}

#[test]
fn the_way_back_of_a_finished_action_goes_on_past_those_that_cannot_go() {
    // Each way takes longer than the deadline of the way forth, and the newest touched goes first.
    for (gone, on_unreachable) in [
        ("h3", OnUnreachable::Fail),
        ("h2", OnUnreachable::Skip),
        ("h1", OnUnreachable::Defer),
    ] {
        for outcome in [Outcome::Failed, Outcome::Unreachable] {
            let plan = way_back(|plan| {
                plan.limits.target_deadline_seconds = Some(1);
                plan.limits.max_unreachable = Some(0);
                plan.limits.on_unreachable = on_unreachable;
                plan.limits.on_failure = OnFailure::Pause;
            });
            let gone = gone.to_owned();
            let fails = gone.clone();
            let mut world = World::new(
                &plan,
                Box::new(move |target, _, step, _| {
                    if target == fails && step == "install" {
                        outcome
                    } else {
                        Outcome::Ok
                    }
                }),
            );
            assert_eq!(world.start(), ActionStatus::Failed, "{gone} {outcome}");
            for target in ["h1", "h2", "h3"] {
                let progress = world.rollout.target(target).unwrap();
                let is_lost = target == gone;
                assert_eq!(
                    progress.state != TargetState::Succeeded,
                    is_lost,
                    "{target} of {gone}"
                );
                assert_eq!(progress.error.is_some(), is_lost);
                assert_eq!(progress.by_hand.is_some(), is_lost);
                let version = if is_lost { "2" } else { "1" };
                assert_eq!(progress.version.as_deref(), Some(version));
            }
        }
    }
}

#[test]
fn the_way_back_of_a_finished_action_is_given_up_where_nothing_moves() {
    let plan = way_back(|plan| plan.limits.progress_deadline_seconds = Some(10));
    let mut world = World::new(&plan, always_ok());
    // The load balancer never answers.
    world.silent = 0..u64::MAX;
    assert_eq!(world.start(), ActionStatus::Failed);
    assert!(world.started.is_empty());
}
