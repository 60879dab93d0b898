//! What a host said before a server died is heard by one that may know other secrets, or only the end of one.

use std::path::Path;
use std::sync::atomic::Ordering;

use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::log_entry::{LogEntry, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::mask::MASK;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::waiting::until_so;
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
        world.whole_log(id).await
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
    let cases = [true, false].map(|has_ended| [(has_ended, Some(NEW)), (has_ended, None)]);
    for (has_ended, now) in cases.into_iter().flatten() {
        let (folder, world, id) = killed(OLD, &says, async |world| {
            if has_ended {
                ends_unlogged(world).await
            } else {
                is_under_way(world).await
            }
        });
        let file = folder.path().join("token");
        match now {
            Some(secret) => std::fs::write(file, secret).unwrap(),
            None => std::fs::remove_file(file).unwrap(),
        }
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
fn what_was_withheld_once_stays_so_where_the_secret_of_before_comes_back() {
    let line = format!("the token is {OLD}");
    let (folder, mut world, id) = killed(OLD, &[line.as_str()], is_under_way);
    let file = folder.path().join("token");
    let is_withheld = |entries: &[LogEntry]| entries.iter().any(|entry| entry.event == LogEvent::Dropped);
    std::fs::write(&file, NEW).unwrap();
    let dies = Runtime::new().unwrap();
    dies.block_on(async {
        world.app = world.beside(&world.file(), "log.db").await;
        until_so("the note", async || is_withheld(&world.logged(id).await)).await;
    });
    dies.shutdown_background();
    world.clock.advance(30);
    // By now a step may have been begun with either.
    std::fs::write(&file, OLD).unwrap();
    let entries = next(world, id);
    assert_eq!(said(&entries), <[&str; 0]>::default(), "{entries:?}");
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
    // The second line is too short to be taken for a secret by itself.
    let secret = "first-half-of-it\nxy";
    let says = ["begins", "first-half-of-it", "xy", "ends"];
    let (_folder, world, id) = killed(secret, &says, async |world| {
        *world.made.log_tears_after.lock().unwrap() = Some(MASK.to_owned());
        world.made.hold.send_replace(true);
        let id = world.restart(ActBody::default()).await;
        until_so("the first half", async || {
            said(&world.logged(id).await) == ["begins", MASK]
        })
        .await;
        id
    });
    assert_eq!(said(&next(world, id)), ["begins", MASK, MASK, "ends"]);
}
