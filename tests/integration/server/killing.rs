//! SIGKILL in the middle: the next server goes on, and nothing is done twice.

use serde_json::{Value, json};

use crate::support::postgres::fresh_database;
use crate::support::server::Place;
use crate::support::shop::{Shop, act};

/// The lines that a step's output has in the log, in order.
fn said(log: &[Value], target: &str) -> Vec<String> {
    let of = log
        .iter()
        .filter(|entry| entry["target"] == target && entry["step"] == "start" && entry["stream"] == "stdout");
    of.map(|entry| entry["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_rollout_goes_on_after_the_server_was_killed_while_a_step_ran() {
    let shop = Shop::on(4).await;
    let (server, client) = shop.open().await;
    shop.hold(2);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(2, 1).await;
    server.kill().await;
    // It goes on while nobody watches: what it says meanwhile must not be lost.
    shop.release(2);
    shop.hold(3);

    let server = shop.place.serve().await;
    shop.begun(3, 1).await;
    server.kill().await;

    // Once more: the third server finds the step that the second began.
    let server = shop.place.serve().await;
    let client = server.client(client.token());
    shop.release(3);
    client.ends(&id, "COMPLETED").await;
    assert_eq!(shop.running(), ["1"; 4]);
    for number in 1..=4 {
        assert_eq!(shop.starts(number), ["1"], "host {number} was started once");
    }
    let log = client.log(&id, "limit=7").await;
    for number in 1..=4 {
        let said = said(&log, &format!("web-{number}"));
        assert_eq!(
            said,
            ["starting 1", "started 1"],
            "the output is whole, and there once, on host {number}"
        );
    }
    let numbers: Vec<u64> = log.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let servers = log
        .iter()
        .filter(|entry| entry["text"] == "a server goes on with this action")
        .count();
    assert_eq!(servers, 2);
    let ends = log.iter().filter(|entry| entry["event"] == "step");
    let of = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let mut ends: Vec<_> = ends
        .map(|entry| (of(entry, "target"), of(entry, "step")))
        .collect();
    let told = ends.len();
    ends.sort();
    ends.dedup();
    assert_eq!(ends.len(), told, "each end of a step is told once");
    let steps = client.get(&format!("/api/v1/actions/{id}")).await.wanted(200)["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["steps"].as_array().unwrap().len())
        .sum::<usize>();
    assert_eq!(told, steps, "and none is missing");
}

#[tokio::test]
async fn a_countdown_and_a_soak_outlive_the_server() {
    let shop = Shop::with(2, &json!({"soak_seconds": 2})).await;
    let (server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true, "countdown": 2})).await;
    server.kill().await;

    let server = shop.place.serve().await;
    let client = server.client(client.token());
    let soaking = client
        .until(&id, "soaking", |action| action["waiting_for"]["kind"] == "soak")
        .await;
    assert_eq!(soaking["status"], "WAITING");
    assert_eq!(shop.running(), ["1", "-"]);
    server.kill().await;

    let server = shop.place.serve().await;
    let client = server.client(client.token());
    client.ends(&id, "COMPLETED").await;
    assert_eq!(
        (shop.starts(1), shop.starts(2)),
        (vec!["1".into()], vec!["1".into()])
    );
}

#[tokio::test]
async fn a_paused_action_and_one_on_its_way_back_outlive_the_server() {
    let shop = Shop::on(2).await;
    let (server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;

    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    shop.begun(1, 2).await;
    client
        .steer(&id, "pause", &json!({"reason": "lunch"}))
        .await
        .wanted(200);
    server.kill().await;
    shop.release(1);

    let server = shop.place.serve().await;
    let client = server.client(client.token());
    let paused = client
        .until(&id, "done with the first", |a| {
            a["targets"][0]["state"] == "succeeded"
        })
        .await;
    assert_eq!(paused["waiting_for"]["kind"], "paused");
    shop.hold(1);
    client.steer(&id, "rollback", &json!({})).await.wanted(200);
    shop.begun(1, 3).await;
    server.kill().await;
    shop.release(1);

    let server = shop.place.serve().await;
    let client = server.client(client.token());
    client.ends(&id, "ROLLED_BACK").await;
    assert_eq!(shop.starts(1), ["1", "2", "1"]);
    assert_eq!(shop.running(), ["1", "1"]);
}

#[tokio::test]
async fn who_comes_back_on_a_folder_goes_on_at_once_although_others_share_the_store() {
    let mut shop = Shop::on(1).await;
    shop.place.set("EDGEWISE_STORE__URL", &fresh_database().await);
    let (server, client) = shop.open().await;
    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    server.kill().await;
    let server = shop.place.serve().await;
    let client = server.client(client.token());
    let said = shop.place.server_said();
    assert!(said.contains("left actions under way"), "{said}");
    shop.release(1);
    client.ends(&id, "COMPLETED").await;
    assert_eq!(shop.starts(1), ["1"]);
}

#[tokio::test]
async fn a_second_server_on_the_same_store_is_refused() {
    let shop = Shop::on(1).await;
    let (server, client) = shop.open().await;
    let second = shop.place.serve_in_vain().await;
    assert_ne!(second.code, 0);
    assert!(second.stderr.contains("edgewise.db"), "{}", second.stderr);
    assert_eq!(second.stdout, "", "it never says that it listens");
    assert_eq!(client.get("/healthz").await.status, 200);
    // A killed one leaves no claim behind.
    server.kill().await;
    shop.place.serve().await;
}

#[tokio::test]
async fn a_server_on_a_store_that_others_may_share_says_that_its_log_is_its_own() {
    let mut place = Place::bare();
    place.set("EDGEWISE_STORE__URL", &fresh_database().await);
    let first = place.serve().await;
    // Each its own data folder: what waits there for the log is one server's alone.
    let data = place.path("data-of-the-second");
    place.set("EDGEWISE_SERVER__DATA_DIR", data.to_str().unwrap());
    let second = place.serve().await;
    for server in [&first, &second] {
        assert_eq!(server.stranger().get("/readyz").await.status, 200);
    }
    let said = place.server_said();
    assert_eq!(
        said.matches("each server on this store keeps").count(),
        2,
        "{said}"
    );
}
