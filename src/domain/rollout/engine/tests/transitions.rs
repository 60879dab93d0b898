//! The tables of transitions: every state against every event, as letters.
//!
//! `T` taken: something changes; `-` taken without effect, for it comes too late to matter;
//! `R` refused, and nothing changes.

use std::sync::Arc;

use crate::domain::action::{ActionId, ActionStatus};
use crate::domain::actor::Actor;
use crate::domain::analysis::Measurement;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Gate, OnFailure, OnInconclusive, Plan};
use crate::domain::rollout::fixture::{at, created, name, plan, result};
use crate::domain::rollout::{
    Effect, Event, PoolCount, Refused, Rollout, RolloutSettings, Steer, Timer, Way,
};
use crate::domain::timestamp::Timestamp;

fn a_plan() -> Arc<Plan> {
    plan(&[1, 2], 0, |plan| {
        plan.limits.on_failure = OnFailure::Pause;
        plan.limits.on_inconclusive = OnInconclusive::Pause;
        plan.limits.success_window_seconds = 5;
        plan.limits.target_deadline_seconds = Some(300);
        plan.limits.progress_deadline_seconds = Some(900);
        plan.stages[0].soak_seconds = 30;
        plan.stages[0].gate = Gate::Approval;
        for target in &mut plan.targets {
            target.steps[1].retries = 1;
            target.steps[1].retry_delay_seconds = 7;
        }
    })
}

fn rollout_after(events: &[Event]) -> Rollout {
    let mut rollout = Rollout::new(a_plan());
    for event in events {
        rollout
            .apply(event, at(0))
            .unwrap_or_else(|refused| panic!("{refused}"));
    }
    rollout.take_decisions();
    rollout
}

fn id() -> ActionId {
    ActionId::from_parts(at(0), [1; 10])
}

pub(super) fn steered(steer: Steer) -> Event {
    Event::Steered {
        steer,
        by: Actor::System,
        reason: String::new(),
    }
}

fn taken() -> Vec<Event> {
    vec![created(), Event::LeasesTaken]
}

fn checked() -> Vec<Event> {
    let mut events = taken();
    events.push(Event::HostsChecked { unfit: Vec::new() });
    events
}

fn counted(target: &str) -> Event {
    Event::PoolsCounted {
        target: name(target),
        pools: vec![PoolCount {
            pool: "p".to_owned(),
            in_service: 3,
            itself: true,
            ..PoolCount::default()
        }],
    }
}

fn started(target: &str, step: u32, attempt: u32) -> Event {
    Event::StepStarted {
        target: name(target),
        way: Way::Forth,
        step,
        attempt,
    }
}

fn ended(target: &str, step: u32, attempt: u32, outcome: Outcome) -> Event {
    Event::StepEnded {
        target: name(target),
        way: Way::Forth,
        step,
        attempt,
        result: result(outcome),
    }
}

fn in_step() -> Vec<Event> {
    let mut events = checked();
    events.extend([
        counted("h1"),
        started("h1", 0, 1),
        ended("h1", 0, 1, Outcome::Ok),
        started("h1", 1, 1),
    ]);
    events
}

fn in_window() -> Vec<Event> {
    let mut events = in_step();
    events.push(ended("h1", 1, 1, Outcome::Ok));
    for step in 2..4 {
        events.push(started("h1", step, 1));
        events.push(ended("h1", step, 1, Outcome::Ok));
    }
    events
}

fn with(mut events: Vec<Event>, more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    events.extend(more);
    events
}

fn timer(timer: Timer) -> Event {
    Event::TimerFired { timer }
}

/// One letter for what the event does in that state, long after every timer's moment.
fn letter(rollout: &Rollout, event: &Event) -> char {
    let mut after = rollout.clone();
    match after.apply(event, at(100_000)) {
        Ok(effects) if effects.is_empty() && after == *rollout => '-',
        Ok(_) => 'T',
        Err(refused) => {
            assert!(after == *rollout, "a refused event changes nothing");
            assert!(!refused.to_string().is_empty());
            'R'
        }
    }
}

pub(super) fn row(rollout: &Rollout, events: &[Event]) -> String {
    events.iter().map(|event| letter(rollout, event)).collect()
}

#[test]
fn the_action() {
    let waits_for = |needs: &[&str], due: u64, behind: Option<ActionId>| {
        vec![Event::Created {
            due_at: at(due),
            needs_approval: needs.iter().map(|&need| need.to_owned()).collect(),
            queued_behind: behind,
            settings: RolloutSettings::default(),
        }]
    };
    let moved = Event::QueueMoved {
        behind: ActionId::from_parts(at(2), [9; 10]),
    };
    let held = Event::LeasesHeld {
        holder: id(),
        targets: vec![name("h1")],
    };
    let states: Vec<(&str, Vec<Event>, ActionStatus)> = vec![
        ("not created", vec![], ActionStatus::Building),
        (
            "approval",
            waits_for(&["h1/install: x"], 0, None),
            ActionStatus::Waiting,
        ),
        ("queued", waits_for(&[], 0, Some(id())), ActionStatus::Queued),
        ("countdown", waits_for(&[], 60, None), ActionStatus::Scheduled),
        ("leases asked", vec![created()], ActionStatus::Scheduled),
        (
            "leases held",
            vec![created(), held.clone()],
            ActionStatus::Waiting,
        ),
        ("hosts", taken(), ActionStatus::InProgress),
        ("running", checked(), ActionStatus::InProgress),
        (
            "ended",
            vec![created(), steered(Steer::Abort { rollback: false })],
            ActionStatus::Revoked,
        ),
    ];
    let events = vec![
        created(),
        Event::QueueReached,
        moved,
        held,
        Event::LeasesTaken,
        Event::HostsChecked { unfit: Vec::new() },
        counted("h1"),
        started("h1", 0, 1),
        ended("h1", 0, 1, Outcome::Ok),
        timer(Timer::Countdown),
        timer(Timer::Leases),
        timer(Timer::LeasesGiveUp),
        timer(Timer::ProgressDeadline),
        Event::Measured {
            stage: 0,
            metric: 0,
            measurement: 1,
            result: Measurement::of(0.0),
        },
    ];
    let got: Vec<(&str, String)> = states
        .iter()
        .map(|(state, path, status)| {
            let rollout = rollout_after(path);
            assert_eq!(rollout.status(), *status, "{state}");
            (*state, row(&rollout, &events))
        })
        .collect();
    let wanted = [
        ("not created", "TRRRRRRRRRRRRR"),
        ("approval", "R-TRRRRRR----R"),
        ("queued", "RTTRRRRRR----R"),
        ("countdown", "R-TRRRRRRT---R"),
        ("leases asked", "RRRTTRRRR----R"),
        ("leases held", "RRRRRRRRR-TT-R"),
        ("hosts", "RRRRRTRRR----R"),
        ("running", "RRRRRRTRR---T-"),
        ("ended", "R------RR-----"),
    ];
    assert_eq!(got, wanted.map(|(state, row)| (state, row.to_owned())));
}

#[test]
fn a_target() {
    let states: Vec<(&str, Vec<Event>)> = vec![
        ("asking", checked()),
        ("about to start", with(checked(), [counted("h1")])),
        ("in a step", in_step()),
        (
            "between attempts",
            with(in_step(), [ended("h1", 1, 1, Outcome::Failed)]),
        ),
        ("in its window", in_window()),
    ];
    let unknown = Event::PoolsUnknown {
        target: name("h1"),
        error: "no answer".to_owned(),
    };
    let of = |make: fn(crate::domain::name::TargetName) -> Timer| timer(make(name("h1")));
    let events = vec![
        counted("h1"),
        unknown,
        started("h1", 0, 1),
        started("h1", 1, 1),
        ended("h1", 0, 1, Outcome::Ok),
        ended("h1", 1, 1, Outcome::Ok),
        ended("h1", 1, 1, Outcome::Failed),
        ended("h1", 1, 2, Outcome::Ok),
        of(|target| Timer::Pools { target }),
        of(|target| Timer::Retry { target }),
        of(|target| Timer::Success { target }),
        of(|target| Timer::TargetDeadline { target }),
        started("h9", 0, 1),
    ];
    let got: Vec<(&str, String)> = states
        .iter()
        .map(|(state, path)| (*state, row(&rollout_after(path), &events)))
        .collect();
    let wanted = [
        ("asking", "TTRRRRRR----R"),
        ("about to start", "--TRRRRR---TR"),
        ("in a step", "--RRRTTR---TR"),
        ("between attempts", "--RRRRRR-T-TR"),
        ("in its window", "--RRRRRR--TTR"),
    ];
    assert_eq!(got, wanted.map(|(state, row)| (state, row.to_owned())));
}

fn soaking() -> Rollout {
    let mut rollout = rollout_after(&in_window());
    let window = timer(Timer::Success { target: name("h1") });
    rollout.apply(&window, at(5)).unwrap();
    rollout.apply(&started("h1", 2, 2), at(5)).unwrap();
    rollout.apply(&ended("h1", 2, 2, Outcome::Ok), at(5)).unwrap();
    rollout
}

fn at_the_gate() -> Rollout {
    let mut rollout = soaking();
    let effects = rollout.apply(&timer(Timer::Soak { stage: 0 }), at(1000)).unwrap();
    assert!(
        matches!(
            effects[..],
            [Effect::RunStep {
                step: 2,
                attempt: 3,
                ..
            }]
        ),
        "{effects:?}"
    );
    rollout.apply(&started("h1", 2, 3), at(1000)).unwrap();
    rollout.apply(&ended("h1", 2, 3, Outcome::Ok), at(1001)).unwrap();
    rollout
}

fn apply(mut rollout: Rollout, steer: Steer) -> Rollout {
    rollout.apply(&steered(steer), at(2000)).unwrap();
    rollout
}

/// Columns: pause resume promote promote-to-end force abort abort-back rollback approve reject.
#[test]
fn steering() {
    let steers = [
        Steer::Pause,
        Steer::Resume,
        Steer::Promote { to_end: false },
        Steer::Promote { to_end: true },
        Steer::Force,
        Steer::Abort { rollback: false },
        Steer::Abort { rollback: true },
        Steer::Rollback,
        Steer::Approve,
        Steer::Reject,
    ];
    let approval = Event::Created {
        due_at: at(0),
        needs_approval: vec!["h1/install: x".to_owned()],
        queued_behind: None,
        settings: RolloutSettings::default(),
    };
    let states: Vec<(&str, Rollout)> = vec![
        ("not created", rollout_after(&[])),
        ("approval", rollout_after(&[approval])),
        ("leases", rollout_after(&[created()])),
        ("nothing touched", rollout_after(&checked())),
        ("in a step", rollout_after(&in_step())),
        ("paused", apply(rollout_after(&in_step()), Steer::Pause)),
        ("soaking", soaking()),
        ("at the gate", at_the_gate()),
        ("forced", apply(rollout_after(&in_step()), Steer::Force)),
        ("going back", apply(rollout_after(&in_step()), Steer::Rollback)),
        (
            "aborting",
            apply(rollout_after(&in_step()), Steer::Abort { rollback: false }),
        ),
        (
            "ended",
            apply(rollout_after(&checked()), Steer::Abort { rollback: true }),
        ),
    ];
    let got: Vec<(&str, String)> = states
        .iter()
        .map(|(state, rollout)| {
            let row = steers.iter().map(|steer| {
                let may = rollout.may(steer);
                let mut after = rollout.clone();
                let applied = after.apply(&steered(steer.clone()), at(3000));
                assert_eq!(
                    may.is_ok(),
                    applied.is_ok(),
                    "{state} {steer:?}: may says what apply does"
                );
                assert!(!matches!(may, Err(Refused::Event { .. })));
                if may.is_ok() { 'T' } else { 'R' }
            });
            (*state, row.collect())
        })
        .collect();
    let wanted = [
        ("not created", "RRRRRRRRRR"),
        ("approval", "TRRRTTTRTT"),
        ("leases", "TRRRTTTRRR"),
        ("nothing touched", "TRRTTTTRRR"),
        ("in a step", "TRRTTTTTRR"),
        ("paused", "RTRTTTTTRR"),
        ("soaking", "TRTTTTTTRR"),
        ("at the gate", "TRRTTTTTTT"),
        ("forced", "TRRTRTTTRR"),
        ("going back", "TRRRRTRRRR"),
        ("aborting", "RRRRRRTTRR"),
        ("ended", "RRRRRRRRRR"),
    ];
    assert_eq!(got, wanted.map(|(state, row)| (state, row.to_owned())));
}

#[test]
fn a_refusal_names_the_state_and_the_event() {
    let mut rollout = rollout_after(&in_step());
    let refused = rollout.apply(&ended("h1", 0, 1, Outcome::Ok), at(1)).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("target h1") && text.contains("in a step"), "{text}");
    assert!(text.contains("step_ended (Forth step 0 attempt 1)"), "{text}");
}

#[test]
fn a_timer_before_its_moment_does_nothing() {
    let mut rollout = rollout_after(&in_window());
    let before = rollout.clone();
    let early: Timestamp = at(4);
    let effects = rollout
        .apply(&timer(Timer::Success { target: name("h1") }), early)
        .unwrap();
    assert!(effects.is_empty() && rollout == before);
}
