//! Those who follow an action: told all of it, and forgotten when they have gone.

use std::time::Duration;

use edgewise::app::request::ActBody;
use edgewise::domain::action::ActionStatus;
use serde_json::json;

use crate::support::server::PATIENCE;
use crate::support::world::{World, caller};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_has_gone_is_forgotten_although_nothing_happens() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 3000})).await;
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "soak").await;
    let mut followers = Vec::new();
    for _ in 0..3 {
        let mut feed = world.app.follow(&caller(), id, None).await.unwrap();
        feed.recv().await.unwrap();
        followers.push(feed);
    }
    assert_eq!(streams(&world).await, 3);
    drop(followers);
    let gone = async {
        while streams(&world).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, gone).await.is_ok(),
        "the action waits, and so do they"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_number_ends_once_live_as_from_the_stores() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 60})).await;
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "soak").await;
    let mut live = world.app.follow(&caller(), id, None).await.unwrap();
    world.clock.advance(60);
    world.until(id, |view| view.stages[1].status != "pending").await;
    world.waits(id, "soak").await;
    world.clock.advance(60);
    world.ends(id, ActionStatus::Completed).await;
    let mut told: Vec<(u64, bool)> = Vec::new();
    while let Some(entry) = live.recv().await {
        told.push((entry.seq, entry.last));
    }
    assert!(
        told.iter().any(|(_, last)| !last),
        "some numbers have several items"
    );
    for pair in told.windows(2) {
        let ((seq, last), (next, _)) = (pair[0], pair[1]);
        assert!(if last { next > seq } else { next == seq }, "{told:?}");
    }
    let mut after = world.app.follow(&caller(), id, None).await.unwrap();
    let mut stored = Vec::new();
    while let Some(entry) = after.recv().await {
        stored.push((entry.seq, entry.last));
    }
    assert_eq!(told, stored);
}

/// How many event streams are open, as `/metrics` has it.
async fn streams(world: &World) -> usize {
    let metrics = world.app.metrics().await;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("edgewise_event_streams "))
        .unwrap();
    line.parse().unwrap()
}
