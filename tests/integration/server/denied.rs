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

/// Denied, and harmless should it ever be run: there is no such disk.
const FORMAT: &str = "mkfs.ext4 /dev/sdz9";

#[tokio::test]
async fn what_an_upload_brings_is_judged_where_a_later_step_runs_it() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let dest = shop.home(1).join("tool.sh");
    let dest = dest.display();
    for (text, ran, status) in [
        ("echo set up", format!("sh {dest}"), 202),
        (FORMAT, format!("test -f {dest}"), 202),
        (FORMAT, format!("sh {dest}"), 422),
    ] {
        let script = format!(
            r#"KEYS = {{name: key("string", default = "") for name in ["artifact", "dir", "start_command", "stop_command", "check_url"]}}
KEYS["healthcheck_string"] = key("list", default = [])
KEYS["healthcheck_smart_delay"] = key("integer", default = 1)
KEYS["healthcheck_timeout"] = key("integer", default = 1)

def steps(ctx, target):
    return [upload("tool", "{dest}", content = "{text}\n"), run("go", "{ran}")]

def deploy(ctx):
    return rollout(ctx.targets, steps, strategy = all_at_once())
"#
        );
        shop.place.write("config/scripts/deploy.star", &script);
        shop.place.apply().await;
        let answer = client.post(&url("deploy"), &json!({"all": true})).await;
        if status == 202 {
            let id = answer.wanted(202)["action_id"].as_str().unwrap().to_owned();
            client.ends(&id, "COMPLETED").await;
            continue;
        }
        let problem = answer.problem(422);
        let verdict = &problem["verdicts"][0];
        assert_eq!(
            (&verdict["step"], &verdict["verdict"]),
            (&json!("go"), &json!("deny")),
            "{problem}"
        );
        let chain = verdict["rules"][0]["chain"].to_string();
        assert!(chain.contains(FORMAT), "{problem}");
    }
}

#[tokio::test]
async fn only_an_administrator_lifts_what_denies() {
    let shop = Shop::on(1).await;
    shop.place
        .people(&[("boss", "--admin"), ("jdoe", "--group=web")])
        .await;
    shop.configure(&json!({"start_command": FORMAT}));
    let lift = |author: &str, expires: &str| {
        json!({"scope": {"space": "pay"}, "allow": [
            {"rule": "disk.format", "command": FORMAT, "reason": "a new disk", "author": author, "expires": expires},
        ]})
    };
    shop.place
        .configure("policies/pay.json", &lift("jdoe", "2999-01-01"));
    let folder = shop.place.path("config");
    let refused = shop.place.call(&["apply", folder.to_str().unwrap()], "").await;
    assert_ne!(refused.code, 0);
    for said in [
        "allow[0].author",
        "jdoe is no administrator",
        "let one answer for it",
    ] {
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }

    // Planned alone: nothing of this is run.
    shop.place
        .configure("policies/pay.json", &lift("boss", "2999-01-01"));
    let (_server, client) = shop.open().await;
    for (author, expires, verdict) in [("boss", "2999-01-01", "allow"), ("boss", "2020-01-01", "deny")] {
        shop.place.configure("policies/pay.json", &lift(author, expires));
        shop.place.apply().await;
        let plan = client
            .post(&format!("{}plan", url("deploy")), &json!({"all": true}))
            .await
            .wanted(200);
        let steps = plan["targets"][0]["steps"].as_array().unwrap();
        let start = steps.iter().find(|step| step["name"] == "start").unwrap();
        assert_eq!(start["verdict"], verdict, "{start}");
    }
}
