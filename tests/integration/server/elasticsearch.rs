//! A server whose log goes to Elasticsearch, with one that is there and one that is not, and one that has no room for it.

use std::collections::BTreeSet;

use edgewise::app::ports::LogSink as _;
use edgewise::logs::spool::{Spool, SpoolOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::logs::world::line;
use crate::support::elasticsearch::{Node, ask, count};
use crate::support::port::Port;
use crate::support::server::Client;
use crate::support::shop::{Shop, act, url};

/// The log of an action, once its end is in it.
async fn log_of(client: &Client, id: &str) -> Vec<Value> {
    loop {
        let logs = client
            .get(&format!("/api/v1/actions/{id}/logs?limit=5000"))
            .await
            .wanted(200);
        let items = logs["items"].as_array().unwrap();
        let is_end = |entry: &Value| {
            entry["text"]
                .as_str()
                .is_some_and(|text| text.starts_with("end "))
        };
        if items.iter().any(is_end) {
            return items.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_whole_in_elasticsearch_however_often_either_of_them_dies() {
    let mut node = Node::start("").await;
    let mut shop = Shop::on(3).await;
    shop.place.set("EDGEWISE_ELASTICSEARCH__URL", node.url());
    shop.place.set("EDGEWISE_ELASTICSEARCH__INDEX_PERIOD", "month");
    shop.place.set("EDGEWISE_SERVER__SHUTDOWN_SECONDS", "10");
    let (server, client) = shop.open().await;
    let first = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&first, "COMPLETED").await;
    let logs = log_of(&client, &first).await;
    let seqs: BTreeSet<u64> = logs.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    assert!(seqs.len() > 20);
    assert_eq!(count(node.url(), "edge", Some(&first)).await, seqs.len() as u64);

    // It is down when the next action begins, and the server dies on top of that.
    node.kill();
    let second = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    client.ends(&second, "COMPLETED").await;
    assert_eq!(shop.running(), ["2"; 3], "no rollout minds");
    let written = log_of(&client, &second).await.len() as u64;
    let metrics = client.get("/metrics").await.text;
    let waiting = metrics
        .lines()
        .find_map(|line| line.strip_prefix("edgewise_log_spool_records "))
        .unwrap();
    assert!(
        waiting.parse::<u64>().unwrap() >= written,
        "{waiting} of {written}"
    );
    client.get("/readyz").await.wanted(200);
    server.kill().await;
    node.begin_again().await;
    let server = shop.place.serve().await;
    // It stops only when what waits is delivered.
    assert!(server.stop().await.success());
    assert_eq!(count(node.url(), "edge", Some(&second)).await, written);
    assert_eq!(count(node.url(), "edge", Some(&first)).await, seqs.len() as u64);

    let (status, indices) = ask(node.url(), Method::GET, "edge-*/_settings", None).await;
    assert!(status.is_success(), "{indices}");
    let names: Vec<&String> = indices.as_object().unwrap().keys().collect();
    for level in ["edge-basic-", "edge-detail-"] {
        let of_month = |name: &&String| {
            name.strip_prefix(level)
                .is_some_and(|month| month.len() == "2026.11".len())
        };
        assert!(names.iter().any(of_month), "{names:?}");
    }
    assert!(
        names.iter().all(|name| name.matches('.').count() == 1),
        "{names:?}"
    );
}

/// Of a host's start in Elasticsearch: how many lines it wrote, and how many more are said to be left out, since the log was too
/// slow for them.
async fn lines_of(node: &Node, id: &str, host: &str) -> (u64, u64) {
    let query = json!({"size": 0, "track_total_hits": true,
        "query": {"bool": {"filter": [
            {"term": {"correlation": id}}, {"term": {"edgewise.target": host}},
            {"term": {"edgewise.step": "start"}}, {"term": {"edgewise.stream": "stdout"}}]}},
        "aggs": {"said": {"filter": {"term": {"edgewise.event": "output"}}},
                 "left_out": {"sum": {"field": "edgewise.dropped.lines"}}}});
    let (status, found) = ask(node.url(), Method::POST, "edge-detail-*/_search", Some(query)).await;
    assert!(status.is_success(), "{found}");
    let said = found["aggregations"]["said"]["doc_count"].as_u64().unwrap();
    (
        said,
        found["aggregations"]["left_out"]["value"].as_f64().unwrap() as u64,
    )
}

/// Three hosts write 102,000 lines in 34 s, and the server is killed three times meanwhile: each line is in Elasticsearch once, or
/// counted among those that were left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_100_000_records_flow_loses_none_and_repeats_none() {
    const LINES: u64 = 34_000;
    let node = Node::start("").await;
    let flood =
        "sh {current}/start {home}; for part in $(seq 34); do seq -f \"line $part.%.0f\" 1000; sleep 1; done";
    let mut shop = Shop::with(3, &json!({"start_command": flood, "strategy": "all_at_once"})).await;
    shop.place.set("EDGEWISE_ELASTICSEARCH__URL", node.url());
    shop.place.set("EDGEWISE_SERVER__SHUTDOWN_SECONDS", "50");
    let (mut server, mut client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    for enough in [3_000, 9_000, 18_000] {
        while count(node.url(), "edge", Some(&id)).await < enough {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        server.kill().await;
        server = shop.place.serve().await;
        client = server.client(client.token());
    }
    client.ends(&id, "COMPLETED").await;
    let story = client.log(&id, "level=basic&limit=1000").await;
    let goes_on = |entry: &&Value| entry["event"] == "recovery";
    assert_eq!(
        story.iter().filter(goes_on).count(),
        3,
        "each kill was in the middle of it"
    );
    assert!(server.stop().await.success());
    count(node.url(), "edge", Some(&id)).await;
    for (number, host) in [(1, "web-1"), (2, "web-2"), (3, "web-3")] {
        let (said, left_out) = lines_of(&node, &id, host).await;
        // Two lines are the application's own.
        assert_eq!(
            said + left_out,
            LINES + 2,
            "{host}: {left_out} are said to be left out"
        );
        assert!(said > LINES / 4, "{host}: {said}");
        assert_eq!(
            shop.starts(number),
            ["1"],
            "a start that went on is not begun again"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_strict_audit_no_action_begins_that_could_not_be_logged() {
    let mut shop = Shop::on(1).await;
    // What an Elasticsearch left in the spool that has been down for days.
    let folder = shop.place.path("data/spool");
    let spool = Spool::open(SpoolOptions::new(folder), &["elasticsearch"]).unwrap();
    let text = "x".repeat(1000);
    let lines: Vec<_> = (0..1100).map(|seq| line(1, seq, &text)).collect();
    spool.write(&lines).await.unwrap();
    spool.close().await;
    drop(spool);
    let nobody = Port::hold();
    let dead = nobody.url();
    shop.place.set("EDGEWISE_ELASTICSEARCH__URL", &dead);
    shop.place.set("EDGEWISE_LOG__SPOOL_MAX_MIB", "1");
    shop.place.set("EDGEWISE_LOG__AUDIT", "strict");
    let (server, client) = shop.open().await;
    let request = client
        .request(Method::POST, &url("deploy"))
        .json(&json!({"all": true}));
    let problem = client.send(request).await.problem(503);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("log.audit") && detail.contains("log spool is full"),
        "{detail}"
    );
    let unfit = client.get("/readyz").await.wanted(503).to_string();
    assert!(unfit.contains("Spool"), "{unfit}");
    drop(client);
    server.kill().await;

    shop.place.set("EDGEWISE_LOG__AUDIT", "relaxed");
    let server = shop.place.serve().await;
    let token = shop.place.token("again", "pay", "admin").await;
    let client = server.client(&token);
    let id = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&id, "COMPLETED").await;
    let items = log_of(&client, &id).await;
    assert!(items.iter().all(|entry| entry["level"] == "basic"), "{items:#?}");
    assert!(
        items.iter().any(|entry| entry["event"] == "dropped"),
        "{items:#?}"
    );
}
