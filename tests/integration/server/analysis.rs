//! A gate that asks monitors: a real Prometheus, and documents over HTTP.

use serde_json::{Value, json};

use crate::support::monitor::Monitor;
use crate::support::prometheus::Prometheus;
use crate::support::server::Client;
use crate::support::shop::{Shop, act, until, url};

/// A canary whose first stage is followed by an analysis.
fn canary(source: &Value, on_inconclusive: &str) -> Value {
    let mut metric = json!({"name": "errors", "success": "<= 1", "interval_seconds": 1, "count": 2,
                            "inconclusive_limit": 0});
    let more = source.as_object().unwrap().clone();
    metric.as_object_mut().unwrap().extend(more);
    json!({"strategy": "canary", "on_inconclusive": on_inconclusive, "analysis": [metric],
           "stages": [{"label": "first", "count": 1, "gate": "analysis"}, {"label": "rest", "percent": 100}]})
}

#[tokio::test]
async fn a_canary_goes_on_where_prometheus_finds_it_good_and_back_where_it_does_not() {
    let mut prometheus = Prometheus::start().await;
    let source = json!({"prometheus": {"url": prometheus.url, "query": "max(shop_errors{job=\"shop\"})"}});
    let shop = Shop::with(2, &canary(&source, "pause")).await;
    let (_server, client) = shop.open().await;

    let good = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&good, "COMPLETED").await;
    assert_eq!(shop.running(), ["1"; 2]);
    let told = client.log(&good, "").await;
    assert!(
        told.iter()
            .any(|entry| entry["text"].as_str().is_some_and(|text| text.contains("errors"))),
        "the log tells what was measured"
    );

    prometheus.set_errors(7).await;
    let bad = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    client.ends(&bad, "ROLLED_BACK").await;
    assert_eq!(shop.running(), ["1"; 2]);
    assert_eq!(shop.starts(2), ["1"], "the second host never saw it");

    // A monitor that is gone says nothing of the version.
    prometheus.set_errors(0).await;
    prometheus.kill();
    let unknown = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    let waiting = client
        .until(&unknown, "it waits", |action| {
            action["status"] == "WAITING" && action["waiting_for"]["kind"] != "analysis"
        })
        .await;
    assert!(
        waiting["waiting_for"]["unblock"]
            .as_str()
            .is_some_and(|words| !words.is_empty()),
        "{waiting}"
    );
    assert!(
        waiting["targets"]
            .as_array()
            .unwrap()
            .iter()
            .all(|target| target["state"] != "failed"),
        "{waiting}"
    );
    client
        .steer(&unknown, "promote", &json!({"reason": "looked at it"}))
        .await
        .wanted(200);
    client.ends(&unknown, "COMPLETED").await;
}

#[tokio::test]
async fn a_metric_that_is_a_command_is_refused_in_the_plan() {
    let shop = Shop::with(1, &canary(&json!({"command": {"run": "echo 0"}}), "pause")).await;
    let (_server, client) = shop.open().await;
    let refused = client
        .post(&url("deploy"), &json!({"all": true, "version": "1"}))
        .await
        .problem(422);
    assert!(
        refused
            .to_string()
            .contains("Edgewise runs commands on targets alone"),
        "{refused}"
    );
}

/// A metric in a document.
fn document(monitor: &Monitor) -> Value {
    json!({"http": {"url": monitor.url, "path": "/now/errors/0"}})
}

/// Deploys a version whose analysis has no answer: what the action says while it waits for a person.
async fn paused(client: &Client, version: &str) -> (String, String) {
    let id = act(client, "deploy", &json!({"all": true, "version": version})).await;
    let waiting = client
        .until(&id, "it waits for a person", |action| {
            action["waiting_for"]["kind"] == "paused"
        })
        .await;
    let targets = waiting["targets"].as_array().unwrap();
    assert!(
        targets.iter().all(|target| target["state"] != "failed"),
        "a monitor's silence is no host's failure: {waiting}"
    );
    let detail = waiting["waiting_for"]["detail"].as_str().unwrap().to_owned();
    (id, detail)
}

#[tokio::test]
async fn a_number_in_a_document_decides_and_what_is_no_number_says_why() {
    let monitor = Monitor::saying(r#"{"now": {"errors": [0]}}"#).await;
    let shop = Shop::with(2, &canary(&document(&monitor), "pause")).await;
    let (_server, client) = shop.open().await;
    let good = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&good, "COMPLETED").await;
    assert_eq!(monitor.asked(), 2, "as often as `count` says");

    monitor.says(r#"{"now": {"errors": ["7.5"]}}"#);
    let bad = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    client.ends(&bad, "ROLLED_BACK").await;
    assert_eq!(shop.running(), ["1"; 2]);
    assert_eq!(shop.starts(2), ["1"], "the second host never saw it");

    let long = format!(
        r#"{{"now": {{"errors": [0]}}, "more": "{}"}}"#,
        "x".repeat(64 * 1024)
    );
    for (answer, words) in [
        (long.as_str(), "longer than 64 KiB"),
        ("all is well", "no JSON"),
        (r#"{"now": {"errors": []}}"#, "nothing at `/now/errors/0`"),
    ] {
        monitor.says(answer);
        let (id, detail) = paused(&client, "1").await;
        assert!(detail.contains(words) && detail.contains("no data"), "{detail}");
        assert!(!detail.contains("cannot be reached"), "{detail}");
        let reason = json!({"reason": "not today"});
        client.steer(&id, "abort", &reason).await.wanted(200);
        client.ends(&id, "MANUAL_FAILED").await;
    }

    // An answer that comes meanwhile is heard when somebody lets it measure again.
    let (id, _) = paused(&client, "1").await;
    monitor.says(r#"{"now": {"errors": [1]}}"#);
    client.steer(&id, "resume", &json!({})).await.wanted(200);
    client.ends(&id, "COMPLETED").await;
}

#[tokio::test]
async fn without_a_number_it_does_what_on_inconclusive_says() {
    let prometheus = Prometheus::start().await;
    // Prometheus is well, and knows no such series.
    let source = json!({"prometheus": {"url": prometheus.url, "query": "sum(nobody_has_heard_of_it)"}});
    let shop = Shop::with(2, &canary(&source, "pause")).await;
    let (_server, client) = shop.open().await;
    let (id, detail) = paused(&client, "1").await;
    assert!(detail.contains("found no series"), "{detail}");
    client.steer(&id, "promote", &json!({})).await.wanted(200);
    client.ends(&id, "COMPLETED").await;

    for (word, version, status) in [("pass", "2", "COMPLETED"), ("fail", "1", "ROLLED_BACK")] {
        shop.configure(&canary(&source, word));
        shop.place.apply().await;
        let id = act(&client, "deploy", &json!({"all": true, "version": version})).await;
        let ended = client.ends(&id, status).await;
        assert_eq!(shop.running(), ["2"; 2], "{word}: {ended}");
    }
}

#[tokio::test]
async fn a_question_that_died_with_the_server_is_asked_again() {
    let monitor = Monitor::saying(r#"{"now": {"errors": [0]}}"#).await;
    let shop = Shop::with(2, &canary(&document(&monitor), "pause")).await;
    let (server, client) = shop.open().await;
    monitor.hold(true);
    let id = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    until("a question", || monitor.asked() == 1).await;
    server.kill().await;

    let server = shop.place.serve().await;
    let client = server.client(client.token());
    until("the question again", || monitor.asked() == 2).await;
    let measuring = client.action(&id).await;
    assert_eq!(measuring["waiting_for"]["kind"], "analysis", "{measuring}");
    assert!(
        measuring["waiting_for"]["detail"]
            .as_str()
            .unwrap()
            .contains("0 of 2 measured"),
        "what was never answered counts as nothing: {measuring}"
    );
    monitor.hold(false);
    client.ends(&id, "COMPLETED").await;
    assert_eq!(monitor.asked(), 3, "one question was lost, two were answered");
    assert_eq!(
        (shop.starts(1), shop.starts(2)),
        (vec!["1".into()], vec!["1".into()])
    );
}
