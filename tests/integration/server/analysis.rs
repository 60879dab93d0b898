//! A gate that asks a real Prometheus.

use serde_json::{Value, json};

use crate::support::prometheus::Prometheus;
use crate::support::shop::{Shop, act, url};

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
