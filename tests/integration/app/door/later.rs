//! What may come between a plan and a step: a failure and a second try, a restart, a night, another text.

use diesel::connection::SimpleConnection as _;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, RunQueryDsl as _};
use edgewise::app::error::AppError;
use edgewise::domain::action::ActionStatus;
use edgewise::store::User;
use serde_json::json;
use std::future::pending;

use super::*;
use crate::support::world::{because, caller};

/// A connection of the test's own to the world's store.
fn own(world: &World) -> SqliteConnection {
    let url = world.file();
    let mut own = SqliteConnection::establish(url.trim_start_matches("sqlite:")).unwrap();
    own.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    own
}

/// Stops the world's own server; what it has under way is handed over.
async fn stop(world: &World) {
    let runner = world.app.runner().clone();
    let stopping = tokio::spawn(async move { runner.drain(5, pending()).await });
    until("the stop", || {
        world.clock.advance(1);
        stopping.is_finished()
    })
    .await;
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
async fn a_retry_and_the_way_back_of_a_finished_action_are_judged_anew() {
    let steps = r#"run("work", "web-tool back") if ctx.rollback else run("first", "first " + target.version), run("work", "web-tool " + target.version) if not ctx.rollback else None"#;
    let world = world(steps, &json!({})).await;
    for version in ["1", "2"] {
        let id = deploy(&world, version).await;
        world.ends(id, ActionStatus::Completed).await;
    }
    let broken = ("a: first 3".to_owned(), "it is broken".to_owned());
    world.made.fails.lock().unwrap().extend([broken]);
    let id = deploy(&world, "3").await;
    world.ends(id, ActionStatus::Failed).await;
    let before = reached(&world);
    forbid(&world).await;
    for (word, way) in [("retry", "forth"), ("rollback", "forth")] {
        let refused = world.app.steer(&caller(), id, word, &because()).await;
        let Err(AppError::Denied(denied)) = refused else {
            panic!("{word}: {:?}", refused.is_ok());
        };
        assert!(
            denied
                .iter()
                .any(|denied| denied.step == "work" && denied.way == way),
            "{word}: {denied:?}"
        );
    }
    assert_eq!(reached(&world), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_what_is_left_is_judged_and_what_ran_is_not_known() {
    let steps = r#"run("work", "web-tool once"), run("after", "after")"#;
    let world = world(steps, &json!({"max_parallel": 1})).await;
    world.made.hold.send_replace(true);
    let id = deploy(&world, "1").await;
    until("the first command", || !world.ran().is_empty()).await;
    let later = ActBody {
        countdown: 60,
        queue: true,
        version: Some("1".to_owned()),
        ..ActBody::default()
    };
    let waiting = world.act("deploy", later).await;
    stop(&world).await;
    forbid(&world).await;
    world.made.hold.send_replace(false);
    let other = world.beside(&world.file(), "log.db").await;
    let moving = async {
        loop {
            world.clock.advance(1);
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    let over = async {
        for id in [id, waiting] {
            world.until(id, |view| view.summary.status.is_final()).await;
        }
    };
    tokio::select! {
        () = over => {}
        () = moving => unreachable!("it moves for ever"),
    }
    drop(other);
    for (id, state) in [(id, "unknown"), (waiting, "failed")] {
        let view = world.action(id).await;
        assert_eq!(view.summary.status, ActionStatus::Failed);
        let ends = ends(&view);
        assert_eq!(
            (ends[0].0.as_str(), ends[0].1.as_str()),
            ("work", state),
            "{ends:?}"
        );
        assert!(ends[0].2.contains("it is held back"), "{ends:?}");
    }
    assert_eq!(world.ran(), ["a: web-tool once"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exception_counts_until_its_day_and_while_its_author_may_give_it() {
    let steps = r#"run("first", "first"), run("work", "mkfs.ext4 /dev/sdz9")"#;
    for (expires, counts) in [
        (None, true),
        (Some("2026-11-22"), true),
        (Some("2026-11-21"), false),
    ] {
        for disabled in [false, true] {
            let world = world(steps, &json!({})).await;
            assert_eq!(world.clock.now().day(), "2026-11-21");
            let boss = User {
                name: "boss".to_owned(),
                password_hash: None,
                server_admin: true,
                groups: Vec::new(),
                disabled: false,
                created_at: world.clock.now(),
            };
            world.app.store().add_user(&boss).await.unwrap();
            let lift = json!({"allow": [{
                "rule": "disk.format", "command": "mkfs.ext4 /dev/sdz9", "reason": "a new disk", "author": "boss",
                "expires": expires,
            }]});
            put(&world, &lift).await;
            if !counts {
                let body = ActBody {
                    version: Some("1".to_owned()),
                    ..ActBody::default()
                };
                let refused = world.try_act("deploy", body).await;
                assert!(matches!(refused, Err(AppError::Denied(_))), "{refused:?}");
                continue;
            }
            let id = meanwhile(&world, "1", async || {
                if disabled {
                    world.app.store().set_disabled("boss", true).await.unwrap();
                } else {
                    // A night.
                    world.clock.advance(24 * 3600);
                }
                world.clock.advance(6);
            })
            .await;
            let may = !disabled && expires.is_none();
            let view = world.until(id, |view| view.summary.status.is_final()).await;
            assert_eq!(
                view.summary.status == ActionStatus::Completed,
                may,
                "{expires:?} {disabled}: {:?}",
                ends(&view)
            );
            let told = ends(&view).last().unwrap().2.clone();
            assert_eq!(told.contains("disk.format"), !may, "{told}");
            assert_eq!(world.ran().len(), if may { 4 } else { 1 });
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    plan: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_for_the_plan_that_was_made_and_for_no_other() {
    let ask = json!({"ask": [{"id": "look", "regex": "^web-tool", "reason": "let somebody look"}]});
    // The same plan, one that does another thing under the same rule, and one that forgets what was asked about.
    for (from, to, may) in [
        ("", "", true),
        ("web-tool one", "web-tool two", false),
        ("\"verdict\":\"ask\"", "\"verdict\":\"allow\"", false),
    ] {
        for approved_before in [false, true] {
            let world = world(r#"run("work", "web-tool one")"#, &json!({})).await;
            put(&world, &ask).await;
            let body = ActBody {
                countdown: 60,
                version: Some("1".to_owned()),
                ..ActBody::default()
            };
            let id = world.act("deploy", body).await;
            world.waits(id, "approval").await;
            if approved_before {
                world.steer(id, "approve").await;
            }
            stop(&world).await;
            let mut own = own(&world);
            let stored: Text = diesel::sql_query("SELECT plan FROM plans")
                .get_result(&mut own)
                .unwrap();
            assert!(stored.plan.contains(from), "{}", stored.plan);
            diesel::sql_query("UPDATE plans SET plan = replace(plan, ?, ?)")
                .bind::<diesel::sql_types::Text, _>(from)
                .bind::<diesel::sql_types::Text, _>(to)
                .execute(&mut own)
                .unwrap();
            let other = world.beside(&world.file(), "log.db").await;
            if !approved_before {
                other.steer(&caller(), id, "approve", &because()).await.unwrap();
            }
            let view = world.runs_out(id).await;
            assert_eq!(
                view.summary.status == ActionStatus::Completed,
                may,
                "{from} {approved_before}: {:?}",
                ends(&view)
            );
            assert_eq!(world.ran().is_empty(), !may, "{:?}", world.ran());
            if !may {
                assert!(
                    ends(&view)[0].2.contains("let somebody look"),
                    "{:?}",
                    ends(&view)
                );
            }
        }
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
    own(&world)
        .batch_execute("ALTER TABLE configuration RENAME TO gone")
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
