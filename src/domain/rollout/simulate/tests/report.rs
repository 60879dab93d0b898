//! What a simulation tells, and what it refuses.

use serde_json::{Value, json};

use crate::domain::action::ActionStatus;
use crate::domain::rollout::simulate::{Report, simulate};

fn run(value: &Value) -> Report {
    simulate(&value.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

/// The file of the contract.
fn contract() -> Value {
    json!({"seed": 1, "targets": 100, "zones": 2, "version": "1", "to": "2",
     "pools": {"p": {"minimum": 70, "targets": "*"}},
     "config": {"strategy": "canary", "stages": "1%,10%,50%,100%", "soak_seconds": 60, "on_failure": "rollback"},
     "durations": {"install": [5, 20], "check": [1, 3]},
     "failures": [{"target": "h7", "step": "check", "kind": "fail", "from": 0, "until": 60},
                  {"version": "2", "step": "check", "kind": "fail", "after_seconds": 0, "share": 1.0}],
     "steer": [{"at": 30, "do": "pause"}]})
}

#[test]
fn the_file_of_the_contract_runs() {
    let report = run(&contract());
    assert_eq!(report.status, ActionStatus::RolledBack);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["status"], "ROLLED_BACK");
    assert_eq!(json["touched"], json!(["h1"]));
    assert_eq!(json["targets"]["h1"]["state"], "rolled_back");
    assert_eq!(json["targets"]["h1"]["version"], "1");
    assert_eq!(json["targets"]["h100"]["state"], "skipped");
    assert_eq!(json["pools"]["p"]["minimum"], 70);
    assert_eq!(json["pools"]["p"]["lowest_in_service"], 99);
    assert!(json["seconds"].as_f64().unwrap() > 0.0);
    let decisions = json["decisions"].as_array().unwrap();
    assert!(decisions.iter().any(|line| line["what"] == "go back"));
}

#[test]
fn the_same_file_gives_the_same_report_and_another_seed_another() {
    let mut file = contract();
    file["failures"] = json!([]);
    file["steer"] = json!([]);
    let first = run(&file);
    assert_eq!(first.status, ActionStatus::Completed);
    assert_eq!(first, run(&file));
    file["seed"] = json!(2);
    assert_ne!(first.seconds, run(&file).seconds);
}

#[test]
fn a_version_that_goes_bad_later_is_seen_when_the_soak_ends() {
    let mut file = contract();
    file["failures"] = json!([{"version": "2", "step": "check", "kind": "fail", "after_seconds": 30}]);
    file["steer"] = json!([]);
    let report = run(&file);
    assert_eq!(report.status, ActionStatus::RolledBack);
    assert_eq!(report.touched.len(), 1);
}

#[test]
fn what_cannot_be_run_is_refused_with_its_field() {
    for (field, value, at_fault) in [
        ("targets", json!(0), "targets"),
        ("targets", json!(["a", "a"]), "targets"),
        ("targets", json!(-1), "file"),
        ("zones", json!(0), "zones"),
        (
            "pools",
            json!({"p": {"minimum": 101, "targets": "*"}}),
            "pools.p.minimum",
        ),
        ("pools", json!({"p": {"minimum": 100, "targets": "*"}}), "pools"),
        (
            "pools",
            json!({"p": {"minimum": 1, "targets": ["x"]}}),
            "pools.p.targets",
        ),
        ("pools", json!({"p": {"targets": "web-*"}}), "pools.p.targets"),
        (
            "pools",
            json!({"p": {"targets": ["h1", "h1"]}}),
            "pools.p.targets",
        ),
        (
            "pools",
            json!({"p": {"others": 2, "held": [{"count": 3}]}}),
            "pools.p.held",
        ),
        (
            "pools",
            json!({"p": {"others": 2, "held": [{"count": 1, "from": 5, "until": 5}]}}),
            "pools.p.held.until",
        ),
        ("outages", json!([{"pool": "q", "from": 1}]), "outages.pool"),
        ("outages", json!([{"from": -1}]), "outages.from"),
        ("outages", json!([{"form": 1}]), "file"),
        ("config", json!({"strategy": "x"}), "config.strategy"),
        ("config", json!({"zones": ["z1", "z3"]}), "config.zones"),
        ("durations", json!({"check": [3, 1]}), "durations.check"),
        ("durations", json!({"nope": 1}), "durations"),
        (
            "failures",
            json!([{"target": "h101", "kind": "fail"}]),
            "failures",
        ),
        (
            "failures",
            json!([{"target": "h1", "step": "x", "kind": "fail"}]),
            "failures",
        ),
        ("failures", json!([{"target": "h1", "kind": "explode"}]), "file"),
        (
            "failures",
            json!([{"kind": "fail", "share": 2}]),
            "failures.share",
        ),
        ("steer", json!([{"at": -1, "do": "pause"}]), "steer.at"),
        ("steer", json!([{"at": 1, "do": "dance"}]), "steer.do"),
        (
            "failures",
            json!([{"kind": "fail", "from": 10, "until": 10}]),
            "failures.until",
        ),
        ("steps", json!(["install", "install"]), "steps"),
        ("steps", json!([" "]), "steps"),
        ("steps", json!([{"name": "x", "retries": 101}]), "steps.x.retries"),
        (
            "steps",
            json!([{"name": "x", "retry_backoff": 0}]),
            "steps.x.retry_backoff",
        ),
        (
            "steps",
            json!([{"name": "x", "retry_delay_seconds": u64::MAX}]),
            "steps.x.retry_delay_seconds",
        ),
        (
            "steps",
            json!([{"name": "x", "timeout_seconds": 0}]),
            "steps.x.timeout_seconds",
        ),
        ("unknown", json!(1), "file"),
    ] {
        let mut file = contract();
        file[field] = value.clone();
        let error = simulate(&file.to_string()).expect_err(&format!("{field} {value}"));
        assert_eq!(error.field, at_fault, "{field} {value}: {error}");
    }
    assert_eq!(simulate("[").unwrap_err().field, "file");
}

#[test]
fn what_cannot_be_read_says_what_it_is_about() {
    for (field, value, wanted) in [
        (
            "targets",
            json!(-1),
            "`targets` must be a whole number of hosts or a list of them, not -1",
        ),
        (
            "targets",
            json!(["a", 2]),
            "`targets[1]` must be a name or an object",
        ),
        (
            "targets",
            json!(["a", {"name": "b", "addres": "x"}]),
            "`targets[1]`: unknown field `addres`, expected one of `name`, `address`",
        ),
        (
            "targets",
            json!([{"port": 1}]),
            "`targets[0]`: missing field `name`",
        ),
        (
            "steps",
            json!([{"name": "x", "retrys": 1}]),
            "`steps`: unknown field `retrys`, expected one of",
        ),
        ("steps", json!([1]), "a step is a name or an object"),
        (
            "pools",
            json!({"p": {"targets": 3}}),
            "`targets` of a pool must be a pattern",
        ),
        (
            "analysis",
            json!([1]),
            "`analysis` must be a word (pass, fail, inconclusive or unreachable)",
        ),
    ] {
        let mut file = contract();
        file[field] = value.clone();
        let error = simulate(&file.to_string()).expect_err(&format!("{field} {value}"));
        assert!(error.message.contains(wanted), "{field} {value}: {error}");
    }
}

#[test]
fn what_waits_for_ever_says_for_what() {
    let mut file = contract();
    file["failures"] = json!([]);
    file["config"]["gate"] = json!("approval");
    file["steer"] = json!([]);
    let report = run(&file);
    assert_eq!(report.status, ActionStatus::Waiting);
    assert!(report.to_text().contains("approve it"), "{}", report.to_text());
    file["steer"] = json!([{"at": 500, "do": "promote", "to": "end"}]);
    assert_eq!(run(&file).status, ActionStatus::Completed);
}

fn measured(analysis: &Value) -> Report {
    let file = json!({
        "targets": 4, "version": "1", "to": "2", "analysis": analysis,
        "config": {"stages": "1,100%", "gate": "analysis", "analysis": [
            {"name": "errors", "prometheus": {"url": "http://p:9090", "query": "q"}, "success": "<= 0.05",
             "interval_seconds": 60, "count": 3, "failure_limit": 1, "inconclusive_limit": 1},
            {"name": "rate", "http": {"url": "http://m", "path": "/rate"}, "success": "> 100", "interval_seconds": 5},
        ]},
    });
    simulate(&file.to_string()).unwrap()
}

#[test]
fn a_simulated_monitor_gives_what_the_file_says() {
    for (analysis, wanted, seconds) in [
        (json!("pass"), ActionStatus::Completed, 11 + 120 + 11 * 3),
        (
            json!({"errors": [0.01, 0.2, 0.01]}),
            ActionStatus::Completed,
            11 + 120 + 11 * 3,
        ),
        (
            json!({"errors": [0.01, 0.2, 0.3]}),
            ActionStatus::RolledBack,
            11 + 120 + 11,
        ),
        (json!({"rate": [null, 5]}), ActionStatus::RolledBack, 11 + 5 + 11),
        (json!("fail"), ActionStatus::RolledBack, 11 + 11),
        (json!("inconclusive"), ActionStatus::Waiting, 11 + 60),
        (json!({"errors": ["unreachable"]}), ActionStatus::Waiting, 11 + 60),
    ] {
        let report = measured(&analysis);
        assert_eq!(report.status, wanted, "{analysis}\n{}", report.to_text());
        assert_eq!(
            report.seconds.as_millis(),
            seconds * 1000,
            "{analysis}\n{}",
            report.to_text()
        );
    }
    let text = measured(&json!({"errors": [0.2, 0.3]})).to_text();
    assert!(
        text.contains("measure errors: 0.3, wanted <= 0.05 (2 of 3 measured, 2 bad of 1 allowed"),
        "{text}"
    );
    assert!(
        text.contains("go back: the analysis says no: errors: 0.3"),
        "{text}"
    );
}

#[test]
fn a_reading_of_nothing_and_a_metric_that_nobody_measures_are_refused() {
    for (analysis, wanted) in [
        (json!({"errors": []}), "analysis.errors: has no reading"),
        (json!({"errros": [1]}), "analysis.errros: is measured by no stage"),
    ] {
        let file = json!({"targets": 2, "analysis": analysis,
            "config": {"stages": "1,100%", "gate": {"analysis": [
                {"name": "errors", "command": {"run": "x"}, "success": "< 1"}]}}});
        let error = simulate(&file.to_string()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
