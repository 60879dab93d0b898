//! `run --follow` and `actions`, against a server that answers as the contract says.

use serde_json::{Value, json};

use super::edgewise;
use super::fake_server::{Answer, FakeServer};

const ID: &str = "0190f3c2-7b1a-7c3d-9e4f-0123456789ab";
const JSON: &str = "application/json";

fn action(status: &str, waiting: &Value, state: &str) -> Value {
    json!({
        "id": ID, "space": "payments", "project": "web", "action": "deploy", "status": status, "version": "2",
        "actor": "token:ci", "user": null, "reason": "", "plan_hash": "sha256:0", "created_at": "2026-11-21T02:36:50.007Z",
        "started_at": null, "ended_at": null, "waiting_for": waiting, "retry_of": null,
        "counts": {state: 1}, "config": {}, "seq": 4,
        "stages": [{"label": "all", "status": "running", "targets": ["web-1"]}],
        "targets": [{"name": "web-1", "state": state, "stage": "all", "zone": "east", "version_before": "1", "version": "2",
                     "error": null, "steps": []}],
    })
}

fn accepted() -> Answer {
    let body = json!({"action_id": ID, "project": "web", "space": "payments", "action": "deploy", "status": "SCHEDULED",
                      "url": format!("/space/payments/actions/{ID}"), "plan_hash": "sha256:0"});
    (202, JSON, body.to_string())
}

fn event(name: &str, id: u64, data: &Value) -> String {
    format!("event: {name}\nid: {id}\ndata: {data}\n\n")
}

/// A server whose action ends in `status` after the stream of events broke off once.
fn server_that_ends_in(status: &'static str, waiting: Value) -> FakeServer {
    FakeServer::start(move |asked, before| {
        let line = asked.line.as_str();
        if line.starts_with("POST ") {
            return accepted();
        }
        let over = action(status, &Value::Null, "succeeded");
        let running = action("WAITING", &waiting, "running");
        if line.ends_with("/events") {
            let events = if before == 0 {
                event("action", 3, &running) + "event: target\nid: 4\nda"
            } else {
                event("action", 5, &over)
            };
            return (200, "text/event-stream", events);
        }
        let now = if before == 0 { running } else { over };
        (200, JSON, now.to_string())
    })
}

#[test]
fn follow_ends_with_the_code_of_the_action_and_survives_a_lost_connection() {
    let table = [
        ("COMPLETED", "soak", 0),
        ("FAILED", "soak", 1),
        ("ROLLED_BACK", "soak", 3),
        ("MANUAL_FAILED", "soak", 4),
        ("REVOKED", "countdown", 4),
        ("REVOKED", "approval", 5),
    ];
    std::thread::scope(|scope| {
        for (status, kind, code) in table {
            scope.spawn(move || {
                let waiting = json!({"kind": kind, "detail": "The soak of stage all.", "since": "2026-11-21T02:36:50.007Z",
                                     "unblock": "Promote it."});
                let server = server_that_ends_in(status, waiting);
                let ended = edgewise(&["deploy", "payments/web", "--all", "--version", "2", "--follow", "-o", "json"])
                    .env("EDGEWISE_URL", &server.url)
                    .env("EDGEWISE_TOKEN", "ew_secret")
                    .run();
                assert_eq!(ended.code, code, "{status}: {}", ended.stderr);
                let shown: Value = serde_json::from_str(&ended.stdout).unwrap();
                assert_eq!(shown["status"], status);
                assert!(ended.stderr.contains("The soak of stage all. Promote it."), "{}", ended.stderr);

                let asked = server.asked();
                assert_eq!(asked[0].line, "POST /space/payments/web/deploy/");
                assert_eq!(
                    serde_json::from_str::<Value>(&asked[0].body).unwrap(),
                    json!({"all": true, "version": "2"})
                );
                assert!(asked.iter().all(|asked| asked.headers.contains(&"authorization: bearer ew_secret".to_owned())));
                let resumed = asked.iter().filter(|asked| asked.line.ends_with("/events")).nth(1).unwrap();
                assert!(resumed.headers.contains(&"last-event-id: 3".to_owned()), "{:?}", resumed.headers);
            });
        }
    });
}

#[test]
fn who_gives_up_waiting_says_that_the_action_goes_on() {
    let server = FakeServer::start(|asked, _| {
        if asked.line.ends_with("/events") {
            (200, "text/event-stream", String::new())
        } else {
            (
                200,
                JSON,
                action("INPROGRESS", &Value::Null, "running").to_string(),
            )
        }
    });
    let ended = edgewise(&["actions", "watch", ID, "--timeout", "0"])
        .env("EDGEWISE_URL", &server.url)
        .run();
    assert_eq!(ended.code, 6, "{}", ended.stderr);
    assert!(ended.stderr.contains("the action goes on"), "{}", ended.stderr);
}

#[test]
fn steering_says_the_word_and_the_reason() {
    let table: [(&[&str], &str, Value); 5] = [
        (
            &["pause", ID, "--reason", "lunch"],
            "pause",
            json!({"reason": "lunch"}),
        ),
        (
            &["promote", ID, "--to-end"],
            "promote",
            json!({"reason": "", "to": "end"}),
        ),
        (
            &["abort", ID, "--rollback"],
            "abort",
            json!({"reason": "", "rollback": true}),
        ),
        (
            &["rollback", ID, "--version", "1"],
            "rollback",
            json!({"reason": "", "version": "1"}),
        ),
        (
            &["retry", ID, "--only", "failed,pending"],
            "retry",
            json!({"reason": "", "only": ["failed", "pending"]}),
        ),
    ];
    for (args, word, body) in table {
        let server = FakeServer::start(move |_, _| match word {
            "retry" => accepted(),
            _ => (
                200,
                JSON,
                action("INPROGRESS", &Value::Null, "running").to_string(),
            ),
        });
        let ended = edgewise(&[&["actions"], args].concat())
            .env("EDGEWISE_URL", &server.url)
            .run();
        assert_eq!(ended.code, 0, "{word}: {}", ended.stderr);
        assert!(ended.stdout.contains(ID), "{}", ended.stdout);
        let asked = server.asked();
        assert_eq!(asked[0].line, format!("POST /api/v1/actions/{ID}/{word}"));
        assert_eq!(serde_json::from_str::<Value>(&asked[0].body).unwrap(), body);
    }
}

#[test]
fn lists_and_logs_are_read_page_after_page() {
    let server = FakeServer::start(|asked, _| {
        let log = |seq: u64| {
            json!({"seq": seq, "time": "2026-11-21T02:36:50.007Z", "level": "basic", "target": "web-1", "step": "start",
                   "stream": "story", "text": format!("line {seq}"), "outcome": null, "exit_code": null})
        };
        let page = if asked.line.contains("/logs") {
            if asked.line.contains("after=c1") {
                json!({"items": [log(2)], "next": null})
            } else {
                json!({"items": [log(1)], "next": "c1"})
            }
        } else if asked.line.contains("cursor=c1") {
            json!({"items": [action("FAILED", &Value::Null, "failed")], "next": null})
        } else {
            json!({"items": [action("COMPLETED", &Value::Null, "succeeded")], "next": "c1"})
        };
        (200, JSON, page.to_string())
    });
    let run = |args: &[&str]| {
        let ended = edgewise(args).env("EDGEWISE_URL", &server.url).run();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stdout
    };
    let listed: Value = serde_json::from_str(&run(&["actions", "-o", "json"])).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let first = run(&["actions", "list", "--limit", "1"]);
    assert!(
        first.contains("COMPLETED") && !first.contains("FAILED"),
        "{first}"
    );
    let logs = run(&["actions", "logs", ID]);
    assert!(logs.contains("line 1") && logs.contains("line 2"), "{logs}");
    let objects: Vec<Value> = run(&["actions", "logs", ID, "-o", "json"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 2);
}

#[test]
fn a_plan_with_a_denied_command_is_shown_and_refused() {
    for (verdict, code) in [("allow", 0), ("ask", 0), ("deny", 5)] {
        let server = FakeServer::start(move |_, _| {
            let step = json!({"name": "clean", "kind": "run", "command": "rm -rf /", "verdict": verdict, "rules": []});
            let limits = json!({"max_parallel": 1, "max_failed": 0, "on_failure": "rollback", "on_unreachable": "fail",
                                "on_inconclusive": "pause", "success_window_seconds": 0, "target_deadline_seconds": null,
                                "progress_deadline_seconds": null, "zones": "parallel"});
            let plan = json!({"plan_hash": "sha256:0", "space": "payments", "project": "web", "action": "deploy",
                              "version": "2", "stages": [], "limits": limits, "targets": [],
                              "rollback": {"targets": [{"name": "web-1", "version": "1", "steps": [step]}]}});
            (200, JSON, plan.to_string())
        });
        let ended = edgewise(&["plan", "payments/web", "deploy", "--all"])
            .env("EDGEWISE_URL", &server.url)
            .run();
        assert_eq!(ended.code, code, "{verdict}: {}", ended.stderr);
        assert!(ended.stdout.contains("rm -rf /"), "{}", ended.stdout);
        assert_eq!(server.asked()[0].line, "POST /space/payments/web/deploy/plan");
    }
}
