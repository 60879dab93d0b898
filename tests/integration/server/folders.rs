//! Scripts that put folders on hosts.

use serde_json::json;

use crate::support::shop::{Shop, act, url};
use crate::support::ssh::everything;

#[tokio::test]
async fn a_folder_at_the_server_is_planned_judged_and_put() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let site = shop.place.path("artifacts/site");
    std::fs::create_dir_all(site.join("css")).unwrap();
    std::fs::write(site.join("index.html"), "1").unwrap();
    std::fs::write(site.join("css/a.css"), "2").unwrap();
    let script = |dest: &str| {
        let text = format!(
            r#"KEYS = {{name: key("string", default = "") for name in ["artifact", "dir", "start_command", "stop_command", "check_url"]}}
KEYS["healthcheck_string"] = key("list", default = [])
KEYS["healthcheck_smart_delay"] = key("integer", default = 1)
KEYS["healthcheck_timeout"] = key("integer", default = 1)

def steps(ctx, target):
    return [upload("site", "{dest}", source = "{}", delete = True)]

def deploy(ctx):
    return rollout(ctx.targets, steps, strategy = all_at_once())
"#,
            site.display()
        );
        shop.place.write("config/scripts/deploy.star", &text);
    };
    let dest = shop.home(1).join("site");
    script(dest.to_str().unwrap());
    shop.place.apply().await;
    let plan = client
        .post(&format!("{}plan", url("deploy")), &json!({"all": true}))
        .await
        .wanted(200);
    let command = plan["targets"][0]["steps"][0]["command"].as_str().unwrap();
    assert!(
        command.contains("tar -xf -") && command.contains("rm -rf"),
        "{command}"
    );

    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    assert_eq!(everything(&dest), everything(&site));
    std::fs::remove_file(site.join("css/a.css")).unwrap();
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    assert_eq!(everything(&dest), everything(&site));

    // A file in it that may not be written by itself is not written with others either.
    std::fs::write(site.join("passwd"), "x").unwrap();
    script("/etc");
    shop.place.apply().await;
    let problem = client
        .post(&url("deploy"), &json!({"all": true}))
        .await
        .problem(422);
    assert_eq!(problem["verdicts"][0]["verdict"], "deny", "{problem}");
}
