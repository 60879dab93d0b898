//! Scripts that are wrong hurt nobody but those who call them.

use serde_json::json;

use crate::support::shop::{Shop, act, url};

/// Replaces the shop's script.
async fn scripted(shop: &Shop, text: &str) {
    shop.place.write("config/scripts/deploy.star", text);
    shop.place.apply().await;
}

#[tokio::test]
async fn a_script_that_loops_eats_or_fails_is_answered_and_the_server_serves_on() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let keys = r#"KEYS = {name: key("string", default = "") for name in ["artifact", "dir", "start_command", "stop_command", "check_url"]}
KEYS["healthcheck_string"] = key("list", default = [])
KEYS["healthcheck_smart_delay"] = key("integer", default = 1)
KEYS["healthcheck_timeout"] = key("integer", default = 1)
"#;
    let body = json!({"all": true});
    for (action, wanted) in [
        (
            "def deploy(ctx):\n    for i in range(1000000000):\n        x = i\n",
            "deploy.star",
        ),
        (
            "def deploy(ctx):\n    return len(\"a\" * (300000000 * len(ctx.action)))\n",
            "memory",
        ),
        (
            "def deploy(ctx):\n    x = [0]\n    for i in range(100):\n        x = x + x\n    return x\n",
            "memory",
        ),
        (
            "def deploy(ctx):\n    fail(\"not on a Friday\")\n",
            "not on a Friday",
        ),
        ("def deploy(ctx):\n    return 1 // 0\n", "deploy.star:6:12"),
        ("def deploy(ctx):\n    return \"nothing\"\n", "rollout"),
    ] {
        scripted(&shop, &format!("{keys}{action}")).await;
        let message = client.post(&url("deploy"), &body).await.fault(422, "script");
        assert!(message.contains(wanted), "{action}: {message}");
        assert_eq!(client.get("/healthz").await.status, 200);
    }
    // A broken text does not come in at all.
    shop.place
        .write("config/scripts/deploy.star", "def deploy(ctx:\n");
    let folder = shop.place.path("config");
    let refused = shop.place.call(&["apply", folder.to_str().unwrap()], "").await;
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("deploy.star"), "{}", refused.stderr);

    assert_eq!(
        client.get("/api/v1/actions").await.wanted(200)["items"],
        json!([])
    );
    scripted(&shop, include_str!("../../../config/scripts/deploy.star")).await;
    let id = act(&client, "deploy", &body).await;
    client.ends(&id, "COMPLETED").await;
}
