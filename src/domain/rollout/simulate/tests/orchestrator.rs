//! The scenarios that a well-known orchestrator's own tests hold, re-created against this engine on the
//! virtual clock: one host after another, rollback of all, blue-green, independent entities, thresholds,
//! windows of health, selection. What was hollow there (a check that counted nothing) is real here.
//!
//! Each test stands for these numbers of that list: 1 and 26 `rollback_of_one_entity`, 2 and 25
//! `rollout_of_one_entity`, 3 and 4 `blue_green_*`, 5 and 6 `entities_*`, 7 `saved_and_loaded_*`, 9 and 10
//! `target_version_and_options_*`, 11 `when_nobody_*`, 12 `a_report_that_comes_twice_*`, 13 and 17
//! `all_are_good_at_once`, 16 and 19 `all_good_*` and `a_failure_ends_*`, 18 and 21 to 22 `half_of_ten_*`, 20 `a_host_*`,
//! 23 `the_next_version_*`, 24 `force_*`, 27 `answers_that_come_late_*`, 28 `the_batch_*`, 29 `a_selection_*`, 30
//! `whoever_is_asked_*`. The others are about that system's tables and stores (8, 14, 15 and 31 to 33) and stand with the
//! tests of our store, `tests/integration/store/orchestrator.rs`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::name::TargetName;
use crate::domain::plan::Plan;
use crate::domain::rollout::simulate::scenario::Scenario;
use crate::domain::rollout::simulate::{Report, layout, run, simulate};
use crate::domain::rollout::{Event, PoolCount};

/// Runs it, and tells how many hosts had version 2 each time that number changed.
fn watch(file: &Value) -> (Report, Vec<usize>) {
    let scenario = Scenario::read(&file.to_string()).unwrap();
    let plan: Arc<Plan> = layout::plan(&scenario).unwrap();
    let mut counts = vec![0];
    let report = run(&scenario, &plan, |_, world, _, _| {
        let count = world
            .names()
            .filter(|name| world.version(name) == Some("2"))
            .count();
        if counts.last() != Some(&count) {
            counts.push(count);
        }
    });
    (report, counts)
}

fn file(targets: u32, config: &Value) -> Value {
    json!({"targets": targets, "version": "1", "to": "2", "config": config,
           "durations": {"install": 1, "check": 0}})
}

/// One at a time, as a batch of 5 % of a small fleet is.
fn one_by_one(targets: u32) -> Value {
    file(
        targets,
        &json!({"strategy": "rolling", "max_parallel": 1, "success_window_seconds": 1}),
    )
}

fn bad(mut file: Value, failures: &Value) -> Value {
    file["failures"] = failures.clone();
    file
}

fn all_bad() -> Value {
    json!([{"version": "2", "step": "check", "kind": "fail"}])
}

fn versions(report: &Report, version: &str) -> usize {
    report
        .targets
        .iter()
        .filter(|(_, end)| end.version.as_deref() == Some(version))
        .count()
}

#[test]
fn rollback_of_one_entity() {
    let (report, counts) = watch(&bad(one_by_one(3), &all_bad()));
    assert_eq!(report.status, ActionStatus::RolledBack);
    assert_eq!(counts, [0, 1, 0], "exactly one host ever had it");
    assert_eq!(versions(&report, "1"), 3);
}

#[test]
fn rollout_of_one_entity() {
    let (report, counts) = watch(&one_by_one(3));
    assert_eq!(report.status, ActionStatus::Completed);
    assert_eq!(counts, [0, 1, 2, 3]);
}

fn blue_green() -> Value {
    let targets: Vec<Value> = (0..6)
        .map(|number| json!({"name": format!("h{number}"), "in_service": number < 3}))
        .collect();
    json!({"targets": targets, "version": "1", "to": "2", "durations": {"install": 1},
           "pools": {"p": {"minimum": 3}}, "config": {"strategy": "blue_green"}})
}

#[test]
fn blue_green_rollout_brings_the_new_in_before_the_old_go_out() {
    // How many are in service, and how many of those have version 2, whenever that changes.
    let scenario = Scenario::read(&blue_green().to_string()).unwrap();
    let plan = layout::plan(&scenario).unwrap();
    let mut seen = vec![(3, 0)];
    let report = run(&scenario, &plan, |_, world, _, _| {
        let serving: Vec<_> = world.serving().collect();
        let new = serving
            .iter()
            .filter(|name| world.version(name) == Some("2"))
            .count();
        if seen.last() != Some(&(serving.len(), new)) {
            seen.push((serving.len(), new));
        }
    });
    assert_eq!(report.status, ActionStatus::Completed);
    assert_eq!(seen, [(3, 0), (4, 1), (5, 2), (6, 3), (5, 3), (4, 3), (3, 3)]);
    let order: Vec<&str> = report.touched.iter().map(TargetName::as_str).collect();
    assert_eq!(order, ["h3", "h4", "h5", "h0", "h1", "h2"]);
    assert_eq!(versions(&report, "1"), 3, "the old ones keep what they have");
    assert!(
        report
            .targets
            .iter()
            .all(|(_, end)| end.state == TargetState::Succeeded)
    );
}

#[test]
fn blue_green_rollback_puts_the_old_in_again() {
    let early = simulate(&bad(blue_green(), &all_bad()).to_string()).unwrap();
    assert_eq!(early.status, ActionStatus::RolledBack);
    assert!(
        early.touched.iter().all(|name| name.as_str() >= "h3"),
        "the old ones were left alone"
    );

    // Two of the old ones are out already when it goes back: they come in again, with what they had.
    let mut late = blue_green();
    late["config"]["max_parallel"] = json!(1);
    late["durations"]["drain"] = json!(30);
    late["steps"] = json!(["pool_out", "drain", "install", "check", "pool_in"]);
    late["steer"] = json!([{"at": 150, "do": "rollback", "reason": "complaints"}]);
    let report = simulate(&late.to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::RolledBack);
    let text = report.to_text();
    assert!(
        text.contains("h0 succeeded") && text.contains("h0 rolled_back"),
        "{text}"
    );
    assert_eq!(versions(&report, "1"), 6);
    assert_eq!(
        report.pools[0].1.lowest_in_service, 3,
        "three served at any moment"
    );
}

#[test]
fn entities_do_not_disturb_each_other() {
    let good = simulate(&one_by_one(3).to_string()).unwrap();
    let failed = simulate(&bad(one_by_one(3), &all_bad()).to_string()).unwrap();
    assert_eq!(good.status, ActionStatus::Completed);
    assert_eq!(failed.status, ActionStatus::RolledBack);
    assert_eq!(good, simulate(&one_by_one(3).to_string()).unwrap());
}

#[test]
fn saved_and_loaded_in_the_middle_it_ends_the_same() {
    let (straight, _) = watch(&one_by_one(3));
    for death in [0.0, 0.5, 1.0, 1.5, 2.0, 3.5] {
        let mut file = one_by_one(3);
        file["restarts"] = json!([death]);
        let (report, counts) = watch(&file);
        assert_eq!(report.status, straight.status, "{death}");
        assert_eq!(report.targets, straight.targets, "{death}");
        assert_eq!(report.seconds, straight.seconds, "{death}");
        assert_eq!(counts, [0, 1, 2, 3], "{death}");
    }
}

#[test]
fn when_nobody_can_be_selected_nobody_is_touched() {
    // Two of four are out of service already, and three must stay: those in service are never taken.
    let file = json!({
        "targets": [{"name": "a"}, {"name": "b"}, "c", "d", {"name": "e", "in_service": false}],
        "version": "1", "to": "2", "pools": {"p": {"minimum": 4}},
        "config": {"stages": [{"targets": ["a", "b", "c", "d"]}, {}]},
    });
    let report = simulate(&file.to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::Waiting);
    assert!(report.touched.is_empty());
    let detail = report.waiting_for.unwrap().detail;
    assert!(
        detail.contains("4 in service, 3 without it, 4 must stay"),
        "{detail}"
    );
}

#[test]
fn all_good_or_all_bad_of_ten() {
    let stop = json!({"strategy": "all_at_once", "on_failure": "stop"});
    let good = simulate(&file(10, &stop).to_string()).unwrap();
    assert_eq!(good.status, ActionStatus::Completed);
    let failed = simulate(&bad(file(10, &stop), &all_bad()).to_string()).unwrap();
    assert_eq!(failed.status, ActionStatus::Failed);
    let states = failed.targets.iter().map(|(_, end)| end.state);
    assert!(
        states.clone().all(|state| state == TargetState::Failed),
        "all were under way"
    );
}

#[test]
fn a_failure_ends_the_selection_at_once() {
    let stop = json!({"strategy": "rolling", "max_parallel": 2, "on_failure": "stop"});
    let report = simulate(&bad(file(10, &stop), &all_bad()).to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::Failed);
    assert_eq!(
        report.touched.len(),
        2,
        "nobody was started after the first failure"
    );
}

#[test]
fn a_host_is_in_progress_until_its_window_of_health_is_over() {
    let config = json!({"strategy": "rolling", "max_parallel": 1, "success_window_seconds": 60});
    let report = simulate(&file(10, &config).to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::Completed);
    assert_eq!(
        report.seconds.as_millis(),
        10 * 61_000,
        "61 s each, one after another"
    );
}

#[test]
fn a_host_that_fails_within_its_window_of_health_fails() {
    let config = json!({"strategy": "rolling", "max_parallel": 1, "success_window_seconds": 60});
    let failures = json!([{"version": "2", "step": "check", "kind": "fail", "after_seconds": 30}]);
    let report = simulate(&bad(file(10, &config), &failures).to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::RolledBack);
    assert_eq!(report.touched.len(), 1);
}

#[test]
fn a_host_that_is_not_good_by_its_deadline_fails() {
    let config = json!({"strategy": "rolling", "max_parallel": 1, "target_deadline_seconds": 3});
    let failures = json!([{"target": "h2", "step": "install", "kind": "slow"}]);
    let report = simulate(&bad(file(3, &config), &failures).to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::RolledBack);
    let error = report.targets[1].1.error.as_deref();
    assert_eq!(error, Some("not done within its deadline of 3 s"));
}

#[test]
fn half_of_ten_are_five() {
    let config = json!({"strategy": "rolling", "max_parallel": "50%"});
    let (_, counts) = watch(&file(10, &config));
    // All five of a batch end in the same second.
    assert_eq!(counts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    let report = simulate(&bad(file(10, &config), &all_bad()).to_string()).unwrap();
    assert_eq!(report.touched.len(), 5);
}

#[test]
fn the_batch_is_counted_over_all_groups() {
    let targets: Vec<Value> = (0..20)
        .map(|number| json!({"name": format!("h{number}"), "group": format!("g{}", number / 10)}))
        .collect();
    let file = json!({"targets": targets, "version": "1", "to": "2",
        "config": {"strategy": "rolling", "max_parallel": "5%"},
        "failures": [{"target": "h0", "step": "check", "kind": "hang"}]});
    let report = simulate(&file.to_string()).unwrap();
    assert_eq!(report.touched.len(), 1, "the one slot of twenty is taken");
}

#[test]
fn a_selection_of_one_host_takes_it_alone() {
    let config = json!({"stages": [{"targets": ["h3"], "gate": "approval"}, {}]});
    let (report, counts) = watch(&file(10, &config));
    assert_eq!(report.status, ActionStatus::Waiting);
    assert_eq!(counts, [0, 1]);
    assert_eq!(report.touched[0].as_str(), "h3");
}

#[test]
fn the_first_version_that_fails_stops_and_holds() {
    let mut first = bad(one_by_one(3), &all_bad());
    first["version"] = Value::Null;
    let report = simulate(&first.to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::Failed);
    assert_eq!(
        report.targets[0].1.version.as_deref(),
        Some("2"),
        "it did not go back to nothing"
    );
    assert_eq!(report.touched.len(), 1);
}

#[test]
fn force_skips_every_soak_and_gate_that_follows() {
    let config = json!({"stages": "1,100%", "soak_seconds": 600, "gate": "approval"});
    let mut forced = file(4, &config);
    forced["steer"] = json!([{"at": 5, "do": "force", "reason": "security fix"}]);
    let report = simulate(&forced.to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::Completed);
    assert!(report.seconds.as_millis() < 60_000);
}

#[test]
fn a_share_of_failures_below_the_budget_goes_through() {
    let config = json!({"strategy": "rolling", "max_parallel": "10%", "max_failed": "10%"});
    let failures = json!([{"target": "h3", "step": "check", "kind": "fail", "version": "2"},
                          {"target": "h17", "step": "check", "kind": "fail", "version": "2"}]);
    let report = simulate(&bad(file(20, &config), &failures).to_string()).unwrap();
    assert_eq!(report.status, ActionStatus::Completed);
    assert_eq!(
        versions(&report, "2"),
        20,
        "a tolerated failure is left where it is"
    );
}

/// A rollout's version and limits are what was asked for, and are frozen with its plan.
#[test]
fn target_version_and_options_are_read_back() {
    let config = json!({"strategy": "rolling", "max_parallel": "50%", "max_failed": "20%",
        "success_window_seconds": 1800, "target_deadline_seconds": 7200});
    let scenario = Scenario::read(&file(10, &config).to_string()).unwrap();
    let plan = layout::plan(&scenario).unwrap();
    assert_eq!(plan.version.as_deref(), Some("2"));
    let limits = &plan.limits;
    assert_eq!((limits.max_parallel, limits.max_failed), (5, 2));
    assert_eq!(limits.success_window_seconds, 1800);
    assert_eq!(limits.target_deadline_seconds, Some(7200));
}

#[test]
fn a_report_that_comes_twice_changes_nothing() {
    let scenario = Scenario::read(&one_by_one(3).to_string()).unwrap();
    let plan = layout::plan(&scenario).unwrap();
    let mut repeated = 0;
    run(&scenario, &plan, |rollout, _, event, now| {
        if matches!(event, Event::StepStarted { .. } | Event::StepEnded { .. }) {
            let mut again = rollout.clone();
            // Which host, and where it stands, is said in the refusal.
            let refused = again.apply(event, now).unwrap_err().to_string();
            assert!(
                refused.contains("target h") || refused.contains("is ended"),
                "{refused}"
            );
            assert!(again == *rollout);
            repeated += 1;
        }
    });
    assert_eq!(
        repeated,
        3 * 4 * 2 + 3 * 2,
        "every step, and every check at the end of its window"
    );
}

#[test]
fn all_are_good_at_once() {
    let (report, counts) = watch(&file(20, &json!({"strategy": "all_at_once"})));
    assert_eq!(report.status, ActionStatus::Completed);
    assert_eq!(counts.last(), Some(&20));
    assert_eq!(report.seconds.as_millis(), 1000, "none waited for another");
}

/// A version that was good becomes the one to go back to; one that was bad is told of.
#[test]
fn the_next_version_goes_back_to_the_last_good_one() {
    let first = simulate(&one_by_one(3).to_string()).unwrap();
    assert_eq!(versions(&first, "2"), 3);
    let mut next = bad(
        one_by_one(3),
        &json!([{"version": "3", "step": "check", "kind": "fail"}]),
    );
    next["version"] = json!("2");
    next["to"] = json!("3");
    let second = simulate(&next.to_string()).unwrap();
    assert_eq!(second.status, ActionStatus::RolledBack);
    assert_eq!(versions(&second, "2"), 3, "not to version 1");
}

/// A monitor that is away neither fails a host nor takes a good release back (hollow there: it did).
#[test]
fn a_monitor_that_is_away_takes_nothing_back() {
    for on_inconclusive in ["pause", "pass"] {
        let mut file = file(
            4,
            &json!({"stages": "1,100%", "gate": "analysis", "on_inconclusive": on_inconclusive}),
        );
        file["analysis"] = json!("unreachable");
        let report = simulate(&file.to_string()).unwrap();
        let wanted = match on_inconclusive {
            "pause" => ActionStatus::Waiting,
            _ => ActionStatus::Completed,
        };
        assert_eq!(report.status, wanted);
        assert!(report.targets.iter().all(|(_, end)| end.error.is_none()));
        assert!(versions(&report, "2") >= 1);
    }
}

/// Reports come when they come: what was asked long ago, or comes twice, starts nobody while the one in progress is not
/// known to be good.
#[test]
fn answers_that_come_late_start_nobody() {
    let mut file = one_by_one(10);
    file["config"]["success_window_seconds"] = json!(120);
    file["pools"] = json!({"web": {"minimum": 0}});
    file["steer"] = json!([{"at": 60, "do": "pause"}]);
    let scenario = Scenario::read(&file.to_string()).unwrap();
    let plan = layout::plan(&scenario).unwrap();
    let mut late = 0;
    let report = run(&scenario, &plan, |rollout, world, _, now| {
        if rollout.touched().count() == 0 || rollout.ended_at().is_some() {
            return;
        }
        for target in world.names() {
            let pools = vec![PoolCount {
                pool: "web".to_owned(),
                in_service: 10,
                itself: true,
                ..PoolCount::default()
            }];
            let mut after = rollout.clone();
            let answer = Event::PoolsCounted {
                target: target.clone(),
                pools,
            };
            assert_eq!(after.apply(&answer, now), Ok(Vec::new()));
            assert!(after == *rollout, "{target}");
            late += 1;
        }
    });
    assert!(late >= 50, "{late}");
    assert_eq!(report.status, ActionStatus::Waiting);
    assert_eq!((versions(&report, "1"), versions(&report, "2")), (9, 1));
}

/// Hooks there, here whoever the engine asks: the load balancer who may be taken out, a person or the monitor whether
/// to go on, the checks how a host is. Each says yes for the first host alone.
#[test]
fn whoever_is_asked_decides_about_the_first_host_alone() {
    let touched = |file: &Value| -> Vec<String> {
        let report = simulate(&file.to_string()).unwrap();
        report.touched.iter().map(ToString::to_string).collect()
    };
    let of = |hosts: &[&str], config: Value| {
        let mut file = file(0, &config);
        file["targets"] = json!(hosts);
        // The load balancer answers about the first host alone.
        let others: Vec<&&str> = hosts
            .iter()
            .filter(|host| host.starts_with('h') && **host != "h1")
            .collect();
        file["pools"] = json!({"others": {"targets": others}});
        file["outages"] = json!([{"pool": "others"}]);
        file
    };
    let all = ["h1", "h2", "h3", "h4", "h5"];
    let rolling = json!({"strategy": "rolling", "max_parallel": 5});
    // Selection and approval, with the first host and without it.
    assert_eq!(touched(&of(&all, rolling.clone())), ["h1"]);
    assert_eq!(touched(&of(&all[1..], rolling)), [] as [&str; 0]);
    // Monitoring of each host: good, bad.
    let report = simulate(
        &bad(
            file(
                2,
                &json!({"strategy": "rolling", "max_parallel": 1, "max_failed": 1}),
            ),
            &json!([{"target": "h2", "step": "check", "kind": "fail"}]),
        )
        .to_string(),
    )
    .unwrap();
    let states: Vec<TargetState> = report.targets.iter().map(|(_, end)| end.state).collect();
    assert_eq!(states, [TargetState::Succeeded, TargetState::Failed]);
    // Removal: the new one comes, and of the old ones only the first may leave.
    let blue_green = json!({"strategy": "blue_green", "max_parallel": 5});
    for (old, wanted) in [(&all[..], &["n1", "h1"][..]), (&all[1..], &["n1"][..])] {
        let mut hosts = vec!["n1"];
        hosts.extend(old);
        let mut file = of(&hosts, blue_green.clone());
        file["targets"][0] = json!({"name": "n1", "in_service": false});
        assert_eq!(touched(&file), wanted);
    }
    // The health of the whole: goes on, goes back.
    for (says, wanted) in [
        ("pass", ActionStatus::Completed),
        ("fail", ActionStatus::RolledBack),
    ] {
        let mut file = file(5, &json!({"stages": "1,100%", "gate": "analysis"}));
        file["analysis"] = json!(says);
        assert_eq!(simulate(&file.to_string()).unwrap().status, wanted, "{says}");
    }
}
