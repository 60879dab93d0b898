//! A stage in which nobody is good is no proof.

use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Gate, OnFailure, OnUnreachable, Plan};
use crate::domain::rollout::fixture::{Fate, World, at, created, name, plan, steer};
use crate::domain::rollout::{Event, StageStatus, Steer, Way};

/// These fail so in `install`, on their way forth.
fn failing(targets: &'static [&'static str], outcome: Outcome) -> Fate {
    Box::new(move |target, way, step, _| {
        if way == Way::Forth && step == "install" && targets.contains(&target) {
            outcome
        } else {
            Outcome::Ok
        }
    })
}

/// The targets in the order in which they were installed.
fn installed(world: &World) -> Vec<&str> {
    let forth = world.started.iter();
    let forth = forth.filter(|(_, way, step)| *way == Way::Forth && step == "install");
    forth.map(|(target, _, _)| target.as_str()).collect()
}

/// When a step of these was first started, and when a target was first done.
fn moment(world: &World, wanted: impl Fn(&Event) -> bool) -> u64 {
    let found = world.events.iter().find(|(_, event)| wanted(event));
    found.expect("it happened").0.millis_since(at(0)) / 1000
}

fn begins(target: &'static str) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::StepStarted { target: of, .. } if of.as_str() == target)
}

type Row = (
    OnUnreachable,
    Outcome,
    u32,
    &'static [&'static str],
    &'static [&'static str],
);

/// Five in a canary of one, a stage of one and the rest, with a soak after each.
fn careful(change: impl FnOnce(&mut Plan)) -> std::sync::Arc<Plan> {
    plan(&[1, 1, 3], 0, |plan| {
        for stage in &mut plan.stages {
            stage.soak_seconds = 100;
        }
        change(plan);
    })
}

#[test]
fn the_next_target_stands_in_alone_for_a_canary_that_failed() {
    // (policy, outcome, budget, who fails, who is installed before the first soak)
    let table: [Row; 6] = [
        (
            OnUnreachable::Skip,
            Outcome::Unreachable,
            0,
            &["h1"],
            &["h1", "h2"],
        ),
        (
            OnUnreachable::Defer,
            Outcome::Unreachable,
            0,
            &["h1"],
            &["h1", "h2"],
        ),
        (OnUnreachable::Fail, Outcome::Failed, 1, &["h1"], &["h1", "h2"]),
        (
            OnUnreachable::Fail,
            Outcome::Unreachable,
            1,
            &["h1"],
            &["h1", "h2"],
        ),
        (
            OnUnreachable::Fail,
            Outcome::Failed,
            2,
            &["h1", "h2"],
            &["h1", "h2", "h3"],
        ),
        (
            OnUnreachable::Skip,
            Outcome::Unreachable,
            0,
            &["h1", "h2", "h3"],
            &["h1", "h2", "h3", "h4"],
        ),
    ];
    for (policy, outcome, budget, bad, wanted) in table {
        let plan = careful(|plan| {
            plan.limits.on_unreachable = policy;
            plan.limits.max_failed = budget;
        });
        let mut world = World::new(&plan, failing(bad, outcome));
        world.later(at(0), created());
        world.run_until(|rollout| rollout.stages().any(|stage| stage.status == StageStatus::Soaking));
        assert_eq!(installed(&world), wanted, "{policy:?} {outcome} {bad:?}");
        assert_eq!(world.most_in_progress, 1, "one at a time");
        assert!(
            world
                .rollout
                .stages()
                .skip(1)
                .all(|stage| stage.status == StageStatus::Pending)
        );
        assert_eq!(world.rollout.counts().of(TargetState::Succeeded), 1);
        if outcome == Outcome::Unreachable && policy == OnUnreachable::Defer {
            continue;
        }
        assert_eq!(
            world.run(),
            ActionStatus::Completed,
            "{policy:?} {outcome} {bad:?}"
        );
    }
}

#[test]
fn a_canary_that_is_unfit_from_the_start_is_stood_in_for() {
    let plan = careful(|plan| plan.limits.on_unreachable = OnUnreachable::Skip);
    let mut world = World::new(&plan, failing(&[], Outcome::Ok));
    world.happen(&created());
    world.happen(&Event::LeasesTaken);
    world.happen(&Event::HostsChecked {
        unfit: vec![(name("h1"), Outcome::Unreachable, "no route".to_owned())],
    });
    world.forget();
    for effect in world.rollout.outstanding(world.now) {
        world.carry_out(effect);
    }
    assert_eq!(world.run(), ActionStatus::Completed);
    assert_eq!(installed(&world), ["h2", "h3", "h4", "h5"]);
    let waited = moment(&world, begins("h3")) - moment(&world, begins("h2"));
    assert!(waited > 100, "the stand-in was watched first: {waited} s");
}

#[test]
fn a_canary_that_goes_bad_while_it_is_watched_is_stood_in_for() {
    let plan = careful(|plan| plan.limits.max_failed = 1);
    let fate: Fate = Box::new(|target, way, step, attempt| {
        if (target, way, step) == ("h1", Way::Forth, "check") && attempt > 1 {
            Outcome::Failed
        } else {
            Outcome::Ok
        }
    });
    let mut world = World::new(&plan, fate);
    assert_eq!(world.start(), ActionStatus::Completed);
    assert_eq!(world.rollout.target("h1").unwrap().state, TargetState::Failed);
    let waited = moment(&world, begins("h3")) - moment(&world, begins("h2"));
    assert!(
        waited > 100,
        "the stand-in was watched for a whole soak: {waited} s"
    );
}

#[test]
fn the_stand_ins_failures_count_as_those_of_the_stage() {
    let plan = careful(|plan| {
        plan.limits.max_failed = 1;
        plan.stages[0].on_failure = Some(OnFailure::Stop);
    });
    let mut world = World::new(&plan, failing(&["h1", "h2"], Outcome::Failed));
    assert_eq!(world.start(), ActionStatus::Failed);
    assert_eq!(installed(&world), ["h1", "h2"]);
    assert!(world.bad.is_empty(), "the canary says stop, not rollback");
}

#[test]
fn those_put_off_stand_in_one_at_a_time_where_nobody_else_is_left() {
    let plan = careful(|plan| plan.limits.on_unreachable = OnUnreachable::Defer);
    // Nobody can be reached at first, and h1 not at all.
    let fate = || -> Fate {
        Box::new(|target, way, step, attempt| {
            if way == Way::Forth && step == "install" && (attempt == 1 || target == "h1") {
                Outcome::Unreachable
            } else {
                Outcome::Ok
            }
        })
    };
    let mut world = World::new(&plan, fate());
    assert_eq!(world.start(), ActionStatus::RolledBack, "h1 is a failure at last");
    let second: Vec<&str> = installed(&world)[5..].to_vec();
    assert_eq!(second, ["h1"]);

    let plan = careful(|plan| {
        plan.limits.on_unreachable = OnUnreachable::Defer;
        plan.limits.max_failed = 1;
    });
    let mut world = World::new(&plan, fate());
    assert_eq!(world.start(), ActionStatus::Completed);
    assert_eq!(&installed(&world)[5..7], ["h1", "h2"]);
    let again = |target: &str| {
        let begins = |event: &Event| matches!(event, Event::StepStarted { target: of, attempt: 2, .. } if of.as_str() == target);
        moment(&world, begins)
    };
    let waited = again("h3") - again("h2");
    assert!(
        waited > 100,
        "the first good one was watched before the others: {waited} s"
    );
}

#[test]
fn where_nobody_is_left_it_ends_at_once() {
    let plan = careful(|plan| {
        plan.limits.on_unreachable = OnUnreachable::Skip;
        plan.stages[1].gate = Gate::Approval;
    });
    let all = &["h1", "h2", "h3", "h4", "h5"];
    let mut world = World::new(&plan, failing(all, Outcome::Unreachable));
    assert_eq!(world.start(), ActionStatus::Failed);
    assert_eq!(world.most_in_progress, 1);
}

#[test]
fn force_and_a_promotion_to_the_end_ask_for_no_proof() {
    for skip in [Steer::Force, Steer::Promote { to_end: true }] {
        let plan = careful(|plan| plan.limits.on_unreachable = OnUnreachable::Skip);
        let mut world = World::new(&plan, failing(&["h1"], Outcome::Unreachable));
        world.later(at(1), steer(skip.clone()));
        assert_eq!(world.start(), ActionStatus::Completed);
        assert!(
            world
                .rollout
                .stages()
                .all(|stage| stage.status == StageStatus::Done)
        );
        let mut done = world.rollout.stages().map(|stage| stage.ended_at);
        let first = done.next().flatten().unwrap();
        assert_eq!(
            moment(&world, begins("h2")),
            first.millis_since(at(0)) / 1000,
            "{skip:?}"
        );
    }
}

/// The old ones stay in service where nobody new came.
#[test]
fn nobody_leaves_service_where_nobody_new_is_good() {
    for (on_failure, wanted) in [
        (OnFailure::Rollback, ActionStatus::RolledBack),
        (OnFailure::Stop, ActionStatus::Failed),
        (OnFailure::Pause, ActionStatus::Waiting),
    ] {
        let plan = plan(&[2, 2], 0, |plan| {
            plan.limits.on_failure = on_failure;
            plan.limits.max_failed = 2;
            plan.stages[1].only_out = true;
        });
        let mut world = World::new(&plan, failing(&["h1", "h2"], Outcome::Failed));
        assert_eq!(world.start(), wanted, "{on_failure:?}");
        assert_eq!(world.rollout.target("h3").unwrap().touched, None);
        if wanted == ActionStatus::Waiting {
            let waiting = world.rollout.waiting_for().unwrap();
            assert_eq!(waiting.kind, WaitKind::Paused);
            assert!(
                waiting
                    .detail
                    .contains("nobody of stage s0 is good, so nobody of stage s1 may leave service"),
                "{waiting:?}"
            );
            world.later(world.now, steer(Steer::Resume));
            assert_eq!(
                world.run(),
                ActionStatus::Completed,
                "whoever resumes it has decided"
            );
        }
    }
}
