//! `edgewise simulate`.

use serde_json::{Value, json};

use super::{Ended, edgewise};

fn simulate(scenario: &Value) -> Ended {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), scenario.to_string()).unwrap();
    edgewise(&["simulate", "-o", "json", &file.path().display().to_string()]).run()
}

#[test]
fn the_exit_code_is_that_of_the_action() {
    let scenario = |failures: Value, steer: Value| {
        json!({"seed": 1, "targets": 12, "zones": 2, "version": "1", "to": "2",
               "pools": {"p": {"minimum": 8, "targets": "*"}},
               "config": {"strategy": "canary", "stages": "1,50%,100%", "soak_seconds": 60, "on_failure": "rollback"},
               "failures": failures, "steer": steer})
    };
    let broken = json!([{"version": "2", "step": "check", "kind": "fail", "after_seconds": 0, "share": 1.0}]);
    let table = [
        (json!([]), json!([]), "COMPLETED", 0),
        (broken, json!([]), "ROLLED_BACK", 3),
        (json!([]), json!([{"at": 30, "do": "abort"}]), "MANUAL_FAILED", 4),
    ];
    for (failures, steer, status, code) in table {
        let ended = simulate(&scenario(failures, steer));
        assert_eq!(ended.code, code, "{status}: {}{}", ended.stderr, ended.stdout);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report["status"], status);
        assert!(
            report["pools"]["p"]["lowest_in_service"].as_u64().unwrap() >= 8,
            "{}",
            report["pools"]
        );
    }
}

#[test]
fn a_file_that_is_none_is_refused_with_the_field() {
    let ended = simulate(&json!({"targets": 3, "sed": 1}));
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("sed"), "{}", ended.stderr);
    assert_eq!(edgewise(&["simulate", "/no/such/file"]).run().code, 2);
}
