//! The tables of the stage's machine and of the courses of a rollout: every state against every event, in the
//! letters of `transitions.rs`.

use std::sync::Arc;

use crate::domain::action::TargetState;
use crate::domain::analysis::Measurement;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Gate, OnFailure, OnUnreachable, Plan};
use crate::domain::rollout::fixture::{analysis, at, created, name, plan, result};
use crate::domain::rollout::{Event, PoolCount, Rollout, StageStatus, Steer, Timer, Way};

use super::transitions::{row, steered};

/// Two stages of one target, whose way is one check and one command.
fn a_plan(change: impl FnOnce(&mut Plan)) -> Arc<Plan> {
    plan(&[1, 1], 0, |plan| {
        plan.limits.on_failure = OnFailure::Pause;
        plan.limits.on_unreachable = OnUnreachable::Defer;
        plan.limits.progress_deadline_seconds = Some(50);
        for target in &mut plan.targets {
            target.steps = target.steps[1..3].to_vec();
        }
        for target in &mut plan.rollback.targets {
            target.steps = target.steps[1..2].to_vec();
        }
        change(plan);
    })
}

fn seen(target: &str) -> Event {
    Event::PoolsCounted {
        target: name(target),
        pools: vec![PoolCount {
            pool: "p".to_owned(),
            in_service: 2,
            itself: true,
            ..PoolCount::default()
        }],
    }
}

fn step(target: &str, way: Way, step: u32, attempt: u32, outcome: Outcome) -> [Event; 2] {
    [
        Event::StepStarted {
            target: name(target),
            way,
            step,
            attempt,
        },
        Event::StepEnded {
            target: name(target),
            way,
            step,
            attempt,
            result: result(outcome),
        },
    ]
}

fn measured(metric: u32, measurement: u32, value: f64) -> Event {
    Event::Measured {
        stage: 0,
        metric,
        measurement,
        result: Measurement::of(value),
    }
}

fn timer(timer: Timer) -> Event {
    Event::TimerFired { timer }
}

fn begun(plan: Arc<Plan>) -> Rollout {
    let mut rollout = Rollout::new(plan);
    let events = [
        created(),
        Event::LeasesTaken,
        Event::HostsChecked { unfit: Vec::new() },
    ];
    feed(&mut rollout, events);
    rollout
}

fn feed(rollout: &mut Rollout, events: impl IntoIterator<Item = Event>) {
    for event in events {
        rollout
            .apply(&event, at(10))
            .unwrap_or_else(|refused| panic!("{refused}"));
    }
    rollout.take_decisions();
}

/// The first target is done.
fn first_done(rollout: &mut Rollout) {
    feed(rollout, [seen("h1")]);
    feed(rollout, step("h1", Way::Forth, 0, 1, Outcome::Ok));
    feed(rollout, step("h1", Way::Forth, 1, 1, Outcome::Ok));
}

fn done_first(change: impl FnOnce(&mut Plan)) -> Rollout {
    let mut rollout = begun(a_plan(change));
    first_done(&mut rollout);
    rollout
}

/// Columns: what concerns stages, then what concerns a target of another stage.
fn events() -> Vec<Event> {
    let mut events = vec![
        timer(Timer::Soak { stage: 0 }),
        timer(Timer::Soak { stage: 1 }),
        timer(Timer::Measure { stage: 0, metric: 0 }),
        timer(Timer::Measure { stage: 0, metric: 7 }),
        measured(0, 1, 0.0),
        measured(0, 1, 1.0),
        measured(0, 2, 0.0),
        timer(Timer::ProgressDeadline),
        steered(Steer::Approve),
        steered(Steer::Promote { to_end: false }),
        seen("h2"),
    ];
    events.extend(step("h2", Way::Forth, 0, 1, Outcome::Ok));
    events
}

#[test]
fn a_stage() {
    let analysed = |plan: &mut Plan| {
        plan.stages[0].gate = Gate::Analysis;
        plan.stages[0].analysis = Some(analysis(2, 0, 0));
    };
    let soaked = |plan: &mut Plan| plan.stages[0].soak_seconds = 30;
    let working = begun(a_plan(|_| ()));
    let soaking = done_first(soaked);
    let mut looking = done_first(soaked);
    looking.apply(&timer(Timer::Soak { stage: 0 }), at(40)).unwrap();
    let approval = done_first(|plan| plan.stages[0].gate = Gate::Approval);
    let asked = done_first(analysed);
    let mut between = done_first(analysed);
    feed(&mut between, [measured(0, 1, 0.0)]);
    let mut said_no = done_first(analysed);
    feed(&mut said_no, [measured(0, 1, 1.0)]);
    let next = done_first(|_| ());
    // The first target is out of reach and waits for its second chance, which comes after the last stage.
    let mut deferred = begun(a_plan(|_| ()));
    feed(&mut deferred, [seen("h1")]);
    feed(&mut deferred, step("h1", Way::Forth, 0, 1, Outcome::Unreachable));
    feed(&mut deferred, [seen("h2")]);
    feed(&mut deferred, step("h2", Way::Forth, 0, 1, Outcome::Ok));
    feed(&mut deferred, step("h2", Way::Forth, 1, 1, Outcome::Ok));
    assert_eq!(deferred.target("h1").unwrap().state, TargetState::Unreachable);

    let states = [
        ("working", working, StageStatus::Running, "-------TRR-RR"),
        ("soaking", soaking, StageStatus::Soaking, "T------TRT-RR"),
        ("looking", looking, StageStatus::Soaking, "-------TRT-RR"),
        ("approval", approval, StageStatus::Gate, "-------TTR-RR"),
        ("analysis asked", asked, StageStatus::Gate, "----TT-TRT-RR"),
        ("analysis between", between, StageStatus::Gate, "--T----TRT-RR"),
        ("analysis said no", said_no, StageStatus::Gate, "-------TRT-RR"),
        ("passed", next, StageStatus::Done, "-------TRRTRR"),
        ("deferred", deferred, StageStatus::Done, "-------TRR-RR"),
    ];
    for (state, rollout, status, wanted) in states {
        assert_eq!(rollout.stages().next().unwrap().status, status, "{state}");
        assert_eq!(row(&rollout, &events()), wanted, "{state}");
    }
}

/// Columns: what can happen to a target that was touched, on either way, and to one that was not.
#[test]
fn a_target_on_each_course() {
    let mut events = vec![seen("h1"), seen("h2")];
    for way in [Way::Forth, Way::Back] {
        events.extend(step("h1", way, 0, 1, Outcome::Ok));
        events.push(step("h1", way, 0, 1, Outcome::Failed)[1].clone());
    }
    events.extend([
        timer(Timer::Retry { target: name("h1") }),
        timer(Timer::Pools { target: name("h1") }),
        timer(Timer::TargetDeadline { target: name("h1") }),
        timer(Timer::ProgressDeadline),
    ]);
    let in_step = || {
        let mut rollout = begun(a_plan(|_| ()));
        feed(&mut rollout, [seen("h1")]);
        feed(
            &mut rollout,
            [step("h1", Way::Forth, 0, 1, Outcome::Ok)[0].clone()],
        );
        rollout
    };
    let steer = |mut rollout: Rollout, steer: Steer| {
        feed(&mut rollout, [steered(steer)]);
        rollout
    };
    let end = |mut rollout: Rollout| {
        feed(
            &mut rollout,
            [step("h1", Way::Forth, 0, 1, Outcome::Ok)[1].clone()],
        );
        rollout
    };
    let turning = steer(in_step(), Steer::Rollback);
    let asking_back = end(turning.clone());
    let mut about_to_go_back = asking_back.clone();
    feed(&mut about_to_go_back, [seen("h1")]);
    let mut going_back = about_to_go_back.clone();
    feed(
        &mut going_back,
        [step("h1", Way::Back, 0, 1, Outcome::Ok)[0].clone()],
    );
    let mut back = going_back.clone();
    feed(&mut back, [step("h1", Way::Back, 0, 1, Outcome::Ok)[1].clone()]);
    let halting = steer(in_step(), Steer::Abort { rollback: false });
    let aborted = end(halting.clone());
    let paused = steer(in_step(), Steer::Pause);
    for (state, rollout, wanted) in [
        ("in a step", in_step(), "--RTTRRR---T"),
        ("paused", paused, "--RTTRRR---T"),
        ("turning back", turning, "--RTTRRR---T"),
        ("asking on the way back", asking_back, "T-RRRRRR---T"),
        ("about to go back", about_to_go_back, "--RRRTRR---T"),
        ("in a step back", going_back, "--RRRRTT---T"),
        ("back", back, "--RRRRRR----"),
        ("halting", halting, "--RTTRRR---T"),
        ("aborted", aborted, "--RRRRRR----"),
    ] {
        assert_eq!(row(&rollout, &events), wanted, "{state}");
    }
}
