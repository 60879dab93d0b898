//! Every kind of step by which something may reach a host: refused when it is planned, and at the door where it was forbidden
//! only then.

use edgewise::app::error::AppError;
use edgewise::domain::action::ActionStatus;
use serde_json::json;

use super::*;
use crate::support::monitor::Monitor;

/// Steps of which the one called `work` is forbidden, and those that are not. `folder` holds a `file`.
fn kinds(folder: &str) -> Vec<(String, bool)> {
    let steps = [
        (r#"run("work", "web-tool wipe")"#, true),
        (
            r#"run("work", "true; sh -c \"web-tool $HOW\"", sudo = True, user = "app", cwd = "/opt", umask = "022")"#,
            true,
        ),
        (
            r#"run("work", "sh -c \"$WORK\"", env = {"WORK": "web-tool wipe"}, once = True)"#,
            true,
        ),
        (
            r#"run("work", "web-tool wipe", always = True, retries = 2)"#,
            true,
        ),
        (
            r#"upload("script", "/opt/app/x.sh", content = "web-tool wipe\n"), run("work", "sh /opt/app/x.sh")"#,
            true,
        ),
        (
            r#"run("script", "echo 'web-'tool > /opt/app/x"), run("work", "sh /opt/app/x")"#,
            true,
        ),
        (
            r#"run("script", "echo 'web-'tool > x", cwd = "/opt/app"), run("move", "mv /opt/app/x /opt/app/y"), run("work", ". /opt/app/y")"#,
            true,
        ),
        (r#"fetch("work", "http://192.0.2.7/x", "/opt/app/x")"#, true),
        (
            r#"fetch("work", "https://example.org/x", "/opt/held/x", sha256 = "00" * 32)"#,
            true,
        ),
        (r#"http_check("http://192.0.2.7/", from_host = True)"#, true),
        (r#"upload("work", "/opt/held/x", content = "data")"#, true),
        (r#"upload("work", "/opt/held/x", source = "FOLDER/file")"#, true),
        (r#"upload("work", "/opt/held", source = "FOLDER")"#, true),
        // A file that comes with others.
        (r#"upload("work", "/srv/app", source = "FOLDER")"#, true),
        (
            r#"run("work", "echo x > \"$WHERE/x\"", env = {"WHERE": "/opt/held"})"#,
            true,
        ),
        (r#"upload("work", "/opt/app", source = "FOLDER")"#, false),
        (r#"run("work", "web_tool wipe; echo web-tool")"#, false),
        // The server asks, not the host.
        (r#"http_check("http://192.0.2.7/")"#, false),
    ];
    steps
        .map(|(step, forbidden)| (step.replace("FOLDER", folder), forbidden))
        .to_vec()
}

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "data").unwrap();
    let path = folder.path().display().to_string();
    (folder, path)
}

/// A step of this name is what a refusal is about.
fn is_about_work(name: &str) -> bool {
    name == "work" || name.starts_with("http_check")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_is_refused_when_it_is_planned_on_both_ways() {
    let (_folder, path) = folder();
    let built_in = [
        r#"upload("work", "/opt/app/x", content = "x", mode = "4755")"#,
        r#"upload("work", "/opt/app/x", content = "x", mode = "6755", owner = "root")"#,
        r#"upload("work", "/etc/passwd", content = "x")"#,
        r#"run("work", "ls", env = {"LD_PRELOAD": "/tmp/x.so"})"#,
        r#"run("work", "mkfs.ext4 /dev/sdz9", sudo = True)"#,
        r#"run("work", "mkfs.ext4 sdz9", cwd = "/dev")"#,
        r#"upload("u", "/opt/app/u", content = "mkfs.ext4 /dev/sdz9"), run("work", "sh u", cwd = "/opt/app")"#,
        r#"fetch("f", "http://192.0.2.9/x", "/opt/app/f"), run("work", "sh /opt/app/f")"#,
    ];
    let built_in = built_in.map(|step| (step.to_owned(), true));
    for (step, forbidden) in kinds(&path).into_iter().chain(built_in) {
        let first = r#"run("first", "first")"#;
        let back = format!(r#"[{step}] if ctx.rollback and target.version == "1" else [{first}]"#);
        for (steps, way) in [(format!("[{first}, {step}]"), "forth"), (back, "back")] {
            let world = World::on(None, &script(&steps), &json!({})).await;
            if way == "back" {
                let id = deploy(&world, "1").await;
                world.ends(id, ActionStatus::Completed).await;
            }
            let before = reached(&world);
            forbid(&world).await;
            let body = ActBody {
                version: Some("2".to_owned()),
                ..ActBody::default()
            };
            let refused = match world.try_act("deploy", body).await {
                Err(AppError::Denied(denied)) => denied,
                Ok(accepted) if !forbidden => {
                    world.runs_out(accepted.action_id).await;
                    continue;
                }
                other => panic!("{way} {steps}: {other:?}"),
            };
            assert!(forbidden, "{steps}: {refused:?}");
            assert!(
                refused
                    .iter()
                    .all(|denied| denied.way == way && is_about_work(&denied.step)),
                "{way} {steps}: {refused:?}"
            );
            assert_eq!(reached(&world), before, "{steps}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_by_the_time_it_would_reach_a_host_does_not() {
    let (_folder, path) = folder();
    for (step, forbidden) in kinds(&path) {
        let world = world(&format!(r#"run("first", "first"), {step}"#), &json!({})).await;
        let id = meanwhile(&world, "1", async || forbid(&world).await).await;
        if !forbidden {
            world.ends(id, ActionStatus::Completed).await;
            continue;
        }
        let view = world.until(id, |view| view.summary.status.is_final()).await;
        assert_eq!(view.summary.status, ActionStatus::Failed, "{step}");
        let ends = ends(&view);
        let (name, _, error) = ends.iter().find(|end| end.1 == "failed").expect(&step);
        assert!(is_about_work(name), "{step}: {ends:?}");
        assert!(error.starts_with("the sanitizer says "), "{step}: {error}");
        let reached = reached(&world);
        let well = ["first", "/opt/app/x.sh", "echo 'web-'tool", "mv "];
        assert!(
            reached
                .iter()
                .all(|what| well.iter().any(|well| what.contains(well))),
            "{step}: {reached:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_downloads_for_a_host_is_judged_once_it_is_known() {
    for (text, ends_as) in [
        ("echo fine\n", ActionStatus::Completed),
        ("web-tool wipe\n", ActionStatus::Failed),
    ] {
        let shelf = Monitor::saying(text).await;
        let steps = format!(
            r#"upload("script", "/opt/app/x.sh", source = "{}/x.sh"), run("work", "sh /opt/app/x.sh")"#,
            shelf.url
        );
        let world = world(&steps, &json!({})).await;
        forbid(&world).await;
        let id = deploy(&world, "1").await;
        let view = world.ends(id, ends_as).await;
        let ends = ends(&view);
        let is_failed = ends_as == ActionStatus::Failed;
        assert_eq!(ends[1].2.contains("it is held back"), is_failed, "{ends:?}");
        assert_eq!(world.ran().is_empty(), is_failed, "{:?}", world.ran());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_a_command_is_judged_as_one_and_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("token");
    std::fs::write(&secret, "web-tool hush-hush-hush").unwrap();
    let token = json!({"token": {"file": secret}});
    // What a variable holds is not known before: somebody must approve, and that counts for what they could see.
    for (steps, asks) in [
        (
            r#"run("work", "sh -c \"$WORK\"", env = {"WORK": ctx.config["token"]})"#,
            true,
        ),
        (
            r#"upload("script", "/opt/app/x.sh", content = ctx.config["token"]), run("work", "sh /opt/app/x.sh")"#,
            false,
        ),
        // As an argument it is what secrets are for.
        (
            r#"run("work", "app-login \"$WORK\"", env = {"WORK": ctx.config["token"]})"#,
            false,
        ),
    ] {
        let world = world(steps, &token).await;
        forbid(&world).await;
        let id = deploy(&world, "1").await;
        if asks {
            world.waits(id, "approval").await;
            world.steer(id, "approve").await;
        }
        if steps.contains("app-login") {
            world.ends(id, ActionStatus::Completed).await;
            continue;
        }
        let view = world.ends(id, ActionStatus::Failed).await;
        let ends = ends(&view);
        let last = ends.last().unwrap();
        assert_eq!((last.0.as_str(), last.1.as_str()), ("work", "failed"), "{ends:?}");
        assert!(last.2.contains("it is held back"), "{ends:?}");
        assert!(world.ran().is_empty(), "{:?}", world.ran());
        let log = world.whole_log(id).await;
        let told = format!("{:?} {}", view, json!(log));
        assert!(!told.contains("hush-hush"), "{told}");
    }
}
