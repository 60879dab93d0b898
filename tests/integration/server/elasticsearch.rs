//! A server whose log goes to Elasticsearch, with one that is there and one that is not, and one that has no room for it.

use std::collections::BTreeSet;

use edgewise::app::ports::LogSink as _;
use edgewise::logs::spool::{Spool, SpoolOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::logs::world::line;
use crate::support::elasticsearch::{Node, count};
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
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
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
    drop((server, client));

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
