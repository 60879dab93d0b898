//! A load balancer that is silent for a time, members that other actions hold, and pools by patterns.

use serde_json::{Value, json};

use crate::domain::action::{ActionStatus, WaitKind};
use crate::domain::rollout::simulate::{Report, simulate};

fn run(change: &Value) -> Report {
    let mut file = json!({
        "targets": ["web-1", "web-2", "db-1", "db-2"], "version": "1", "to": "2",
        "pools": {"web": {"minimum": 1, "targets": "web-*"}},
        "config": {"strategy": "rolling", "max_parallel": 1},
        "steps": ["pool_out", "install", "check", "pool_in"],
    });
    for (key, value) in change.as_object().unwrap() {
        file[key] = value.clone();
    }
    simulate(&file.to_string()).unwrap()
}

#[test]
fn a_pool_has_the_targets_that_fit_its_pattern() {
    // Of two members that must both stay, none can be spared; those of no pool are no trouble.
    for (targets, minimum, lowest) in [
        (json!("web-*"), 1, 1),
        (json!("*"), 3, 3),
        (json!("db-?"), 1, 1),
        (json!(["web-1", "db-*"]), 2, 2),
    ] {
        let report = run(&json!({"pools": {"p": {"minimum": minimum, "targets": targets}}}));
        assert_eq!(report.status, ActionStatus::Completed, "{targets}");
        assert_eq!(report.pools[0].1.lowest_in_service, lowest, "{targets}");
    }
}

/// Four targets one after another take 11 s each.
#[test]
fn an_outage_of_the_load_balancer_is_waited_for() {
    let seconds = |report: &Report| report.seconds.as_millis() / 1000;
    let untouched = run(&json!({}));
    assert_eq!(seconds(&untouched), 44);
    for (outages, status, ends) in [
        // Nobody asks in that time: the third and the fourth are in no pool.
        (
            json!([{"from": 23, "until": 40}]),
            ActionStatus::Completed,
            44..45,
        ),
        // `web-1` asks at 0, and again every 15 s.
        (
            json!([{"from": 0, "until": 50}]),
            ActionStatus::Completed,
            44..110,
        ),
        // It is put back as soon as the balancer answers.
        (
            json!([{"from": 5, "until": 100}]),
            ActionStatus::Completed,
            133..150,
        ),
        // Of a pool that there is.
        (
            json!([{"pool": "web", "from": 0, "until": 50}]),
            ActionStatus::Completed,
            44..110,
        ),
        // Longer than anybody waits for it in a step: it fails, and goes back as soon as the balancer answers.
        (
            json!([{"from": 5, "until": 5000}]),
            ActionStatus::RolledBack,
            5000..5050,
        ),
    ] {
        let report = run(&json!({"outages": outages}));
        assert_eq!(report.status, status, "{outages}: {}", report.to_text());
        assert!(
            ends.contains(&seconds(&report)),
            "{outages}: {}",
            report.to_text()
        );
    }
    let text = run(&json!({"outages": [{"from": 0, "until": 50}]})).to_text();
    for wanted in [
        "         0  the load balancer is silent about pool web\n",
        "web-1 must wait, the load balancer does not answer: no answer about pool web",
        "        50  the load balancer answers about pool web again\n",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn a_balancer_that_never_answers_is_what_it_waits_for() {
    let report = run(&json!({"outages": [{}], "pools": {"web": {"targets": "*"}}}));
    assert_eq!(report.status, ActionStatus::Waiting);
    assert_eq!(report.waiting_for.unwrap().kind, WaitKind::Balancer);
}

#[test]
fn members_that_others_hold_do_not_count_until_they_are_given_back() {
    // Two targets and two others, of which two are held for a while; three must stay, so that nobody may go meanwhile.
    let with = |held: Value| {
        run(&json!({
            "targets": 2,
            "pools": {"p": {"minimum": 2, "others": 2, "held": held}},
        }))
    };
    let free = with(json!([]));
    assert_eq!(free.seconds.as_millis(), 22_000);
    assert_eq!(free.pools[0].1.lowest_in_service, 3);
    let held = with(json!([{"count": 2, "from": 0, "until": 100}]));
    assert_eq!(held.status, ActionStatus::Completed);
    assert!(held.seconds.as_millis() >= 122_000, "{}", held.to_text());
    assert_eq!(
        held.pools[0].1.lowest_in_service, 2,
        "it took nobody out while they were held"
    );
    // Others may take theirs after it was asked: that is not our doing, and is seen.
    let taken = with(json!([{"count": 2, "from": 5, "until": 100}]));
    assert_eq!(taken.pools[0].1.lowest_in_service, 1, "{}", taken.to_text());
    assert!(taken.to_text().contains("other actions take 2 members of pool p"));
    let for_ever = with(json!([{"count": 2}]));
    assert_eq!(for_ever.status, ActionStatus::Waiting);
    assert_eq!(for_ever.waiting_for.unwrap().kind, WaitKind::Capacity);
}
