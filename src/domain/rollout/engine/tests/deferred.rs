//! `on_unreachable: defer`: those out of reach come once more, after all others.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::outcome::Outcome;
use crate::domain::plan::OnUnreachable;
use crate::domain::rollout::fixture::{World, plan};
use crate::domain::rollout::{StageStatus, Way};

/// Six in three stages, of which these cannot be reached at first, in `install`. The targets in the order in which
/// they were installed, and how each attempt began: out of service or with `install`.
fn with_absent(
    absent: &'static [&'static str],
    at_once: u32,
    change: impl Fn(&str, u32) -> bool + 'static,
) -> World {
    let plan = plan(&[1, 2, 3], 0, |plan| {
        plan.limits.on_unreachable = OnUnreachable::Defer;
        plan.limits.max_parallel = at_once;
        plan.stages[1].soak_seconds = 50;
    });
    let mut world = World::new(
        &plan,
        Box::new(move |target, way, step, attempt| {
            let is_away = absent.contains(&target) && way == Way::Forth && step == "install";
            if is_away && (attempt == 1 || change(target, attempt)) {
                Outcome::Unreachable
            } else {
                Outcome::Ok
            }
        }),
    );
    world.start();
    world
}

fn tried(world: &World) -> Vec<&str> {
    let forth = world.started.iter();
    let forth = forth.filter(|(_, way, step)| *way == Way::Forth && step == "install");
    forth.map(|(target, _, _)| target.as_str()).collect()
}

#[test]
fn those_out_of_reach_come_last_in_the_order_in_which_they_were_missed() {
    for at_once in [1, 3, 100] {
        let world = with_absent(&["h2", "h4"], at_once, |_, _| false);
        assert_eq!(world.rollout.status(), ActionStatus::Completed);
        let tried = tried(&world);
        assert_eq!(tried.len(), 8, "{tried:?}");
        assert_eq!(&tried[6..], ["h2", "h4"], "{at_once} at once: {tried:?}");
        assert!(
            world
                .rollout
                .stages()
                .all(|stage| stage.status == StageStatus::Done)
        );
        let out_again = world
            .started
            .iter()
            .filter(|(target, _, step)| target == "h2" && step == "pool_out");
        assert_eq!(out_again.count(), 1, "it goes on where it had come to");
        let of = |name: &str| world.rollout.target(name).unwrap();
        let last = of("h6").ended_at.max(of("h5").ended_at);
        assert!(of("h2").ended_at > last && of("h2").error.is_none());
    }
}

#[test]
fn the_second_chance_is_the_last() {
    let world = with_absent(&["h2", "h4"], 1, |target, _| target == "h2");
    assert_eq!(
        world.rollout.status(),
        ActionStatus::RolledBack,
        "as `fail` says then"
    );
    let tried = tried(&world);
    assert_eq!(tried.iter().filter(|target| **target == "h2").count(), 2);
    assert!(
        !tried[6..].contains(&"h4"),
        "the first that failed decided: {tried:?}"
    );
    assert_eq!(world.rollout.target("h2").unwrap().state, TargetState::RolledBack);
}
