//! Who may start: the answers of the load balancer.

use crate::domain::action::{ActionStatus, WaitKind};
use crate::domain::rollout::fixture::{at, created, name, plan};
use crate::domain::rollout::{Effect, Event, PoolCount, PoolSeen, Rollout, Timer};

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

#[test]
fn an_answer_is_never_used_for_two_starts() {
    let listed = |target: &str| Event::PoolsSeen {
        target: name(target),
        pools: vec![PoolSeen {
            pool: "p".to_owned(),
            in_service: (1..=10).map(|number| name(&format!("h{number}"))).collect(),
            held: Vec::new(),
        }],
    };
    let counted = |target: &str| Event::PoolsCounted {
        target: name(target),
        pools: vec![PoolCount {
            pool: "p".to_owned(),
            in_service: 10,
            itself: true,
            out_of_service: Vec::new(),
        }],
    };
    for answer in [listed, counted] as [fn(&str) -> Event; 2] {
        let mut rollout = two_questions();
        let first = rollout.apply(&answer("h1"), at(1)).unwrap();
        assert!(matches!(first[0], Effect::RunStep { .. }));
        let second = rollout.apply(&answer("h2"), at(1)).unwrap();
        assert!(
            matches!(&second[..], [Effect::Arm { timer: Timer::Pools { target }, .. }] if *target == name("h2")),
            "{second:?}"
        );
    }
}

#[test]
fn a_member_out_of_service_goes_first_where_nobody_else_may() {
    let mut rollout = two_questions();
    let nine = Event::PoolsSeen {
        target: name("h1"),
        pools: vec![PoolSeen {
            pool: "p".to_owned(),
            in_service: (1..=9).map(|number| name(&format!("h{number}"))).collect(),
            held: Vec::new(),
        }],
    };
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
