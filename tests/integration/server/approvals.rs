//! Gates that ask for an approval: who passes them, by which word.

use serde_json::json;

use crate::support::shop::{SPACE, Shop, act, url};

#[tokio::test]
async fn nobody_passes_an_approval_gate_who_may_not_approve() {
    let stages =
        json!([{"label": "first", "count": 1, "gate": "approval"}, {"label": "rest", "percent": 100}]);
    let shop = Shop::with(2, &json!({"stages": stages})).await;
    let (server, deployer) = shop.open().await;
    let approver = server.client(&shop.place.token("a", SPACE, "approver").await);
    let admin = server.client(&shop.place.token("x", SPACE, "admin").await);

    // Nor is the gate to be laid out of the way.
    for config in [json!({"stages": "100%"}), json!({"strategy": "all_at_once"})] {
        let refused = deployer
            .post(&url("deploy"), &json!({"all": true, "config": config}))
            .await;
        assert!(
            refused
                .fault(422, &format!("config.{}", first_key(&config)))
                .contains("approval")
        );
    }

    // Before the gate, and at it.
    shop.hold(1);
    let id = act(&deployer, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    let (to_end, reason) = (json!({"to": "end"}), json!({"reason": "now"}));
    deployer.steer(&id, "promote", &to_end).await.problem(403);
    deployer.steer(&id, "force", &reason).await.problem(403);
    shop.release(1);
    deployer
        .until(&id, "at the gate", |action| {
            action["waiting_for"]["kind"] == "gate"
        })
        .await;
    for (word, body) in [
        ("promote", json!({})),
        ("promote", to_end),
        ("force", reason.clone()),
        ("approve", reason.clone()),
    ] {
        deployer.steer(&id, word, &body).await.problem(403);
    }
    // An approver does not act, but approves.
    approver.steer(&id, "promote", &json!({})).await.problem(403);
    assert_eq!(shop.starts(2), Vec::<String>::new());
    approver.steer(&id, "approve", &json!({})).await.wanted(200);
    deployer.ends(&id, "COMPLETED").await;

    // Who may do both may promote, and is asked to be another than the one who asked for it.
    let id = act(&deployer, "deploy", &json!({"all": true, "version": "2"})).await;
    deployer
        .until(&id, "at the gate", |action| {
            action["waiting_for"]["kind"] == "gate"
        })
        .await;
    admin.steer(&id, "promote", &json!({})).await.wanted(200);
    deployer.ends(&id, "COMPLETED").await;
    let own = act(&admin, "deploy", &json!({"all": true, "version": "1"})).await;
    admin
        .until(&own, "at the gate", |action| {
            action["waiting_for"]["kind"] == "gate"
        })
        .await;
    for word in ["promote", "approve", "force"] {
        let answer = admin.steer(&own, word, &json!({"reason": " "})).await;
        assert!([403, 422].contains(&answer.status), "{word}: {}", answer.text);
    }
    admin.steer(&own, "promote", &reason).await.wanted(200);
    admin.ends(&own, "COMPLETED").await;
    assert_eq!(shop.running(), ["1", "1"]);
}

fn first_key(config: &serde_json::Value) -> &str {
    config.as_object().unwrap().keys().next().unwrap()
}
