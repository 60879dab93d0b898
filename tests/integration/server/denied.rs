//! A command that the sanitizer denies never reaches a host.

use serde_json::json;

use crate::support::shop::{Shop, act, url};

#[tokio::test]
async fn a_denied_command_refuses_the_action_with_its_verdict() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    shop.configure(&json!({"start_command": "echo starting; rm -rf /"}));
    shop.place.apply().await;
    let problem = client
        .post(&url("deploy"), &json!({"all": true}))
        .await
        .problem(422);
    let verdicts = problem["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 1, "{problem}");
    let verdict = &verdicts[0];
    assert_eq!(
        (&verdict["step"], &verdict["verdict"], &verdict["targets"]),
        (&json!("start"), &json!("deny"), &json!(2))
    );
    let rule = &verdict["rules"][0];
    assert_eq!(rule["severity"], "deny");
    let (start, end) = (
        rule["start"].as_u64().unwrap() as usize,
        rule["end"].as_u64().unwrap() as usize,
    );
    assert!(
        verdict["command"].as_str().unwrap()[start..end].contains("rm"),
        "{verdict}"
    );
    assert!(
        rule["reason"].is_string() && rule.get("instead").is_some(),
        "{rule}"
    );

    // The plan shows it, and runs nothing either.
    let plan = client
        .post(&format!("{}plan", url("deploy")), &json!({"all": true}))
        .await
        .wanted(200);
    let start = plan["targets"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["name"] == "start")
        .unwrap();
    assert_eq!(start["verdict"], "deny");
    assert_eq!(
        client.get("/api/v1/actions").await.wanted(200)["items"],
        json!([])
    );

    shop.configure(&json!({}));
    shop.place.apply().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
}

#[tokio::test]
async fn a_command_that_is_asked_about_waits_for_somebody_else_to_approve() {
    let shop = Shop::on(1).await;
    let ask = json!({"scope": {"space": "pay"}, "ask": [
        {"id": "starts", "regex": "current/start", "reason": "let somebody look"},
    ]});
    shop.place.configure("policies/pay.json", &ask);
    let (server, client) = shop.open().await;
    let approver = server.client(&shop.place.token("boss", "pay", "approver").await);

    let accepted = client
        .post(&url("deploy"), &json!({"all": true}))
        .await
        .wanted(202);
    assert_eq!(accepted["status"], "WAITING");
    let id = accepted["action_id"].as_str().unwrap();
    let waiting = client.action(id).await;
    assert_eq!(waiting["waiting_for"]["kind"], "approval");
    assert!(
        waiting["waiting_for"]["detail"]
            .as_str()
            .unwrap()
            .contains("starts"),
        "{waiting}"
    );
    client.steer(id, "approve", &json!({})).await.problem(403);
    approver
        .steer(id, "approve", &json!({"reason": "seen"}))
        .await
        .wanted(200);
    client.ends(id, "COMPLETED").await;

    let accepted = client
        .post(&url("restart"), &json!({"all": true}))
        .await
        .wanted(202);
    let id = accepted["action_id"].as_str().unwrap();
    approver
        .steer(id, "reject", &json!({"reason": "no"}))
        .await
        .wanted(200);
    client.ends(id, "REVOKED").await;
    assert_eq!(shop.starts(1), ["1"]);
    client.steer(id, "abort", &json!({})).await.problem(409);
}
