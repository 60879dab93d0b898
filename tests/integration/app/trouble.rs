//! A store, a log store or a task that fails holds an action up, and does not leave it lying.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _};
use edgewise::app::request::{ActBody, LogsQuery};
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::log_entry::LogStream;
use edgewise::domain::rollout::Event;
use serde_json::json;
use tokio_postgres::NoTls;

use crate::support::server::PATIENCE;
use crate::support::shop::until;
use crate::support::waiting::until_so;
use crate::support::world::{World, caller, count};
use crate::support::{postgres, world};

/// A connection of the test's own to the world's store.
fn own(world: &World) -> SqliteConnection {
    let url = world.file();
    let mut own = SqliteConnection::establish(url.trim_start_matches("sqlite:")).unwrap();
    own.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    own
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Waits until a server gave the action up for a while.
async fn rests(own: &mut SqliteConnection) {
    until("a rest", || {
        let sql =
            "SELECT count(*) AS number FROM actions WHERE claimed_by IS NULL AND claimed_until IS NOT NULL";
        let found: Number = diesel::sql_query(sql).get_result(own).unwrap();
        found.number == 1
    })
    .await;
}

/// Each command ran once, and each step was begun and ended once.
async fn nothing_twice(world: &World, id: ActionId) {
    let ran = world.ran();
    assert!(count(&ran).values().all(|times| *times == 1), "{ran:?}");
    let mut seen = BTreeSet::new();
    for stored in world.app.store().events(id).await.unwrap() {
        if let Event::StepStarted { .. } | Event::StepEnded { .. } = &stored.event {
            let what = format!("{:?}", stored.event);
            assert!(seen.insert(what.clone()), "twice: {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_goes_on_after_the_store_refused_what_happened() {
    let world = World::with(&json!({})).await;
    let id = world.begins().await;
    let mut own = own(&world);
    own.batch_execute("ALTER TABLE events RENAME TO gone").unwrap();
    world.made.hold.send_replace(false);
    rests(&mut own).await;
    own.batch_execute("ALTER TABLE gone RENAME TO events").unwrap();
    let ended = world.runs_out(id).await;
    assert_eq!(ended.summary.status, ActionStatus::Completed);
    nothing_twice(&world, id).await;
    let next = world.restart(ActBody::default()).await;
    assert_eq!(world.runs_out(next).await.summary.status, ActionStatus::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_goes_on_after_a_task_panicked() {
    let world = World::with(&json!({})).await;
    world.made.panics.store(true, Ordering::SeqCst);
    let id = world.restart(ActBody::default()).await;
    rests(&mut own(&world)).await;
    // Nobody runs it at the moment: a word waits for whoever goes on with it.
    let ended = world.runs_out(id).await;
    assert_eq!(ended.summary.status, ActionStatus::Completed);
    nothing_twice(&world, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_goes_on_while_a_database_hangs_up_on_it_again_and_again() {
    let url = postgres::fresh_database().await;
    let world = World::on(Some(&url), world::SHIPPED, &json!({})).await;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let id = world.restart(ActBody::default()).await;
    let hang_up = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..10 {
        client.query(hang_up, &[]).await.unwrap();
        world.clock.advance(1);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(client);
    connection.await.unwrap().unwrap();
    let view = async {
        loop {
            world.clock.advance(1);
            // The connections of those who look were hung up on as well.
            if let Ok(view) = world.app.action(&caller(), id).await
                && view.summary.status.is_final()
            {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let view = tokio::time::timeout(PATIENCE, view).await.unwrap();
    assert_eq!(view.summary.status, ActionStatus::Completed);
    nothing_twice(&world, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_stops_although_its_log_store_is_down() {
    let world = World::with(&json!({})).await;
    let id = world.begins().await;
    world.made.log_is_down.store(true, Ordering::SeqCst);
    world.made.hold.send_replace(false);
    world.ends(id, ActionStatus::Completed).await;
    let stopped = tokio::time::timeout(PATIENCE, world.app.runner().stop()).await;
    assert!(stopped.is_ok(), "it waits for the log store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_hangs_stalls_no_decision_and_is_whole_when_it_comes_back() {
    let world = World::with(&json!({})).await;
    let logged = async |id| {
        let query = LogsQuery {
            limit: Some(2000),
            ..LogsQuery::default()
        };
        let page = world.app.logs(&caller(), id, &query).await.unwrap();
        page.items
    };
    world.made.log_hangs.store(true, Ordering::SeqCst);
    let id = world.restart(ActBody::default()).await;
    let view = world.runs_out(id).await;
    assert_eq!(view.summary.status, ActionStatus::Completed);
    let before = logged(id).await;
    assert!(
        before.is_empty(),
        "nothing can be there that could not be written: {before:?}"
    );

    world.made.log_hangs.store(false, Ordering::SeqCst);
    let mut items = Vec::new();
    until_so("the end of its log", async || {
        items = logged(id).await;
        items.iter().any(|entry| entry.text.starts_with("end "))
    })
    .await;
    let ran = world.ran().len();
    let commands = items
        .iter()
        .filter(|entry| entry.stream == LogStream::Command)
        .count();
    assert_eq!(commands, ran, "each command as it was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_the_log_are_not_used_twice_where_it_cannot_be_asked() {
    let world = World::with(&json!({})).await;
    let id = world
        .restart(ActBody {
            countdown: 600,
            ..ActBody::default()
        })
        .await;
    world.waits(id, "countdown").await;
    world.says(id, "").await;
    world.app.runner().stop().await;
    let logs = async || {
        let page = world.app.logs(&caller(), id, &LogsQuery::default()).await;
        page.unwrap().items
    };
    let before = logs().await;
    assert!(!before.is_empty());

    world.made.log_is_down.store(true, Ordering::SeqCst);
    // It goes on all the same.
    let _next = world.beside(&world.file(), "log.db").await;
    world.clock.advance(600);
    until("a beginning", || !world.ran().is_empty()).await;
    world.made.log_is_down.store(false, Ordering::SeqCst);
    world.runs_out(id).await;
    let mut after = Vec::new();
    until_so("its log goes on", async || {
        // It is asked again after a while.
        world.clock.advance(1);
        after = logs().await;
        after.len() > before.len()
    })
    .await;
    assert_eq!(after[..before.len()], before);
    let next = &after[before.len()].text;
    assert!(next.contains("a server goes on"), "{next}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_begins_and_ends_while_the_log_does_not_answer() {
    let world = World::with(&json!({})).await;
    world.made.log_is_down.store(true, Ordering::SeqCst);
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(world.ran().len(), 4);
    world.made.log_is_down.store(false, Ordering::SeqCst);
    until_so("its log, written when it can be", async || {
        world.clock.advance(1);
        let page = world.app.logs(&caller(), id, &LogsQuery::default()).await;
        let items = page.map(|page| page.items).unwrap_or_default();
        let commands = items.iter().filter(|entry| entry.stream == LogStream::Command);
        commands.count() == 4 && items.last().is_some_and(|last| last.text.contains("COMPLETED"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_is_heard_while_many_targets_are_in_progress() {
    const HOSTS: usize = 60;
    const STEPS: usize = 20;
    let script = format!(
        "\"\"\"Made up: many short steps.\"\"\"\n\n\
         def restart(ctx):\n    \
         return rollout(ctx.targets, lambda ctx, target: [run(\"s%d\" % i, \"again %d\" % i) for i in range({STEPS})], \
         all_at_once())\n"
    );
    let servers: Vec<String> = (1..=HOSTS).map(|number| format!("h{number}")).collect();
    let differs = json!({"server_info": "server_list", "server_list": {"east": servers}});
    let world = World::on(None, &script, &differs).await;
    let id = world.restart(ActBody::default()).await;
    until("a beginning", || world.ran().len() > HOSTS).await;
    world.steer(id, "abort").await;
    world.ends(id, ActionStatus::ManualFailed).await;
    let ran = world.ran().len();
    assert!(ran < HOSTS * STEPS / 2, "{ran} commands ran");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_action_stays_as_it_ended_when_a_setting_changes() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 3000})).await;
    let holder = world.restart(ActBody::default()).await;
    world.waits(holder, "soak").await;
    let queued = ActBody {
        queue: true,
        ..ActBody::default()
    };
    let id = world.restart(queued).await;
    world.steer(id, "force").await;
    world.waits(id, "lease").await;
    world.clock.advance(30);
    world.ends(id, ActionStatus::Failed).await;
    world.app.runner().stop().await;

    let patient = world.beside_with(&world.file(), "log.db", 7200).await;
    let view = patient.action(&caller(), id).await.unwrap();
    assert_eq!(view.summary.status, ActionStatus::Failed);
    assert_eq!(view.summary.waiting_for, None);
    // Those accepted from now on go by the new one.
    world.clock.advance(1);
    patient.runner().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_queues_is_shown_as_such_from_the_first_answer_on() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 3000})).await;
    let holder = world.restart(ActBody::default()).await;
    world.waits(holder, "soak").await;
    for countdown in [0, 600] {
        let queued = ActBody {
            queue: true,
            countdown,
            ..ActBody::default()
        };
        let accepted = world.try_act("restart", queued).await.unwrap();
        let record = world
            .app
            .store()
            .action_record(accepted.action_id)
            .await
            .unwrap()
            .unwrap();
        for (status, wait) in [
            (accepted.status, accepted.waiting_for),
            (record.status, record.waiting_for),
        ] {
            assert_eq!(status, ActionStatus::Queued);
            assert_eq!(json!(wait.unwrap().kind), "queue");
        }
        world.steer(accepted.action_id, "abort").await;
    }
}
