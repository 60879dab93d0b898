//! What would be done can be seen before, and only that is done.

use serde_json::{Value, json};

use crate::support::shop::{BROKEN, Shop, act, url};

async fn count(client: &crate::support::server::Client) -> usize {
    client.get("/api/v1/actions").await.wanted(200)["items"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_plan_shows_every_command_and_its_way_back_and_runs_nothing() {
    let shop = Shop::on(3).await;
    let (_server, client) = shop.open().await;
    let body = json!({"all": true, "version": "2"});

    let plan = client
        .post(&format!("{}plan", url("deploy")), &body)
        .await
        .wanted(200);
    let dry = client
        .post(
            &url("deploy"),
            &json!({"all": true, "version": "2", "dry_run": true}),
        )
        .await
        .wanted(200);
    assert_eq!(plan, dry, "both ways show the same");
    assert_eq!(plan["stages"].as_array().unwrap().len(), 2);
    assert_eq!(plan["targets"].as_array().unwrap().len(), 3);
    assert_eq!(
        plan["rollback"]["targets"],
        json!([]),
        "nothing is there to go back to"
    );
    for target in plan["targets"].as_array().unwrap() {
        for step in target["steps"].as_array().unwrap() {
            let is_command = step["kind"] == "run" || step["kind"] == "upload";
            assert_eq!(step["command"].is_string(), is_command, "{step}");
            assert_eq!(step["verdict"].is_string(), is_command, "{step}");
            assert!(step["rules"].is_array());
        }
    }
    assert_eq!(count(&client).await, 0, "nothing was written");
    assert_eq!(shop.running(), ["-"; 3], "nothing ran");

    // The hash is of what is done, not of who asks or when.
    let later = json!({"all": true, "version": "2", "user": "jdoe", "countdown": 60, "reason": "other"});
    let same = client
        .post(&format!("{}plan", url("deploy")), &later)
        .await
        .wanted(200);
    assert_eq!(same["plan_hash"], plan["plan_hash"]);
    let other = client
        .post(
            &format!("{}plan", url("deploy")),
            &json!({"servers": ["web-1"], "version": "2"}),
        )
        .await;
    assert_ne!(other.wanted(200)["plan_hash"], plan["plan_hash"]);

    // What was agreed on is done; once it is done, the state is another, and so is the plan.
    let agreed = json!({"all": true, "version": "2", "plan_hash": plan["plan_hash"]});
    let id = act(&client, "deploy", &agreed).await;
    client.ends(&id, "COMPLETED").await;
    let refused = client.post(&url("deploy"), &agreed).await.problem(409);
    assert!(
        refused["detail"].as_str().unwrap().contains("sha256:"),
        "{refused}"
    );
    assert_eq!(count(&client).await, 1);

    // Now there is a way back, with commands of its own.
    let plan = client
        .post(
            &format!("{}plan", url("deploy")),
            &json!({"all": true, "version": BROKEN}),
        )
        .await;
    let plan = plan.wanted(200);
    let back = plan["rollback"]["targets"].as_array().unwrap();
    assert_eq!(back.len(), 3);
    for target in back {
        assert_eq!(target["version"], "2");
        let commands: Vec<&Value> = target["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| &step["command"])
            .collect();
        assert!(
            commands
                .iter()
                .any(|command| command.as_str().is_some_and(|text| text.contains("releases/2")))
        );
    }
}

#[tokio::test]
async fn the_artifact_is_part_of_what_was_agreed_on() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let plan = client
        .post(&format!("{}plan", url("deploy")), &json!({"all": true}))
        .await
        .wanted(200);
    let other = std::fs::read(shop.place.path("artifacts/web-2.tar.gz")).unwrap();
    std::fs::write(shop.place.path("artifacts/web-1.tar.gz"), other).unwrap();
    let body = json!({"all": true, "plan_hash": plan["plan_hash"]});
    client.post(&url("deploy"), &body).await.problem(409);

    std::fs::remove_file(shop.place.path("artifacts/web-1.tar.gz")).unwrap();
    let answer = client.post(&url("deploy"), &json!({"all": true})).await;
    assert!(answer.fault(422, "artifact").contains("web-1.tar.gz"));
}
