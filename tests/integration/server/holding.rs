//! Targets that are held, countdowns, pauses, aborts.

use serde_json::{Value, json};

use crate::support::server::brief;
use crate::support::shop::{Shop, act, url};

#[tokio::test]
async fn held_targets_are_refused_by_name_or_waited_for_and_others_are_free() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    shop.hold(1);
    let first = act(&client, "deploy", &json!({"servers": ["web-1"]})).await;
    shop.begun(1, 1).await;

    let refused = client
        .post(&url("restart"), &json!({"all": true}))
        .await
        .problem(409);
    let holder = &refused["holder"];
    assert_eq!(holder["action"], first, "{refused}");
    assert_eq!(holder["targets"], json!(["web-1"]));
    assert!(holder["actor"].as_str().unwrap().contains("ci"), "{refused}");
    assert!(holder["since"].as_str().unwrap().ends_with('Z'), "{refused}");

    let waiting = client
        .post(
            &url("deploy"),
            &json!({"all": true, "version": "2", "queue": true}),
        )
        .await
        .wanted(202);
    assert_eq!(waiting["status"], "QUEUED");
    let second = waiting["action_id"].as_str().unwrap().to_owned();
    let queued = client.action(&second).await;
    assert_eq!(queued["status"], "QUEUED");
    assert_eq!(queued["waiting_for"]["kind"], "queue");
    for key in ["detail", "since", "unblock"] {
        assert!(queued["waiting_for"][key].is_string(), "{queued}");
    }
    // Whoever comes now is behind the one that waits.
    let refused = client
        .post(&url("restart"), &json!({"servers": ["web-2"]}))
        .await
        .problem(409);
    assert_eq!(refused["holder"]["action"], second);

    shop.release(1);
    client.ends(&first, "COMPLETED").await;
    client.ends(&second, "COMPLETED").await;
    assert_eq!(shop.running(), ["2", "2"]);
    assert_eq!(shop.starts(1), ["1", "2"], "one after the other");
}

#[tokio::test]
async fn a_countdown_can_be_aborted_and_then_nothing_was_touched() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true, "countdown": 3600})).await;
    let waiting = client.action(&id).await;
    assert_eq!(waiting["status"], "SCHEDULED");
    assert_eq!(waiting["waiting_for"]["kind"], "countdown", "{waiting}");
    // What is due later than it is told that it is due on the target.
    let later = client
        .post(&url("deploy"), &json!({"all": true, "countdown": 7200}))
        .await
        .problem(409);
    assert_eq!(later["holder"]["action"], id, "{later}");
    // What starts at once is done long before the countdown is: nothing stands against it.
    let earlier = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&earlier, "COMPLETED").await;

    let aborted = client
        .steer(&id, "abort", &json!({"reason": "not today"}))
        .await
        .wanted(200);
    assert_eq!(aborted["status"], "REVOKED");
    assert_eq!(aborted["counts"]["skipped"], 1);
    client.ends(&id, "REVOKED").await;
    client.steer(&id, "abort", &json!({})).await.problem(409);
    assert_eq!(shop.starts(1), ["1"]);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
}

#[tokio::test]
async fn a_countdown_runs_down_by_itself_and_force_does_not_wait_for_it() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true, "countdown": 1})).await;
    client.ends(&id, "COMPLETED").await;
    assert_eq!(shop.running(), ["1"]);
}

#[tokio::test]
async fn a_pause_lets_the_host_under_way_finish_and_a_resume_goes_on() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    let paused = client
        .steer(&id, "pause", &json!({"reason": "lunch"}))
        .await
        .wanted(200);
    assert_eq!(paused["status"], "WAITING");
    assert_eq!(paused["waiting_for"]["kind"], "paused");
    assert!(
        paused["waiting_for"]["detail"]
            .as_str()
            .unwrap()
            .contains("lunch"),
        "{paused}"
    );
    client.steer(&id, "pause", &json!({})).await.problem(409);
    shop.release(1);
    let still = client
        .until(&id, "still", |action| {
            action["targets"][0]["state"] == "succeeded"
        })
        .await;
    assert_eq!(still["status"], "WAITING");
    assert_eq!(shop.starts(2), Vec::<String>::new(), "nobody else is begun");
    let resumed = client.steer(&id, "resume", &json!({})).await.wanted(200);
    assert_eq!(resumed["waiting_for"], Value::Null);
    client.ends(&id, "COMPLETED").await;
    assert_eq!(shop.running(), ["1", "1"]);
}

#[tokio::test]
async fn an_abort_begins_nothing_more_and_can_bring_everything_back() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;

    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    shop.begun(1, 2).await;
    let aborted = client
        .steer(&id, "abort", &json!({"reason": "no"}))
        .await
        .wanted(200);
    assert_eq!(
        aborted["targets"][0]["state"], "running",
        "what was begun on the host comes to its end"
    );
    shop.release(1);
    let ended = client.ends(&id, "MANUAL_FAILED").await;
    assert_eq!(
        ended["targets"][1]["state"], "skipped",
        "and nobody else is begun"
    );
    let check = &ended["targets"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["kind"] == "http_check");
    assert_eq!(check.unwrap()["state"], "skipped", "nor anything else");
    assert_eq!(shop.starts(2), ["1"]);

    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    shop.begun(1, 3).await;
    shop.release(1);
    shop.hold(2);
    shop.begun(2, 2).await;
    client
        .steer(&id, "abort", &json!({"rollback": true}))
        .await
        .wanted(200);
    shop.release(2);
    let back = client.ends(&id, "ROLLED_BACK").await;
    assert_eq!(back["counts"]["rolled_back"], 2, "{}", brief(&back));
    assert_eq!(shop.running(), ["1", "1"]);
}
