//! Who may start: the answers of the load balancer.

use crate::domain::action::{ActionStatus, WaitKind};
use crate::domain::outcome::Outcome;
use crate::domain::rollout::fixture::{at, counted, created, name, plan, result};
use crate::domain::rollout::{Effect, Event, Rollout, Timer, Way};

/// A rollout of ten whose pool must keep nine, at the point where both of its first questions are open.
fn two_questions() -> Rollout {
    let plan = plan(&[10], 9, |plan| plan.limits.max_parallel = 2);
    let mut rollout = Rollout::new(plan);
    for event in [
        created(),
        Event::LeasesTaken,
        Event::HostsChecked { unfit: Vec::new() },
    ] {
        rollout.apply(&event, at(0)).unwrap();
    }
    rollout
}

fn with_out(answer: Event, out: &[&str]) -> Event {
    let Event::PoolsCounted { target, mut pools } = answer else {
        unreachable!("that is what it counts")
    };
    pools[0].out_of_service = out.iter().map(|out| name(out)).collect();
    Event::PoolsCounted { target, pools }
}

#[test]
fn one_that_went_out_is_taken_off_once_whoever_counts_it() {
    // A balancer knows that it is out; one that started anew has forgotten it, and where nobody can be asked all count.
    for (says, away, may_start) in [(9, 1, false), (10, 0, false), (10, 1, true), (11, 0, true)] {
        let mut rollout = two_questions();
        rollout.apply(&counted("h1", 10, 0), at(1)).unwrap();
        for event in out_of_its_pool("h1") {
            rollout.apply(&event, at(2)).unwrap();
        }
        // Asked before it went, answered after: it was counted.
        let late = counted("h2", 10, 0);
        assert!(waits(&rollout.apply(&late, at(2)).unwrap(), "h2"));
        let asked_again = rollout.apply(
            &Event::TimerFired {
                timer: Timer::Pools { target: name("h2") },
            },
            at(60),
        );
        assert_eq!(asked_again.unwrap(), [Effect::AskPools { target: name("h2") }]);
        let effects = rollout.apply(&counted("h2", says, away), at(61)).unwrap();
        assert_eq!(waits(&effects, "h2"), !may_start, "{says} {away}: {effects:?}");
    }
}

#[test]
fn one_on_its_way_out_that_the_balancer_counts_no_more_is_not_taken_off_again() {
    for (out, may_start) in [(&["h1"][..], true), (&[], false)] {
        let mut rollout = two_questions();
        rollout.apply(&counted("h1", 10, 0), at(1)).unwrap();
        let answer = rollout.without_idle_names(with_out(counted("h2", 10, 0), out));
        assert_eq!(
            answer,
            counted("h2", 10, u32::from(may_start)),
            "its name is a number"
        );
        let effects = rollout.apply(&answer, at(1)).unwrap();
        assert_eq!(waits(&effects, "h2"), !may_start, "{out:?}: {effects:?}");
    }
}

fn out_of_its_pool(target: &str) -> [Event; 2] {
    let (target, way, step, attempt) = (name(target), Way::Forth, 0, 1);
    [
        Event::StepStarted {
            target: target.clone(),
            way,
            step,
            attempt,
        },
        Event::StepEnded {
            target,
            way,
            step,
            attempt,
            result: result(Outcome::Ok),
        },
    ]
}

fn waits(effects: &[Effect], who: &str) -> bool {
    matches!(effects, [Effect::Arm { timer: Timer::Pools { target }, .. }] if *target == name(who))
}

#[test]
fn names_are_kept_only_where_somebody_waits_for_them() {
    let rollout = two_questions();
    let plenty = with_out(counted("h1", 10, 0), &["h10", "h9"]);
    assert_eq!(
        rollout.without_idle_names(plenty),
        counted("h1", 10, 0),
        "it may start, so nobody has to go before it"
    );
    let late = with_out(counted("h5", 9, 0), &["h10"]);
    assert_eq!(
        rollout.without_idle_names(late),
        counted("h5", 9, 0),
        "h5 asks for nothing"
    );
}

#[test]
fn an_answer_is_never_used_for_two_starts() {
    let mut rollout = two_questions();
    let first = rollout.apply(&counted("h1", 10, 0), at(1)).unwrap();
    assert!(matches!(first[0], Effect::RunStep { .. }));
    let second = rollout.apply(&counted("h2", 10, 0), at(1)).unwrap();
    assert!(waits(&second, "h2"), "{second:?}");
}

#[test]
fn a_member_out_of_service_goes_first_where_nobody_else_may() {
    let mut rollout = two_questions();
    let nine = with_out(counted("h1", 9, 0), &["h10", "h2", "other"]);
    let nine = rollout.without_idle_names(nine);
    assert_eq!(
        nine,
        with_out(counted("h1", 9, 0), &["h10"]),
        "h2 asks already, and the other is none of its own"
    );
    let effects = rollout.apply(&nine, at(1)).unwrap();
    assert!(
        effects
            .iter()
            .any(|effect| *effect == Effect::AskPools { target: name("h10") }),
        "{effects:?}"
    );
}

#[test]
fn a_balancer_that_does_not_answer_is_waited_for_and_named() {
    let mut rollout = two_questions();
    for target in ["h1", "h2"] {
        let unknown = Event::PoolsUnknown {
            target: name(target),
            error: "connection refused".to_owned(),
        };
        rollout.apply(&unknown, at(1)).unwrap();
    }
    assert_eq!(rollout.status(), ActionStatus::Waiting);
    let waiting = rollout.waiting_for().unwrap();
    assert_eq!(waiting.kind, WaitKind::Balancer);
    assert!(waiting.detail.contains("connection refused"));
    assert_eq!(waiting.since, at(1));
}
