//! Requests that are wrong, and what they are answered. Nothing is left behind by any of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::{Answer, Client};
use crate::support::shop::{PROJECT, SPACE, Shop, act, url};

async fn raw(client: &Client, content_type: &str, body: &str) -> Answer {
    let request = client
        .request(Method::POST, &url("deploy"))
        .header("Content-Type", content_type);
    client.send(request.body(body.to_owned())).await
}

/// After all of it a deploy works as if nothing had been: no action, no lease, no row is left.
async fn nothing_is_left(shop: &Shop, client: &Client) {
    let list = client.get("/api/v1/actions").await.wanted(200);
    assert_eq!(list["items"], json!([]), "a refused request leaves no action");
    let id = act(client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    assert!(shop.running().iter().all(|version| version == "1"));
}

#[tokio::test]
async fn a_list_is_asked_for_with_what_the_page_before_said() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    for (query, field) in [
        ("cursor=zzz", "cursor"),
        ("cursor=%00", "cursor"),
        ("user=%00", "user"),
        ("project=%00", "project"),
        ("since=soon", "since"),
        ("status=DONE", "status"),
    ] {
        client
            .get(&format!("/api/v1/actions?{query}"))
            .await
            .fault(422, field);
    }
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = act(&client, "deploy", &json!({"all": true})).await;
        client.ends(&id, "COMPLETED").await;
        ids.push(id);
    }
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(&format!("/api/v1/actions?limit=2{cursor}"))
            .await
            .wanted(200);
        let items = page["items"].as_array().unwrap();
        listed.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ids.reverse();
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn every_wrong_request_is_answered_by_what_is_wrong_with_it() {
    let shop = Shop::on(2).await;
    let (server, client) = shop.open().await;
    let deploy = url("deploy");

    let unknown = client
        .post(&deploy, &json!({"servers": ["web-1", "wep-2"]}))
        .await;
    let message = unknown.fault(422, "servers");
    assert!(
        message.contains("wep-2") && message.contains("web-2"),
        "{message}"
    );
    for body in [json!({}), json!({"servers": []}), json!({"all": false})] {
        let message = client.post(&deploy, &body).await.fault(422, "servers");
        assert!(message.contains("\"all\": true"), "{message}");
    }
    client
        .post(&deploy, &json!({"servers": ["web-1"], "all": true}))
        .await
        .fault(422, "all");
    let message = client
        .post(&deploy, &json!({"all": true, "vresion": "1"}))
        .await
        .fault(422, "vresion");
    assert!(message.contains("`version`"), "{message}");
    for (field, value) in [
        ("servers", json!("web-1")),
        ("countdown", json!(-1)),
        ("countdown", json!("soon")),
        ("countdown", json!(604_801)),
        ("version", json!("1; rm -rf /")),
        ("queue", json!("yes")),
        ("config", json!([])),
    ] {
        let mut body = json!({"all": true});
        if field == "servers" {
            body = json!({});
        }
        body[field] = value;
        client.post(&deploy, &body).await.fault(422, field);
    }
    let two = client
        .post(&deploy, &json!({"servres": ["web-1"], "countdown": "soon"}))
        .await
        .problem(422);
    assert_eq!(
        two["errors"].as_array().unwrap().len(),
        2,
        "every field is named at once: {two}"
    );
    let message = client
        .post(&deploy, &json!({"all": true, "config": {"sudo": true}}))
        .await
        .fault(422, "config.sudo");
    assert!(!message.is_empty());
    client
        .post(&deploy, &json!({"all": true, "config": {"chek_url": "x"}}))
        .await
        .fault(422, "config.chek_url");

    let missing = client
        .post(&url("explode"), &json!({"all": true}))
        .await
        .problem(404);
    assert!(
        missing["detail"].as_str().unwrap().contains("deploy"),
        "it says what there is: {missing}"
    );
    client
        .post(&url("_install"), &json!({"all": true}))
        .await
        .problem(404);
    client
        .post(&format!("/space/{SPACE}/nothing/deploy/"), &json!({"all": true}))
        .await
        .problem(404);
    client
        .post(
            &format!("/space/nothing/{PROJECT}/deploy/"),
            &json!({"all": true}),
        )
        .await
        .problem(404);
    client
        .get("/api/v1/actions/0190a000-0000-7000-8000-000000000000")
        .await
        .problem(404);
    client.get("/api/v1/nothing").await.problem(404);
    client
        .get("/api/v1/actions?status=GOOD")
        .await
        .fault(422, "status");
    client.get("/api/v1/actions?sort=name").await.fault(422, "sort");

    assert!(
        raw(&client, "application/json", "{\"all\": tru")
            .await
            .problem(400)["detail"]
            .as_str()
            .unwrap()
            .contains("line 1")
    );
    raw(&client, "application/json", "").await.problem(400);
    raw(&client, "application/json", "[]").await.problem(422);
    raw(&client, "text/plain", "{\"all\": true}").await.problem(415);
    raw(&client, "application/x-www-form-urlencoded", "all=true")
        .await
        .problem(415);
    let large = format!("{{\"all\": true, \"reason\": \"{}\"}}", "x".repeat(10 << 20));
    raw(&client, "application/json", &large).await.problem(413);

    server
        .stranger()
        .post(&deploy, &json!({"all": true}))
        .await
        .problem(401);
    server
        .client("ew_nonsense")
        .post(&deploy, &json!({"all": true}))
        .await
        .problem(401);

    nothing_is_left(&shop, &client).await;
}

#[tokio::test]
async fn the_same_request_twice_is_one_action() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let post = |key: &'static str, body: Value| {
        let request = client
            .request(Method::POST, &url("deploy"))
            .header("Idempotency-Key", key);
        client.send(request.json(&body))
    };
    let first = post("build-7", json!({"all": true})).await.wanted(202);
    let second = post("build-7", json!({"all": true})).await.wanted(202);
    assert_eq!(second["action_id"], first["action_id"]);
    client
        .ends(first["action_id"].as_str().unwrap(), "COMPLETED")
        .await;
    // Also when it is over, and what it would plan now is something else.
    let third = post("build-7", json!({"all": true})).await;
    let third = third.wanted(202);
    assert_eq!(
        (&third["action_id"], &third["status"]),
        (&first["action_id"], &json!("COMPLETED"))
    );
    assert_eq!(third["plan_hash"], first["plan_hash"]);

    post("build-7", json!({"all": true, "version": "2"}))
        .await
        .fault(422, "Idempotency-Key");
    let other = post("build-8", json!({"all": true})).await.wanted(202);
    assert_ne!(other["action_id"], first["action_id"]);
    client
        .ends(other["action_id"].as_str().unwrap(), "COMPLETED")
        .await;
    assert_eq!(shop.starts(1), ["1", "1"]);
}

#[tokio::test]
async fn the_wrapper_of_old_callers_and_a_missing_slash_do_not_matter() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let path = url("deploy");
    let wrapped = json!({"content": {"servers": ["web-1"], "user": "jdoe", "countdown": 0}});
    let accepted = client
        .post(path.trim_end_matches('/'), &wrapped)
        .await
        .wanted(202);
    let ended = client
        .ends(accepted["action_id"].as_str().unwrap(), "COMPLETED")
        .await;
    assert_eq!(ended["user"], "jdoe");
    let message = client
        .post(&path, &json!({"content": {"all": true, "versoin": "1"}}))
        .await
        .fault(422, "versoin");
    assert!(message.contains("`version`"), "{message}");
    // What an override may set is set, for this request alone.
    let body = json!({"all": true, "config": {"artifact_sha256": "0".repeat(64)}});
    client.post(&path, &body).await.fault(422, "artifact_sha256");
}
