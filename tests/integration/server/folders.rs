//! Scripts that put folders and files on hosts.

use serde_json::json;

use crate::support::shop::{Shop, act, url};
use crate::support::ssh::everything;
use crate::support::sshd::Farm;

/// A script whose one way is these steps.
fn script_of(steps: &str) -> String {
    format!(
        r#"KEYS = {{name: key("string", default = "") for name in ["artifact", "dir", "start_command", "stop_command", "check_url"]}}
KEYS["healthcheck_string"] = key("list", default = [])
KEYS["healthcheck_smart_delay"] = key("integer", default = 1)
KEYS["healthcheck_timeout"] = key("integer", default = 1)

def steps(ctx, target):
    return [{steps}]

def deploy(ctx):
    return rollout(ctx.targets, steps, strategy = all_at_once())
"#
    )
}

#[tokio::test]
async fn a_folder_at_the_server_is_planned_judged_and_put() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let site = shop.place.path("artifacts/site");
    std::fs::create_dir_all(site.join("css")).unwrap();
    std::fs::write(site.join("index.html"), "1").unwrap();
    std::fs::write(site.join("css/a.css"), "2").unwrap();
    let script = |dest: &str| {
        let text = script_of(&format!(
            r#"upload("site", "{dest}", source = "{}", delete = True)"#,
            site.display()
        ));
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

#[tokio::test]
async fn files_alone_are_put_on_hosts_without_a_shell() {
    let farm = Farm::with(&["Subsystem sftp internal-sftp\nForceCommand internal-sftp"]);
    let shop = Shop::of(farm, 1, &json!({})).await;
    let (_server, client) = shop.open().await;
    let site = shop.place.path("artifacts/site");
    std::fs::create_dir_all(&site).unwrap();
    std::fs::write(site.join("index.html"), "1").unwrap();
    let dest = shop.home(1).join("new/index.html");
    let put = format!(
        r#"upload("page", "{}", source = "{}/index.html")"#,
        dest.display(),
        site.display()
    );
    let script = |steps: &str| shop.place.write("config/scripts/deploy.star", &script_of(steps));
    script(&put);
    shop.place.apply().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    assert_eq!(std::fs::read_to_string(&dest).unwrap(), "1");

    // What needs a shell is found out before anything is put.
    std::fs::write(site.join("index.html"), "2").unwrap();
    let folder = format!(
        r#"upload("site", "{}", source = "{}")"#,
        shop.home(1).join("site").display(),
        site.display()
    );
    for more in [r#"run("reload", "true")"#, &folder] {
        script(&format!("{put}, {more}"));
        shop.place.apply().await;
        let id = act(&client, "deploy", &json!({"all": true})).await;
        let ended = client.ends(&id, "FAILED").await;
        assert!(ended.to_string().contains("runs no shell"), "{ended}");
        assert_eq!(std::fs::read_to_string(&dest).unwrap(), "1");
    }
}
