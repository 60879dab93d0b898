//! What policies do to plans: where they apply, what they forbid, what they lift, and who answers for what is asked about.
//!
//! Nothing that is denied or asked about here is run: it is planned alone, or names what is nowhere.

use serde_json::{Value, json};

use crate::support::server::Client;
use crate::support::shop::{SPACE, Shop, url};

/// The start step of a plan for the one host.
async fn planned_start(client: &Client) -> Value {
    let plan = client
        .post(&format!("{}plan", url("deploy")), &json!({"all": true}))
        .await
        .wanted(200);
    let steps = plan["targets"][0]["steps"].as_array().unwrap();
    steps.iter().find(|step| step["name"] == "start").unwrap().clone()
}

/// Writes these policies, and takes all others away.
async fn policies(shop: &Shop, wanted: &[Value]) {
    let folder = shop.place.path("config/policies");
    let _ = std::fs::remove_dir_all(&folder);
    for (at, policy) in wanted.iter().enumerate() {
        shop.place.configure(&format!("policies/p{at}.json"), policy);
    }
    let folder = shop.place.path("config");
    shop.place
        .done(&["--yes", "apply", "--prune", folder.to_str().unwrap()], "")
        .await;
}

fn ids(step: &Value) -> Vec<&str> {
    let rules = step["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_policy_counts_where_its_scope_says() {
    let shop = Shop::on(1).await;
    shop.configure(&json!({"start_command": "web-tool go"}));
    let (_server, client) = shop.open().await;
    shop.place
        .configure("spaces/other.json", &json!({"name": "other", "title": "Other"}));
    let environment = json!({"name": "elsewhere", "script": "deploy.star", "config": {}});
    shop.place.configure("environments/elsewhere.json", &environment);
    for (scope, verdict) in [
        (json!({}), "deny"),
        (json!({"space": SPACE}), "deny"),
        (json!({"space": "other"}), "allow"),
        (json!({"environment": "plain"}), "deny"),
        (json!({"environment": "elsewhere"}), "allow"),
        (json!({"space": SPACE, "environment": "plain"}), "deny"),
        (json!({"space": SPACE, "environment": "elsewhere"}), "allow"),
        (json!({"space": "other", "environment": "plain"}), "allow"),
    ] {
        let deny = json!([{"id": "held", "program": "web-tool", "reason": "it is held back"}]);
        policies(&shop, &[json!({"scope": scope, "deny": deny})]).await;
        let start = planned_start(&client).await;
        assert_eq!(start["verdict"], verdict, "{scope}: {start}");
        let held: &[&str] = if verdict == "deny" { &["held"] } else { &[] };
        assert_eq!(ids(&start), held, "{scope}");
    }
}

#[tokio::test]
async fn folders_mean_what_the_policy_says() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    for (command, trees, verdict) in [
        ("rm -rf /opt/kept", json!({}), "allow"),
        ("rm -rf /opt/kept", json!({"data": ["/opt/kept"]}), "deny"),
        ("rm -rf /opt/kept/old", json!({"data": ["/opt/kept"]}), "ask"),
        ("rm -rf /opt/kept", json!({"system": ["/opt/kept"]}), "deny"),
        ("echo x > /opt/kept/y", json!({}), "allow"),
        ("rm -rf /var/lib/no-such-shop", json!({}), "ask"),
        (
            "rm -rf /var/lib/no-such-shop",
            json!({"own": ["/var/lib/no-such-shop"]}),
            "allow",
        ),
        (
            "rm -rf /var/lib/no-such-shop-either",
            json!({"own": ["/var/lib/no-such-shop"]}),
            "ask",
        ),
    ] {
        shop.configure(&json!({"start_command": command}));
        policies(&shop, &[json!({"trees": trees})]).await;
        let start = planned_start(&client).await;
        assert_eq!(start["verdict"], verdict, "{command} {trees}: {start}");
    }
}

#[tokio::test]
async fn in_strict_mode_what_runs_is_on_every_list() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let first = json!({"only": [{"program": "web-tool"}, {"program": "rm", "under": ["/opt/kept"]}, {"program": "env"}]});
    let second = json!({"scope": {"space": SPACE}, "only": [{"program": "web-tool"}, {"program": "rm"}, {"program": "env"}]});
    let elsewhere = json!({"scope": {"space": "other"}, "only": [{"program": "true"}]});
    shop.place
        .configure("spaces/other.json", &json!({"name": "other", "title": "Other"}));
    for (command, lists, verdict) in [
        ("web-tool go", vec![&first, &second, &elsewhere], "allow"),
        ("env A=1 web-tool go", vec![&first, &second], "allow"),
        ("app-tool go", vec![&first], "deny"),
        ("env A=1 app-tool go", vec![&first], "deny"),
        ("web-tool go; app-tool go", vec![&first], "deny"),
        ("rm -rf /opt/kept/old", vec![&first, &second], "allow"),
        ("rm -rf /opt/other/old", vec![&second], "allow"),
        ("rm -rf /opt/other/old", vec![&first, &second], "deny"),
        ("rm -rf /opt/kept/../other/old", vec![&first, &second], "deny"),
        ("app-tool go", vec![&elsewhere], "allow"),
    ] {
        shop.configure(&json!({"start_command": command}));
        let lists: Vec<Value> = lists.into_iter().cloned().collect();
        policies(&shop, &lists).await;
        let start = planned_start(&client).await;
        assert_eq!(start["verdict"], verdict, "{command} {lists:?}: {start}");
    }
}

#[tokio::test]
async fn an_exception_lifts_one_command_and_says_so() {
    let shop = Shop::on(1).await;
    shop.place
        .people(&[("boss", "--admin"), ("jdoe", "--group=web")])
        .await;
    let members = json!([{"user": "jdoe", "role": "admin"}]);
    let space = json!({"name": SPACE, "title": "Payments", "members": members});
    shop.place.configure(&format!("spaces/{SPACE}.json"), &space);
    let (_server, client) = shop.open().await;
    // There is no such disk.
    let format = "mkfs.ext4 /dev/sdz9";
    let entry = |rule: &str, command: &str, author: &str, expires: &str| json!({"rule": rule, "command": command, "reason": "a new disk", "author": author, "expires": expires});
    let (late, early) = ("2999-01-01", "2020-01-01");
    for (command, scope, allow, verdict, told) in [
        (
            format,
            json!({}),
            entry("disk.format", format, "boss", late),
            "allow",
            "a new disk",
        ),
        // As it is parsed, not as it is spelt.
        (
            "sudo mkfs.ext4 '/dev/sdz9'",
            json!({}),
            entry("disk.format", format, "boss", late),
            "allow",
            "boss",
        ),
        (
            "mkfs.ext4 /dev/sdz8",
            json!({}),
            entry("disk.format", format, "boss", late),
            "deny",
            "",
        ),
        (
            "mkfs.ext4 /dev/sdz9; mkfs.ext4 /dev/sdz8",
            json!({}),
            entry("disk.format", format, "boss", late),
            "deny",
            "a new disk",
        ),
        (
            format,
            json!({}),
            entry("disk.format", format, "boss", early),
            "deny",
            "2020-01-01",
        ),
        (
            format,
            json!({"space": SPACE}),
            entry("disk.format", format, "jdoe", late),
            "allow",
            "jdoe",
        ),
        // What is only asked about, everybody who writes policies may lift.
        (
            "reboot",
            json!({}),
            entry("power.reboot", "reboot", "jdoe", late),
            "allow",
            "jdoe",
        ),
    ] {
        shop.configure(&json!({"start_command": command}));
        policies(&shop, &[json!({"scope": scope, "allow": [allow]})]).await;
        let start = planned_start(&client).await;
        assert_eq!(start["verdict"], verdict, "{command}: {start}");
        let spared = start
            .get("not_applied")
            .map(ToString::to_string)
            .unwrap_or_default();
        assert_eq!(spared.is_empty(), told.is_empty(), "{command}: {start}");
        assert!(spared.contains(told), "{command}: {spared}");
    }

    // Of a space alone, jdoe lifts nothing for all.
    let all = json!({"allow": [entry("disk.format", format, "jdoe", late)]});
    shop.place.configure("policies/p0.json", &all);
    let folder = shop.place.path("config");
    let refused = shop.place.call(&["apply", folder.to_str().unwrap()], "").await;
    assert_ne!(refused.code, 0);
    assert!(
        refused.stderr.contains("jdoe is no administrator"),
        "{}",
        refused.stderr
    );

    // What is refused tells what was not lifted, and why.
    shop.configure(&json!({"start_command": format}));
    let ended = json!({"allow": [entry("disk.format", format, "boss", early)]});
    policies(&shop, &[ended]).await;
    let problem = client
        .post(&url("deploy"), &json!({"all": true}))
        .await
        .problem(422);
    let verdict = &problem["verdicts"][0];
    assert_eq!(verdict["rules"][0]["id"], "disk.format", "{problem}");
    assert!(
        verdict["not_applied"][0]["reason"]
            .as_str()
            .unwrap()
            .contains(early),
        "{problem}"
    );
}

#[tokio::test]
async fn what_is_asked_about_waits_for_another_or_for_a_reason() {
    let shop = Shop::on(1).await;
    let ask = json!([{"id": "starts", "regex": "current/start", "reason": "let somebody look"}]);
    shop.place.configure(
        "policies/pay.json",
        &json!({"scope": {"space": SPACE}, "ask": ask}),
    );
    let (server, _client) = shop.open().await;
    let author = server.client(&shop.place.token("x", SPACE, "admin").await);
    let start = async || {
        let accepted = author
            .post(&url("deploy"), &json!({"all": true}))
            .await
            .wanted(202);
        assert_eq!(accepted["status"], "WAITING");
        accepted["action_id"].as_str().unwrap().to_owned()
    };

    // Nobody else has an account: the author may, and says why.
    let id = start().await;
    for body in [json!({}), json!({"reason": " "})] {
        author.steer(&id, "approve", &body).await.fault(422, "reason");
    }
    author
        .steer(&id, "approve", &json!({"reason": "nobody else is here"}))
        .await
        .wanted(200);
    author.ends(&id, "COMPLETED").await;
    let told = |log: &[Value], wanted: &str| {
        log.iter().any(|entry| {
            let text = entry["message"]
                .as_str()
                .or(entry["text"].as_str())
                .unwrap_or_default();
            text.contains(wanted)
        })
    };
    let log = author.log(&id, "").await;
    for wanted in [
        "nobody else is here",
        "it is their own action, and nobody else may approve here",
        "the sanitizer asked about web-1/start: starts",
    ] {
        assert!(told(&log, wanted), "{wanted}: {log:#?}");
    }

    // Once there is somebody else, it is for them.
    shop.place
        .done(&["user", "add", "boss", "--admin"], "correct horse battery\n")
        .await;
    let id = start().await;
    author
        .steer(&id, "approve", &json!({"reason": "nobody else is here"}))
        .await
        .problem(403);
    let other = server.client(&shop.place.token("y", SPACE, "approver").await);
    other
        .steer(&id, "approve", &json!({"reason": "looked"}))
        .await
        .wanted(200);
    author.ends(&id, "COMPLETED").await;
    assert_eq!(shop.starts(1).len(), 2);
}

#[tokio::test]
async fn what_waits_for_an_approval_waits_through_a_restart() {
    let shop = Shop::with(1, &json!({"on_failure": "stop"})).await;
    let rule = json!([{"id": "starts", "regex": "current/start", "reason": "let somebody look"}]);
    policies_of(&shop, &json!({"ask": rule}));
    let (mut server, _client) = shop.open().await;
    let author = shop.place.token("x", SPACE, "deployer").await;
    let approver = shop.place.token("y", SPACE, "approver").await;
    // What is forbidden meanwhile is so although somebody says yes.
    for (policy, status, starts) in [
        (json!({"ask": rule}), "COMPLETED", 1),
        (json!({"deny": rule}), "FAILED", 1),
    ] {
        let body = json!({"all": true});
        let accepted = server
            .client(&author)
            .post(&url("deploy"), &body)
            .await
            .wanted(202);
        let id = accepted["action_id"].as_str().unwrap().to_owned();
        server.stop().await;
        policies_of(&shop, &policy);
        shop.place.apply().await;
        server = shop.place.serve().await;
        let [own, other] = [&author, &approver].map(|token| server.client(token));
        let waiting = own.action(&id).await;
        assert_eq!(waiting["waiting_for"]["kind"], "approval", "{waiting}");
        let reason = json!({"reason": "seen"});
        own.steer(&id, "approve", &reason).await.problem(403);
        other.steer(&id, "approve", &reason).await.wanted(200);
        own.ends(&id, status).await;
        assert_eq!(shop.starts(1).len(), starts);
        let said = own.log(&id, "").await;
        let of_verdict = said
            .iter()
            .filter_map(|entry| entry["text"].as_str().or(entry["message"].as_str()))
            .filter(|text| {
                text.contains("the sanitizer asked about web-1/start: starts") && text.contains("seen")
            });
        assert_eq!(
            of_verdict.count(),
            1,
            "the approval is logged with the verdict: {said:#?}"
        );
    }
}

/// The one policy of the space.
fn policies_of(shop: &Shop, policy: &Value) {
    shop.place.configure("policies/pay.json", policy);
}
