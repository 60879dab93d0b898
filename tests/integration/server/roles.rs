//! Who may do what, as the server itself decides it.

use serde_json::{Value, json};

use crate::support::shop::{Shop, act, url};

#[tokio::test]
async fn each_role_may_do_what_the_contract_says_and_another_space_is_not_even_there() {
    let shop = Shop::on(1).await;
    shop.place
        .configure("spaces/other.json", &json!({"name": "other", "title": "Other"}));
    let (server, deployer) = shop.open().await;
    let client = |token: &str| server.client(token);
    let viewer = client(&shop.place.token("v", "pay", "viewer").await);
    let operator = client(&shop.place.token("o", "pay", "operator").await);
    let approver = client(&shop.place.token("a", "pay", "approver").await);
    let stranger = client(&shop.place.token("x", "other", "admin").await);

    let id = act(&deployer, "deploy", &json!({"all": true})).await;
    deployer.ends(&id, "COMPLETED").await;

    let body = json!({"all": true, "version": "2"});
    for (who, name) in [
        (&viewer, "viewer"),
        (&operator, "operator"),
        (&approver, "approver"),
    ] {
        assert_eq!(who.post(&url("deploy"), &body).await.status, 403, "{name}");
        assert_eq!(who.action(&id).await["id"], id.as_str());
        assert_eq!(who.steer(&id, "retry", &json!({})).await.status, 403, "{name}");
    }
    viewer
        .post(&url("restart"), &json!({"all": true}))
        .await
        .problem(403);
    // What sinks refused is of all spaces: no token of one may see it.
    for who in [&viewer, &deployer, &stranger] {
        who.get("/api/v1/log").await.problem(403);
    }
    viewer.steer(&id, "abort", &json!({})).await.problem(403);
    deployer.steer(&id, "approve", &json!({})).await.problem(403);

    let restart = operator
        .post(&url("restart"), &json!({"all": true}))
        .await
        .wanted(202);
    deployer
        .ends(restart["action_id"].as_str().unwrap(), "COMPLETED")
        .await;

    // What one may not see looks exactly like what is not there.
    let unseen = stranger.post(&url("deploy"), &body).await.problem(404);
    let missing = stranger
        .post("/space/pay/nothing/deploy/", &body)
        .await
        .problem(404);
    let same = |problem: &Value, name: &str| problem["detail"].as_str().unwrap().replace(name, "...");
    assert_eq!(same(&unseen, "pay/web"), same(&missing, "pay/nothing"));
    stranger.get(&format!("/api/v1/actions/{id}")).await.problem(404);
    stranger
        .get(&format!("/api/v1/actions/{id}/logs"))
        .await
        .problem(404);
    stranger
        .get(&format!("/api/v1/actions/{id}/events"))
        .await
        .problem(404);
    stranger.steer(&id, "abort", &json!({})).await.problem(404);
    assert_eq!(
        stranger.get("/api/v1/actions").await.wanted(200)["items"],
        json!([])
    );
    assert_eq!(
        stranger.get("/api/v1/actions?space=pay").await.wanted(200)["items"],
        json!([])
    );
    assert_eq!(shop.starts(1), ["1", "1"]);
}

#[tokio::test]
async fn a_revoked_token_is_none_from_the_next_request_on() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    client.get("/api/v1/actions").await.wanted(200);
    shop.place.done(&["token", "revoke", "ci"], "").await;
    let answer = client.get("/api/v1/actions").await;
    answer.problem(401);
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    client
        .post(&url("deploy"), &json!({"all": true}))
        .await
        .problem(401);
}
