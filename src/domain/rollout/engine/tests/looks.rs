//! Looks at targets that are done, while a stage soaks.

use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::outcome::Outcome;
use crate::domain::rollout::fixture::{World, created, plan, result};
use crate::domain::rollout::{Event, Rollout, Steer, Way};

use super::transitions::steered;

/// The second look of `h1` is under way, and does not end; the soak it belongs to is skipped.
fn with_a_look_left_open() -> World {
    let plan = plan(&[1, 1, 1], 0, |plan| {
        plan.stages[0].soak_seconds = 1;
        plan.stages[1].soak_seconds = 1;
    });
    let mut world = World::new(&plan, Box::new(|_, _, _, _| Outcome::Ok));
    world.later(world.now, created());
    let is_looked_at = |rollout: &Rollout| rollout.target("h1").unwrap().forth[2].attempt == 2;
    world.run_until(is_looked_at);
    world.forget();
    world.happen(&steered(Steer::Promote { to_end: false }));
    world.run();
    world
}

#[test]
fn a_look_that_goes_on_into_the_next_soak_is_not_begun_again() {
    for (outcome, end) in [
        (Outcome::Ok, ActionStatus::Completed),
        (Outcome::Failed, ActionStatus::RolledBack),
    ] {
        let mut world = with_a_look_left_open();
        assert_eq!(world.rollout.target("h2").unwrap().state, TargetState::Succeeded);
        assert_eq!(world.rollout.waiting_for().unwrap().kind, WaitKind::Soak);
        let looks = world
            .started
            .iter()
            .filter(|(target, _, step)| target == "h1" && step == "check");
        assert_eq!(looks.count(), 2, "its own check, and the look");
        let ended = Event::StepEnded {
            target: world.rollout.targets().next().unwrap().name.clone(),
            way: Way::Forth,
            step: 2,
            attempt: 2,
            result: result(outcome),
        };
        world.later(world.now, ended);
        assert_eq!(world.run(), end, "{outcome:?}");
    }
}

#[test]
fn a_look_has_a_time_of_its_own() {
    let plan = plan(&[1, 1], 0, |plan| plan.stages[0].soak_seconds = 600);
    let mut world = World::new(&plan, Box::new(|_, _, _, _| Outcome::Ok));
    world.later(world.now, created());
    world.run_until(|rollout| rollout.target("h1").unwrap().state == TargetState::Succeeded);
    let check = |world: &World| world.rollout.target("h1").unwrap().forth[2].clone();
    let took = |world: &World| {
        let check = check(world);
        check.ended_at.unwrap().millis_since(check.started_at.unwrap())
    };
    let once = took(&world);
    world.run_until(|rollout| {
        let check = &rollout.target("h1").unwrap().forth[2];
        check.attempt > 2 && check.ended_at.is_some()
    });
    assert_eq!(took(&world), once, "{:?}", check(&world));
}
