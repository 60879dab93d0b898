//! What a host said before a server died is heard by one that may know other secrets, or only the end of one.

use std::path::Path;
use std::sync::atomic::Ordering;

use edgewise::app::ports::{LogQuery, LogSearch as _};
use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::log_entry::{LogEntry, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::mask::MASK;
use edgewise::logs::embedded::EmbeddedLogs;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::server::PATIENCE;
use crate::support::world::World;

const SCRIPT: &str = r#""""Made up."""

KEYS = {"token": key("string", secret = True, doc = "hidden")}

def deploy(ctx):
    return rollout(ctx.targets, lambda ctx, target: [run("put", "put it")], strategy(ctx))

def restart(ctx):
    return rollout(ctx.targets, lambda ctx, target: [run("put", "put it")], strategy(ctx))
"#;
const OLD: &str = "hunter-two-and-a-half";
const NEW: &str = "another-one-altogether";

async fn logged(world: &World, id: ActionId) -> Vec<LogEntry> {
    let logs = EmbeddedLogs::open(&world.log_file()).await.unwrap();
    logs.page(&LogQuery::of(id, 100_000)).await.unwrap().entries
}

async fn whole_log(world: &World, id: ActionId) -> Vec<LogEntry> {
    let read = async {
        loop {
            let owed = world.app.store().log_owed_from(id).await.unwrap();
            let entries = logged(world, id).await;
            if owed.is_none() && entries.iter().any(|entry| entry.event == LogEvent::Result) {
                return entries;
            }
            world.clock.advance(1);
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("the end of the log")
}

async fn world(file: &Path, says: &[&str]) -> World {
    let differs = json!({"token": {"file": file}, "strategy": "all_at_once"});
    let world = World::on(None, SCRIPT, &differs).await;
    let says = says.iter().map(|&line| line.to_owned()).collect();
    world
        .made
        .prints
        .lock()
        .unwrap()
        .insert("a: put".to_owned(), says);
    world
}

/// What is left of a server that is killed at the end of this, with its secret in a file.
fn killed(
    secret: &str,
    says: &[&str],
    course: impl AsyncFnOnce(&World) -> ActionId,
) -> (TempDir, World, ActionId) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, secret).unwrap();
    let dies = Runtime::new().unwrap();
    let (world, id) = dies.block_on(async {
        let world = world(&file, says).await;
        let id = course(&world).await;
        (world, id)
    });
    dies.shutdown_background();
    world.made.log_hangs.store(false, Ordering::SeqCst);
    *world.made.log_tears_after.lock().unwrap() = None;
    world.clock.advance(30);
    (folder, world, id)
}

/// The log after the next server has done its part.
fn next(mut world: World, id: ActionId) -> Vec<LogEntry> {
    Runtime::new().unwrap().block_on(async {
        world.app = world.beside(&world.file(), "log.db").await;
        world.made.hold.send_replace(false);
        world.runs_out(id).await;
        whole_log(&world, id).await
    })
}

async fn ends_unlogged(world: &World) -> ActionId {
    let id = is_under_way(world).await;
    world.made.hold.send_replace(false);
    world.ends(id, ActionStatus::Completed).await;
    id
}

async fn is_under_way(world: &World) -> ActionId {
    world.made.log_hangs.store(true, Ordering::SeqCst);
    world.begins().await
}

fn said(entries: &[LogEntry]) -> Vec<&str> {
    let said = entries.iter().filter(|entry| entry.stream == LogStream::Stdout);
    said.map(|entry| entry.text.as_str()).collect()
}

#[test]
fn what_may_hold_a_secret_that_was_rotated_is_withheld_and_said_to_be() {
    let line = format!("the token is {OLD}");
    let says = ["begins", line.as_str(), "ends"];
    for has_ended in [true, false] {
        let (folder, world, id) = killed(OLD, &says, async |world| {
            if has_ended {
                ends_unlogged(world).await
            } else {
                is_under_way(world).await
            }
        });
        std::fs::write(folder.path().join("token"), NEW).unwrap();
        let entries = next(world, id);
        assert!(
            entries.iter().all(|entry| !entry.text.as_str().contains(OLD)),
            "{entries:?}"
        );
        assert_eq!(said(&entries), <[&str; 0]>::default());
        let notes = entries.iter().filter(|entry| entry.event == LogEvent::Dropped);
        let notes: Vec<&str> = notes.map(|entry| entry.text.as_str()).collect();
        let begun_before = if has_ended { 2 } else { 1 };
        assert_eq!(notes.len(), begun_before, "of each host: {entries:?}");
        assert!(
            notes.iter().all(|note| note.contains("is another one now")),
            "{notes:?}"
        );
    }
}

#[test]
fn with_the_same_secret_everything_is_heard_and_it_is_hidden() {
    let line = format!("the token is {OLD}");
    let says = ["begins", line.as_str(), "ends"];
    for has_ended in [true, false] {
        let (_folder, world, id) = killed(OLD, &says, async |world| {
            if has_ended {
                ends_unlogged(world).await
            } else {
                is_under_way(world).await
            }
        });
        let hidden = format!("the token is {MASK}");
        assert_eq!(said(&next(world, id)), ["begins", hidden.as_str(), "ends"]);
    }
}

#[test]
fn a_secret_of_several_lines_that_a_restart_cuts_stays_hidden_to_its_end() {
    let secret = "first-half-of-it\nsecond-half-of-it";
    let says = ["begins", "first-half-of-it", "second-half-of-it", "ends"];
    let (_folder, world, id) = killed(secret, &says, async |world| {
        *world.made.log_tears_after.lock().unwrap() = Some(MASK.to_owned());
        world.made.hold.send_replace(true);
        let id = world.restart(ActBody::default()).await;
        let is_torn = async {
            while said(&logged(world, id).await) != ["begins", MASK] {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, is_torn)
            .await
            .expect("the first half");
        id
    });
    assert_eq!(said(&next(world, id)), ["begins", MASK, MASK, "ends"]);
}
