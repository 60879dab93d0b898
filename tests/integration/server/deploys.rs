//! From a POST to hosts that run something else.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::brief;
use crate::support::shop::{BROKEN, PROJECT, SPACE, Shop, act, url};

fn states(action: &Value, key: &str) -> Vec<String> {
    let targets = action["targets"].as_array().unwrap();
    targets.iter().map(|target| target[key].as_str().unwrap_or("-").to_owned()).collect()
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
               "url": format!("/space/{SPACE}/actions/{id}"), "plan_hash": hash,
               "waiting_for": accepted["waiting_for"]}),
    );

    let first = client.ends(id, "COMPLETED").await;
    assert_eq!(shop.running(), ["1"; 5]);
    assert_eq!(first["counts"]["succeeded"], 5);
    assert_eq!(first["user"], "jdoe");
    assert_eq!(first["reason"], "first");
    assert_eq!(first["waiting_for"], Value::Null);
    assert_eq!(states(&first, "state"), ["succeeded"; 5]);
    let stages: Vec<usize> =
        first["stages"].as_array().unwrap().iter().map(|stage| stage["targets"].as_array().unwrap().len()).collect();
    assert_eq!(stages, [1, 2, 2], "5 hosts: 1, then to 50 %, then all");
    for stage in first["stages"].as_array().unwrap() {
        assert_eq!(stage["status"], "done");
    }
    for target in first["targets"].as_array().unwrap() {
        assert_eq!(target["version_before"], Value::Null);
        assert_eq!(target["version"], "1");
        for step in target["steps"].as_array().unwrap() {
            assert!(["ok", "skipped"].contains(&step["state"].as_str().unwrap()), "{step}");
        }
    }

    let second = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    let second = client.ends(&second, "COMPLETED").await;
    assert_eq!(states(&second, "version_before"), ["1"; 5], "the inventory knew what was there");
    assert_eq!(shop.running(), ["2"; 5]);

    let third = act(&client, "deploy", &json!({"all": true, "version": BROKEN})).await;
    let third = client.ends(&third, "ROLLED_BACK").await;
    assert_eq!(shop.running(), ["2"; 5]);
    assert_eq!(shop.starts(1), ["1", "2", "3", "2"], "the first stage met it, and went back");
    for number in 2..=5 {
        assert_eq!(shop.starts(number), ["1", "2"], "nobody else was touched");
    }
    assert_eq!(third["counts"]["rolled_back"], 1, "{}", brief(&third));
    assert_eq!(third["counts"]["skipped"], 4);
    let met = &third["targets"][0];
    assert_eq!(met["state"], "rolled_back");
    assert_eq!(met["version"], "2");
    assert!(met["error"].as_str().unwrap().contains("not healthy"), "{met}");

    let list = client.get(&format!("/api/v1/actions?space={SPACE}&limit=2")).await.wanted(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list["items"][0]["id"], third["id"], "newest first");
    let next = list["next"].as_str().unwrap();
    let rest = client.get(&format!("/api/v1/actions?space={SPACE}&limit=2&cursor={next}")).await.wanted(200);
    assert_eq!(rest["items"][0]["id"], first["id"]);
    assert_eq!(rest["next"], Value::Null);
    let done = client.get("/api/v1/actions?status=ROLLED_BACK").await.wanted(200);
    assert_eq!(done["items"].as_array().unwrap().len(), 1);
    let jdoe = client.get("/api/v1/actions?user=jdoe").await.wanted(200);
    assert_eq!(jdoe["items"].as_array().unwrap().len(), 1);
}
