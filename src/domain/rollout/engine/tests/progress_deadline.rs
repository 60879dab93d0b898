//! A rollout in which nobody gets any further ends by itself.

use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{OnFailure, Plan};
use crate::domain::rollout::fixture::{World, at, plan};

/// Four, one after another; no progress for 120 s is too long.
fn impatient(change: impl FnOnce(&mut Plan)) -> World {
    let plan = plan(&[1, 3], 0, |plan| {
        plan.limits.max_parallel = 1;
        plan.limits.progress_deadline_seconds = Some(120);
        change(plan);
    });
    World::new(&plan, Box::new(|_, _, _, _| Outcome::Ok))
}

#[test]
fn a_load_balancer_that_is_silent_for_too_long_ends_it() {
    // h1 takes 4 s; the balancer is silent from the third second on. (what on failure, until when, end, when, h1)
    for (on_failure, until, wanted, end, first) in [
        (
            OnFailure::Rollback,
            100,
            ActionStatus::Completed,
            109 + 12,
            TargetState::Succeeded,
        ),
        (
            OnFailure::Rollback,
            124,
            ActionStatus::RolledBack,
            124 + 4,
            TargetState::RolledBack,
        ),
        (
            OnFailure::Rollback,
            9999,
            ActionStatus::Failed,
            124 + 120,
            TargetState::Succeeded,
        ),
        (
            OnFailure::Stop,
            9999,
            ActionStatus::Failed,
            124,
            TargetState::Succeeded,
        ),
    ] {
        let mut world = impatient(|plan| plan.limits.on_failure = on_failure);
        world.silent = 3..until;
        assert_eq!(world.start(), wanted, "{on_failure:?} {until}");
        assert_eq!(world.rollout.ended_at(), Some(at(end)), "{on_failure:?} {until}");
        let target = world.rollout.target("h1").unwrap();
        assert_eq!(target.state, first, "{on_failure:?} {until}");
        let by_hand = on_failure == OnFailure::Rollback && until == 9999;
        assert_eq!(
            target.by_hand.is_some(),
            by_hand,
            "who is left on the way back says how to finish"
        );
        if wanted != ActionStatus::Completed {
            assert_eq!(world.rollout.counts().of(TargetState::Skipped), 3);
            let why: Vec<String> = world
                .rollout
                .take_decisions()
                .into_iter()
                .map(|line| line.why)
                .collect();
            let said = "no target got any further for 120 s";
            assert!(why.iter().any(|why| why == said), "{why:?}");
        }
    }
}

#[test]
fn with_pause_a_person_decides_and_the_clock_begins_anew() {
    let mut world = impatient(|plan| plan.limits.on_failure = OnFailure::Pause);
    world.silent = 3..9999;
    assert_eq!(world.start(), ActionStatus::Waiting);
    let waiting = world.rollout.waiting_for().unwrap();
    assert_eq!((waiting.kind, waiting.since), (WaitKind::Paused, at(124)));
    assert!(
        waiting.detail.contains("no target got any further for 120 s"),
        "{waiting:?}"
    );
}

#[test]
fn the_clock_stands_still_while_it_soaks() {
    let mut world = impatient(|plan| plan.stages[0].soak_seconds = 1000);
    assert_eq!(world.start(), ActionStatus::Completed);
}
