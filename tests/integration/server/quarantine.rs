//! A version that a real server rolled back: refused, shown, and lifted by the command that the refusal names.

use serde_json::json;

use crate::support::shop::{BROKEN, PROJECT, SPACE, Shop, act, url};

#[tokio::test]
async fn a_version_that_was_rolled_back_is_refused_until_somebody_who_may_lifts_it() {
    let mut shop = Shop::on(1).await;
    let (server, deployer) = shop.open().await;
    let id = act(&deployer, "deploy", &json!({"all": true})).await;
    deployer.ends(&id, "COMPLETED").await;
    let body = json!({"all": true, "version": BROKEN});
    let bad = act(&deployer, "deploy", &body).await;
    deployer.ends(&bad, "ROLLED_BACK").await;
    assert_eq!(shop.starts(1), ["1", BROKEN, "1"]);

    let answer = deployer.post(&url("deploy"), &body).await;
    let message = answer.fault(422, "version");
    for part in [&bad, "token:ci", "edgewise quarantine lift", SPACE, PROJECT] {
        assert!(message.contains(part), "{part} in {message}");
    }
    let problem = answer.problem(422);
    assert_eq!(problem["type"], "urn:edgewise:problem:quarantined");
    assert_eq!(problem["quarantine"]["action"], bad.as_str());
    let plan = deployer
        .post(&format!("{}plan", url("deploy")), &body)
        .await
        .wanted(200);
    assert_eq!(plan["quarantine"], problem["quarantine"], "{plan}");
    deployer
        .steer(&bad, "retry", &json!({}))
        .await
        .fault(422, "version");

    // The server is killed: what it knew is still known.
    server.kill().await;
    let server = shop.place.serve().await;
    let deployer = server.client(deployer.token());
    deployer.post(&url("deploy"), &body).await.fault(422, "version");

    let records = format!("/api/v1/quarantine/{SPACE}/{PROJECT}");
    let lift = format!("{records}/lift");
    let why = json!({"version": BROKEN, "reason": "its check was wrong"});
    for role in ["viewer", "operator", "approver"] {
        let client = server.client(&shop.place.token(role, SPACE, role).await);
        client.post(&lift, &why).await.problem(403);
        let seen = client.get(&records).await.wanted(200);
        assert_eq!(seen["items"][0]["version"], BROKEN);
    }
    server.stranger().post(&lift, &why).await.problem(401);
    deployer
        .post(&lift, &json!({"version": BROKEN}))
        .await
        .fault(422, "reason");
    deployer
        .post(&lift, &json!({"versoin": BROKEN}))
        .await
        .fault(422, "versoin");
    deployer
        .post(&lift, &json!({"version": "1", "reason": "none"}))
        .await
        .problem(409);

    // Exactly the command that the refusal names, but for the reason.
    let command = problem["quarantine"]["lift"].as_str().unwrap();
    assert!(message.contains(command), "{message}");
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!((words[0], words[words.len() - 1]), ("edgewise", "\"...\""));
    let place = &mut shop.place;
    place.set("EDGEWISE_URL", server.url());
    place.set("EDGEWISE_TOKEN", deployer.token());
    let refused = place
        .call(
            &[
                "deploy",
                &format!("{SPACE}/{PROJECT}"),
                "--all",
                "--version",
                BROKEN,
            ],
            "",
        )
        .await;
    assert_eq!(refused.code, 5, "{refused:?}");
    let args: Vec<&str> = words[1..words.len() - 1]
        .iter()
        .copied()
        .chain(["its check was wrong"])
        .collect();
    let said = place.done(&args, "").await;
    assert!(said.contains("token:ci: its check was wrong"), "{said}");
    let listed = place
        .done(
            &["-o", "json", "quarantine", "list", &format!("{SPACE}/{PROJECT}")],
            "",
        )
        .await;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["items"][0]["lifted"]["reason"], "its check was wrong");
    assert!(place.server_said().contains("taken out of quarantine"));
    let again = act(&deployer, "deploy", &body).await;
    deployer.ends(&again, "ROLLED_BACK").await;
    let seen = deployer.get(&records).await.wanted(200);
    assert_eq!(
        seen["items"].as_array().unwrap().len(),
        2,
        "bad once more: {seen}"
    );
    deployer.post(&url("deploy"), &body).await.fault(422, "version");
}
