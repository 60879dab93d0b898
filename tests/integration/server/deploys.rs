//! From a POST to hosts that run something else.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::brief;
use crate::support::shop::{BROKEN, PROJECT, SPACE, Shop, act, url};

fn states(action: &Value, key: &str) -> Vec<String> {
    let targets = action["targets"].as_array().unwrap();
    targets
        .iter()
        .map(|target| target[key].as_str().unwrap_or("-").to_owned())
        .collect()
}

#[tokio::test]
async fn a_post_deploys_in_stages_a_second_version_follows_and_a_broken_one_goes_back_by_itself() {
    let shop = Shop::on(5).await;
    let (_server, client) = shop.open().await;

    let request = client
        .request(Method::POST, &url("deploy"))
        .header("X-Correlation-Id", "build-7")
        .json(&json!({"all": true, "user": "jdoe", "reason": "first", "version": "1"}));
    let answer = client.send(request).await;
    let accepted = answer.wanted(202);
    let id = accepted["action_id"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    assert_eq!(answer.header("location"), format!("/space/{SPACE}/actions/{id}"));
    let hash = accepted["plan_hash"].as_str().unwrap();
    assert!(hash.starts_with("sha256:") && hash.len() == 71, "{hash}");
    assert_eq!(
        accepted,
        json!({"action_id": id, "project": PROJECT, "space": SPACE, "action": "deploy", "status": "SCHEDULED",
               "url": format!("/space/{SPACE}/actions/{id}"), "plan_hash": hash}),
    );

    let first = client.ends(id, "COMPLETED").await;
    assert_eq!(shop.running(), ["1"; 5]);
    assert_eq!(first["counts"]["succeeded"], 5);
    assert_eq!(first["user"], "jdoe");
    assert_eq!(first["reason"], "first");
    assert_eq!(first["waiting_for"], Value::Null);
    assert_eq!(states(&first, "state"), ["succeeded"; 5]);
    let stages: Vec<usize> = first["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["targets"].as_array().unwrap().len())
        .collect();
    assert_eq!(
        stages,
        [1, 1, 3],
        "5 hosts: 1, then to 50 % (2 whole hosts), then all"
    );
    for stage in first["stages"].as_array().unwrap() {
        assert_eq!(stage["status"], "done");
    }
    for target in first["targets"].as_array().unwrap() {
        assert_eq!(target["version_before"], Value::Null);
        assert_eq!(target["version"], "1");
        for step in target["steps"].as_array().unwrap() {
            assert!(step["state"] == "succeeded", "{step}");
        }
    }

    let second = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    let second = client.ends(&second, "COMPLETED").await;
    assert_eq!(
        states(&second, "version_before"),
        ["1"; 5],
        "the inventory knew what was there"
    );
    assert_eq!(shop.running(), ["2"; 5]);

    let third = act(&client, "deploy", &json!({"all": true, "version": BROKEN})).await;
    let third = client.ends(&third, "ROLLED_BACK").await;
    assert_eq!(shop.running(), ["2"; 5]);
    assert_eq!(
        shop.starts(1),
        ["1", "2", "3", "2"],
        "the first stage met it, and went back"
    );
    for number in 2..=5 {
        assert_eq!(shop.starts(number), ["1", "2"], "nobody else was touched");
    }
    assert_eq!(third["counts"]["rolled_back"], 1, "{}", brief(&third));
    assert_eq!(third["counts"]["skipped"], 4);
    let met = &third["targets"][0];
    assert_eq!(met["state"], "rolled_back");
    assert_eq!(met["version"], "2");
    let stages: Vec<&str> = third["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["status"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["rolled_back", "skipped", "skipped"]);
    assert!(met["error"].as_str().unwrap().contains("not healthy"), "{met}");

    let list = client
        .get(&format!("/api/v1/actions?space={SPACE}&limit=2"))
        .await
        .wanted(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list["items"][0]["id"], third["id"], "newest first");
    let next = list["next"].as_str().unwrap();
    let rest = client
        .get(&format!("/api/v1/actions?space={SPACE}&limit=2&cursor={next}"))
        .await
        .wanted(200);
    assert_eq!(rest["items"][0]["id"], first["id"]);
    assert_eq!(rest["next"], Value::Null);
    let done = client.get("/api/v1/actions?status=ROLLED_BACK").await.wanted(200);
    assert_eq!(done["items"].as_array().unwrap().len(), 1);
    let jdoe = client.get("/api/v1/actions?user=jdoe").await.wanted(200);
    assert_eq!(jdoe["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_restart_starts_what_is_there_and_a_rollback_brings_back_what_was_before() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    for version in ["1", "2"] {
        let id = act(&client, "deploy", &json!({"all": true, "version": version})).await;
        client.ends(&id, "COMPLETED").await;
    }

    let id = act(&client, "restart", &json!({"servers": ["web-2"]})).await;
    let restarted = client.ends(&id, "COMPLETED").await;
    assert_eq!(states(&restarted, "name"), ["web-2"]);
    assert_eq!(shop.starts(2), ["1", "2", "2"]);
    assert_eq!(shop.starts(1), ["1", "2"]);

    let id = act(&client, "rollback", &json!({"servers": ["web-1"]})).await;
    let back = client.ends(&id, "COMPLETED").await;
    assert_eq!(
        (states(&back, "version_before"), states(&back, "version")),
        (vec!["2".into()], vec!["1".into()])
    );
    assert_eq!(shop.running(), ["1", "2"]);

    // A finished action is rolled back by a new one, which names the first. What was taken back is bad until it is lifted.
    let lift = async || {
        let body = json!({"version": "2", "reason": "it was well after all"});
        let url = format!("/api/v1/quarantine/{SPACE}/{PROJECT}/lift");
        client.post(&url, &body).await.wanted(200);
    };
    lift().await;
    let id = act(&client, "deploy", &json!({"servers": ["web-1"], "version": "2"})).await;
    client.ends(&id, "COMPLETED").await;
    let answer = client
        .steer(&id, "rollback", &json!({"reason": "not liked"}))
        .await;
    let accepted = answer.wanted(202);
    let new = accepted["action_id"].as_str().unwrap();
    assert_ne!(new, id);
    assert_eq!(accepted["retry_of"], id);
    assert_eq!(answer.header("location"), format!("/space/{SPACE}/actions/{new}"));
    let back = client.ends(new, "COMPLETED").await;
    assert_eq!(back["retry_of"], id);
    assert_eq!(back["reason"], "not liked");
    assert_eq!(shop.running(), ["1", "2"], "{}", brief(&back));

    // And to a version that is named, unless that was taken back itself.
    client
        .steer(&id, "rollback", &json!({"version": "2"}))
        .await
        .fault(422, "version");
    lift().await;
    let accepted = client
        .steer(&id, "rollback", &json!({"version": "2"}))
        .await
        .wanted(202);
    client
        .ends(accepted["action_id"].as_str().unwrap(), "COMPLETED")
        .await;
    assert_eq!(shop.running(), ["2", "2"]);
}

#[tokio::test]
async fn what_failed_can_be_tried_again_for_those_targets_alone() {
    let shop = Shop::with(3, &json!({"on_failure": "stop"})).await;
    let (_server, client) = shop.open().await;
    // A folder where the link is to be: `switch` cannot put the link at its place.
    let in_the_way = shop.home(2).join("app/current");
    std::fs::create_dir_all(in_the_way.join("x")).unwrap();
    std::fs::write(shop.home(2).join("app.pid"), "").unwrap();

    let id = act(&client, "deploy", &json!({"all": true})).await;
    let failed = client.ends(&id, "FAILED").await;
    assert_eq!(failed["targets"][0]["state"], "succeeded", "{}", brief(&failed));
    assert_eq!(failed["targets"][1]["state"], "failed");
    assert_eq!(
        client.steer(&id, "resume", &json!({})).await.problem(409)["title"],
        "Not possible in this state"
    );

    let answer = client.steer(&id, "retry", &json!({"only": ["flat"]})).await;
    assert!(answer.fault(422, "only").contains("unreachable"));
    std::fs::remove_dir_all(in_the_way).unwrap();
    let accepted = client
        .steer(&id, "retry", &json!({"only": ["failed", "pending"]}))
        .await
        .wanted(202);
    let again = client
        .ends(accepted["action_id"].as_str().unwrap(), "COMPLETED")
        .await;
    assert_eq!(again["retry_of"], id);
    assert!(
        !states(&again, "name").contains(&"web-1".to_owned()),
        "what is done is not done again"
    );
    assert_eq!(shop.running(), ["1", "1", "1"]);
    assert_eq!(shop.starts(1), ["1"]);
}
