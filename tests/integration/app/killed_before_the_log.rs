//! A server is killed while its log store hangs: everything that it had decided, and nothing of it is in the log. The next
//! one makes up for it, entry by entry.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::rollout::Event;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::shop::until;
use crate::support::waiting::until_so;
use crate::support::world::World;

/// Longer than a dead server's claim holds.
const TAKEN_OVER_SECONDS: u64 = 30;
/// Lines that each host prints.
const LINES: usize = 300;

fn lines(host: &str) -> Vec<String> {
    (0..LINES).map(|number| format!("{host} says {number}")).collect()
}

async fn world() -> World {
    let world = World::with(&json!({"strategy": "all_at_once"})).await;
    {
        let mut prints = world.made.prints.lock().unwrap();
        for host in ["a", "b"] {
            prints.insert(format!("{host}: start"), lines(host));
        }
    }
    world
}

/// What is left of a server that is killed at the end of this: nothing of it gets another turn.
fn killed(course: impl Future<Output = (World, ActionId)>) -> (World, ActionId) {
    let dies = Runtime::new().unwrap();
    let (world, id) = dies.block_on(course);
    dies.shutdown_background();
    world.made.log_hangs.store(false, Ordering::SeqCst);
    world.made.mute.store(false, Ordering::SeqCst);
    world.clock.advance(TAKEN_OVER_SECONDS);
    (world, id)
}

/// The next server on the same data.
async fn next(mut world: World) -> World {
    world.app = world.beside(&world.file(), "log.db").await;
    world
}

/// The course of an action that ends while its log store hangs.
async fn ended_unlogged() -> (World, ActionId) {
    let world = world().await;
    let id = world.begins().await;
    world.made.log_hangs.store(true, Ordering::SeqCst);
    world.made.hold.send_replace(false);
    world.ends(id, ActionStatus::Completed).await;
    (world, id)
}

/// The story in words, without what tells of servers, and without times and ids.
fn story(entries: &[LogEntry], id: ActionId) -> Vec<String> {
    let basic = entries.iter().filter(|entry| {
        entry.level == LogLevel::Basic && !matches!(entry.event, LogEvent::Recovery | LogEvent::Dropped)
    });
    basic
        .map(|entry| {
            let text = entry.text.as_str().replace(&id.to_string(), "ID");
            let target = entry.target.as_ref().map_or("", |target| target.as_str());
            format!("{:?} {target} {:?}: {text}", entry.event, entry.step)
        })
        .collect()
}

/// Each end of a step is told once, and each host's words are there once, whole.
async fn assert_whole(world: &World, id: ActionId, entries: &[LogEntry]) {
    let key = |target: &str, step: &str, attempt: u32| (target.to_owned(), step.to_owned(), attempt);
    let mut told: BTreeMap<_, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.event == LogEvent::Step) {
        assert!(entry.run.is_some() && entry.outcome.is_some(), "{entry:?}");
        let (target, step) = (entry.target.as_ref().unwrap(), entry.step.as_ref().unwrap());
        *told
            .entry(key(target.as_str(), step, entry.attempt.unwrap()))
            .or_default() += 1;
    }
    assert!(told.values().all(|times| *times == 1), "{told:?}");
    let ends = world.app.store().events(id).await.unwrap();
    let ends = ends
        .iter()
        .filter(|stored| matches!(stored.event, Event::StepEnded { .. }))
        .count();
    assert_eq!(told.len(), ends, "one record for each end: {told:?}");
    let commands = entries.iter().filter(|entry| entry.event == LogEvent::Command);
    let commands: Vec<(&str, &str)> = commands
        .map(|entry| (entry.target.as_ref().unwrap().as_str(), entry.text.as_str()))
        .collect();
    let ran = world.ran();
    assert_eq!(commands.len(), ran.len(), "each command once: {commands:?}");
    for (target, text) in commands {
        assert!(ran.contains(&format!("{target}: {text}")), "{target}: {text}");
    }
    for host in ["a", "b"] {
        let said: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.stream == LogStream::Stdout)
            .filter(|entry| {
                entry
                    .target
                    .as_ref()
                    .is_some_and(|target| target.as_str() == host)
            })
            .map(|entry| entry.text.as_str())
            .collect();
        assert_eq!(said, lines(host));
    }
    let results = entries.iter().filter(|entry| entry.event == LogEvent::Result);
    assert_eq!(results.count(), 1);
}

#[test]
fn what_an_ended_action_never_logged_is_told_by_the_next_server() {
    let undisturbed = Runtime::new().unwrap().block_on(async {
        let world = world().await;
        let id = world.restart(ActBody::default()).await;
        world.ends(id, ActionStatus::Completed).await;
        let entries = world.whole_log(id).await;
        assert_whole(&world, id, &entries).await;
        story(&entries, id)
    });
    let (world, id) = killed(ended_unlogged());
    Runtime::new().unwrap().block_on(async {
        let world = next(world).await;
        let entries = world.whole_log(id).await;
        assert_whole(&world, id, &entries).await;
        assert_eq!(story(&entries, id), undisturbed, "as of a server that lived");
        // Who comes after that has nothing left to do.
        world.clock.advance(TAKEN_OVER_SECONDS);
        let world = next(world).await;
        world.clock.advance(TAKEN_OVER_SECONDS);
        assert_eq!(world.logged(id).await.len(), entries.len());
    });
}

#[test]
fn what_an_action_under_way_never_logged_is_told_before_it_goes_on() {
    let (world, id) = killed(async {
        let world = world().await;
        world.made.log_hangs.store(true, Ordering::SeqCst);
        let id = world.restart(ActBody::default()).await;
        until("the first commands", || world.ran().len() >= 2).await;
        // What has not ended by now never does before the server dies.
        world.made.hold.send_replace(true);
        (world, id)
    });
    Runtime::new().unwrap().block_on(async {
        let world = next(world).await;
        world.made.hold.send_replace(false);
        world.runs_out(id).await;
        let entries = world.whole_log(id).await;
        assert_whole(&world, id, &entries).await;
        let asked = entries.iter().filter(|entry| entry.event == LogEvent::Asked);
        assert_eq!(asked.count(), 1);
    });
}

#[test]
fn a_server_that_is_killed_while_it_hears_steps_again_leaves_that_to_the_next() {
    let (world, id) = killed(ended_unlogged());
    let (world, id) = killed(async {
        world.made.mute.store(true, Ordering::SeqCst);
        let world = next(world).await;
        until_so("the story", async || {
            let entries = world.logged(id).await;
            entries.iter().any(|entry| entry.event == LogEvent::Result)
        })
        .await;
        (world, id)
    });
    Runtime::new().unwrap().block_on(async {
        let world = next(world).await;
        let entries = world.whole_log(id).await;
        assert_whole(&world, id, &entries).await;
    });
}

#[test]
fn output_that_no_host_has_any_more_is_said_to_be_missing() {
    let (world, id) = killed(ended_unlogged());
    world.made.forgets.store(true, Ordering::SeqCst);
    Runtime::new().unwrap().block_on(async {
        let world = next(world).await;
        let entries = world.whole_log(id).await;
        let missing = entries.iter().filter(|entry| entry.event == LogEvent::Dropped);
        let missing: Vec<&LogEntry> = missing.collect();
        assert!(!missing.is_empty());
        for entry in missing {
            assert!(entry.text.as_str().ends_with("its folder is gone"), "{entry:?}");
            assert_eq!(entry.level, LogLevel::Basic);
            assert!(entry.target.is_some() && entry.step.is_some());
        }
    });
}

#[test]
fn output_is_told_once_also_where_the_log_does_not_say_how_far_it_has_it() {
    for has_ended in [true, false] {
        let (world, id) = killed(async {
            let world = world().await;
            world.made.hold.send_replace(true);
            // Its first command is the one that says something.
            let id = world.act("start", ActBody::default()).await;
            until_so("what they say", async || {
                let entries = world.logged(id).await;
                let lines = entries.iter().filter(|entry| entry.stream == LogStream::Stdout);
                lines.count() >= LINES
            })
            .await;
            if has_ended {
                world.made.log_hangs.store(true, Ordering::SeqCst);
                world.made.hold.send_replace(false);
                world.ends(id, ActionStatus::Completed).await;
            }
            (world, id)
        });
        Runtime::new().unwrap().block_on(async {
            world.made.log_forgets_output.store(true, Ordering::SeqCst);
            let world = next(world).await;
            world.made.hold.send_replace(false);
            world.runs_out(id).await;
            // It is asked as often as it is, and then the rest of the log is as it would be.
            for _ in 0..20 {
                world.clock.advance(1);
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            assert!(world.app.store().log_owed_from(id).await.unwrap().is_some());
            world.made.log_forgets_output.store(false, Ordering::SeqCst);
            let entries = world.whole_log(id).await;
            assert_whole(&world, id, &entries).await;
        });
    }
}
