//! The door: whatever would reach a host is judged once more when its turn comes, also where all was well when it was planned.

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::sqlite::SqliteConnection;
use edgewise::app::request::ActBody;
use edgewise::app::view::ActionView;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::actor::Actor;
use edgewise::domain::name::Name;
use edgewise::domain::policy::Policy;
use edgewise::store::{ConfigChange, ConfigObject};
use serde_json::{Value, json};

use crate::support::shop::until;
use crate::support::world::World;

/// What is denied here does not exist: a program that is nowhere, an address that is for documents.
fn forbidding() -> Value {
    json!({"deny": [{"id": "held", "regex": "web-tool|192[.]0[.]2[.]7", "reason": "it is held back"}]})
}

/// A script with these steps.
fn script(steps: &str) -> String {
    format!(
        r#""""Made up: what a test wants, in this order."""

KEYS = {{"token": key("string", secret = True), "folder": key("string")}}

def _steps(ctx, target):
    return [{steps}]

def deploy(ctx):
    return rollout(ctx.targets, _steps, strategy(ctx))
"#
    )
}

async fn world(steps: &str, differs: &Value) -> World {
    let mut config = json!({"on_failure": "stop"});
    let keys = differs.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(keys);
    World::on(None, &script(steps), &config).await
}

/// Puts a policy in force, while an action is under way.
async fn forbid(world: &World) {
    let policy: Policy = serde_json::from_value(forbidding()).unwrap();
    policy.check().unwrap();
    let change = ConfigChange::Put(ConfigObject::Policy {
        name: Name::parse("own").unwrap(),
        policy,
    });
    let now = edgewise::app::ports::Clock::now(&world.clock);
    world
        .app
        .store()
        .apply(&[change], &Actor::System, now)
        .await
        .unwrap();
    world.clock.advance(6);
}

async fn deploy(world: &World, version: &str) -> ActionId {
    let version = Some(version.to_owned());
    let body = ActBody {
        version,
        ..ActBody::default()
    };
    world.act("deploy", body).await
}

/// How each step of the first host ended: its name, its state, what was said of it.
fn ends(view: &ActionView) -> Vec<(String, String, String)> {
    let target = view.targets.iter().find(|target| target.name == "a");
    target
        .unwrap()
        .steps
        .iter()
        .map(|step| {
            (
                step.name.clone(),
                step.state.clone(),
                step.error.clone().unwrap_or_default(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_an_always_step_and_the_way_back_pass_the_same_door() {
    let first = |version: &str| format!("a: first {version}");
    for (steps, fails, back) in [
        // The second attempt of what ran once already.
        (
            r#"run("work", "web-tool %s" % target.version if target.version == "2" else "first 1", retries = 1, retry_delay = 1)"#,
            "a: web-tool 2".to_owned(),
            false,
        ),
        (
            r#"run("first", "first " + target.version), run("work", "web-tool tidy", always = True)"#,
            first("2"),
            false,
        ),
        (
            r#"run("work", "web-tool back") if ctx.rollback else run("first", "first " + target.version)"#,
            first("2"),
            true,
        ),
    ] {
        let on_failure = if back { "rollback" } else { "stop" };
        let world = world(steps, &json!({"on_failure": on_failure})).await;
        let id = deploy(&world, "1").await;
        world.ends(id, ActionStatus::Completed).await;
        world
            .made
            .fails
            .lock()
            .unwrap()
            .insert(fails.clone(), "it is broken".to_owned());
        world.made.hold.send_replace(true);
        let before = world.ran().len();
        let id = deploy(&world, "2").await;
        until("the first command", || world.ran().len() > before).await;
        forbid(&world).await;
        world.made.hold.send_replace(false);
        let view = world.runs_out(id).await;
        assert_ne!(view.summary.status, ActionStatus::Completed, "{steps}");
        assert_eq!(world.ran()[before..], [fails], "{steps}");
        let ends = ends(&view);
        assert!(
            ends.iter()
                .any(|end| end.0.ends_with("work") && end.2.contains("it is held back")),
            "{ends:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_policies_cannot_be_read_those_that_were_count() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("token");
    std::fs::write(&secret, "web-tool wipe").unwrap();
    let steps = r#"run("first", "first"), upload("script", "/opt/app/x.sh", content = ctx.config["token"]), run("work", "sh /opt/app/x.sh")"#;
    let world = world(steps, &json!({"token": {"file": secret}})).await;
    forbid(&world).await;
    world.made.hold.send_replace(true);
    let id = deploy(&world, "1").await;
    until("the first command", || !world.ran().is_empty()).await;
    let url = world.file();
    let mut own = SqliteConnection::establish(url.trim_start_matches("sqlite:")).unwrap();
    own.batch_execute("PRAGMA busy_timeout = 10000; ALTER TABLE configuration RENAME TO gone")
        .unwrap();
    world.clock.advance(6);
    world.made.hold.send_replace(false);
    let view = world.ends(id, ActionStatus::Failed).await;
    assert!(
        ends(&view).last().unwrap().2.contains("it is held back"),
        "{view:?}"
    );
    assert_eq!(world.ran(), ["a: first"]);
}
