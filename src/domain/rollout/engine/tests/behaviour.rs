//! Single rules: leases, pauses, unfit hosts, budgets, the way back.

use crate::domain::action::{ActionId, ActionStatus, TargetState, WaitKind};
use crate::domain::outcome::Outcome;
use crate::domain::plan::OnUnreachable;
use crate::domain::rollout::fixture::{World, all_ok, at, created, fate, name, plan, steer};
use crate::domain::rollout::{Effect, Event, Rollout, Steer, Timer, Way};

#[test]
fn leases_are_asked_for_again_until_patience_ends() {
    let mut rollout = Rollout::new(plan(&[1], 0, |_| ()));
    rollout.apply(&created(), at(0)).unwrap();
    let holder = ActionId::from_parts(at(0), [7; 10]);
    let held = Event::LeasesHeld {
        holder,
        targets: vec![name("h1")],
    };
    let fired = |timer| Event::TimerFired { timer };
    let effects = rollout.apply(&held, at(0)).unwrap();
    assert_eq!(
        effects,
        [
            Effect::Arm {
                timer: Timer::LeasesGiveUp,
                at: at(3600)
            },
            Effect::Arm {
                timer: Timer::Leases,
                at: at(5)
            }
        ]
    );
    let waiting = rollout.waiting_for().unwrap();
    assert_eq!(waiting.kind, WaitKind::Lease);
    assert!(waiting.detail.contains(&holder.to_string()) && waiting.detail.contains("h1"));
    assert_eq!(
        rollout.apply(&fired(Timer::Leases), at(5)).unwrap(),
        [Effect::TakeLeases]
    );
    rollout.apply(&held, at(6)).unwrap();
    assert_eq!(
        rollout.apply(&fired(Timer::LeasesGiveUp), at(3600)).unwrap(),
        [Effect::End {
            status: ActionStatus::Failed
        }]
    );
    assert_eq!(rollout.target("h1").unwrap().state, TargetState::Skipped);
}

#[test]
fn a_paused_rollout_finishes_what_runs_and_starts_nothing() {
    let plan = plan(&[4], 0, |plan| plan.limits.max_parallel = 1);
    let mut world = World::new(&plan, all_ok());
    world.later(at(2), steer(Steer::Pause));
    assert_eq!(world.start(), ActionStatus::Waiting);
    assert_eq!(world.rollout.waiting_for().unwrap().kind, WaitKind::Paused);
    assert_eq!(world.rollout.counts().of(TargetState::Succeeded), 1);
    assert_eq!(world.rollout.counts().of(TargetState::Pending), 3);
    world.later(world.now, steer(Steer::Resume));
    assert_eq!(world.run(), ActionStatus::Completed);
}

#[test]
fn unfit_hosts_that_are_too_many_end_it_before_anything_is_touched() {
    for (policy, unfit, wanted) in [
        (OnUnreachable::Fail, Outcome::Unreachable, ActionStatus::Failed),
        (OnUnreachable::Skip, Outcome::Unreachable, ActionStatus::Completed),
        (OnUnreachable::Defer, Outcome::AuthFailed, ActionStatus::Completed),
        (OnUnreachable::Skip, Outcome::Failed, ActionStatus::Failed),
    ] {
        let plan = plan(&[2], 0, |plan| plan.limits.on_unreachable = policy);
        let mut world = World::new(&plan, all_ok());
        world.happen(&created());
        world.happen(&Event::LeasesTaken);
        let checked = Event::HostsChecked {
            unfit: vec![(name("h1"), unfit, "no".to_owned())],
        };
        world.happen(&checked);
        world.forget();
        for effect in world.rollout.outstanding(world.now) {
            world.carry_out(effect);
        }
        assert_eq!(world.run(), wanted, "{policy:?} {unfit}");
        if wanted == ActionStatus::Failed {
            assert_eq!(world.rollout.touched().count(), 0);
            assert_eq!(world.rollout.target("h2").unwrap().state, TargetState::Skipped);
        }
    }
}

#[test]
fn those_out_of_reach_have_a_budget_of_their_own() {
    // (policy, budget, how many are gone, end, how many are left out)
    for (policy, budget, gone, wanted) in [
        (OnUnreachable::Skip, None, 3, ActionStatus::Completed),
        (OnUnreachable::Skip, Some(3), 3, ActionStatus::Completed),
        (OnUnreachable::Skip, Some(2), 3, ActionStatus::RolledBack),
        (OnUnreachable::Fail, Some(3), 3, ActionStatus::Completed),
        (OnUnreachable::Fail, Some(2), 3, ActionStatus::RolledBack),
        (OnUnreachable::Fail, None, 1, ActionStatus::RolledBack),
        (OnUnreachable::Defer, Some(1), 1, ActionStatus::Completed),
        (OnUnreachable::Defer, Some(0), 1, ActionStatus::RolledBack),
    ] {
        let plan = plan(&[1, 5], 0, |plan| {
            plan.limits.max_parallel = 1;
            plan.limits.on_unreachable = policy;
            plan.limits.max_unreachable = budget;
        });
        let away = fate(move |target, way, step, _| {
            let number: u32 = target[1..].parse().unwrap();
            (number > 6 - gone && way == Way::Forth && step == "install").then_some(Outcome::Unreachable)
        });
        let mut world = World::new(&plan, away);
        assert_eq!(world.start(), wanted, "{policy:?} {budget:?} {gone}");
        if wanted == ActionStatus::Completed {
            assert_eq!(world.rollout.counts().of(TargetState::Unreachable), gone);
        }
    }
}

#[test]
fn the_way_back_has_a_window_of_its_own() {
    let plan = plan(&[6], 0, |plan| {
        plan.limits.max_parallel = 1;
        plan.limits.rollback_max_parallel = Some(4);
    });
    let mut world = World::new(
        &plan,
        fate(|target, way, step, _| {
            (target == "h5" && way == Way::Forth && step == "check").then_some(Outcome::Failed)
        }),
    );
    assert_eq!(world.start(), ActionStatus::RolledBack);
    assert_eq!(world.most_in_progress, 4);
}

#[test]
fn a_target_that_did_not_get_back_says_how_to_finish_by_hand() {
    let plan = plan(&[1, 2], 0, |plan| {
        plan.limits.max_parallel = 1;
        for target in &mut plan.rollback.targets {
            target.steps[1].command = Some("ln -sfn '/opt/1' /opt/current".to_owned());
            if let crate::domain::plan::Work::Run { sudo, .. } = &mut target.steps[1].work {
                *sudo = true;
            }
        }
    });
    let mut world = World::new(
        &plan,
        fate(|target, way, step, _| match (target, way, step) {
            ("h2", Way::Forth, "check") => Some(Outcome::Failed),
            ("h1", Way::Back, "install") => Some(Outcome::Unreachable),
            _ => None,
        }),
    );
    assert_eq!(world.start(), ActionStatus::Failed);
    let target = |name: &str| world.rollout.target(name).unwrap();
    assert_eq!(target("h2").state, TargetState::RolledBack);
    assert_eq!(target("h2").by_hand, None);
    assert_eq!(
        (target("h3").state, &target("h3").by_hand),
        (TargetState::Skipped, &None),
        "never touched"
    );
    assert_eq!(target("h1").state, TargetState::Unreachable);
    assert_eq!(
        target("h1").by_hand.as_deref(),
        Some(
            "`edgewise exec --hosts h1 --sudo -- 'ln -sfn '\\''/opt/1'\\'' /opt/current'`; see that port 80 of \
             127.0.0.1 answers"
        ),
        "it is in service already"
    );
}
