//! Chores: forgetting what is old, cleaning up on hosts.

use edgewise::app::background::Background;
use edgewise::app::request::{ActBody, LogsQuery};
use edgewise::domain::action::{ActionId, ActionStatus};
use serde_json::json;

use crate::support::ssh::until;
use crate::support::waiting::until_so;
use crate::support::world::{World, caller};

const DAY: u64 = 86_400;

async fn logged(world: &World, id: ActionId) -> usize {
    let query = LogsQuery::default();
    world.app.logs(&caller(), id, &query).await.unwrap().items.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_are_swept_once_a_day_when_something_there_is_of_age() {
    let world = World::with(&json!({})).await;
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    let swept = || world.made.swept.lock().unwrap().clone();
    // Not of age: whoever looks now visits nobody.
    world.clock.advance(7 * DAY);
    let background = Background::start(&world.app);
    // Somebody who looks while the clock is moved looks again hours later, not at once.
    let by_hours = async |what: &str, visits: usize| {
        until(what, || {
            world.clock.advance(3600);
            swept().len() >= visits
        })
        .await;
    };
    by_hours("both hosts were visited", 2).await;
    assert_eq!(swept(), [7, 7]);
    // The same day again, told to and by its timer.
    background.wake();
    world.clock.advance(6 * 3600);
    background.wake();
    world.clock.advance(DAY);
    by_hours("both hosts were visited on the next day", 4).await;
    assert_eq!(swept(), [7, 7, 7, 7]);
    background.stop().await;
    // Stopped, it does nothing any more.
    world.clock.advance(DAY);
    assert_eq!(swept().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_logs_are_forgotten_and_those_under_way_are_not() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 300})).await;
    let over = world.restart(ActBody::default()).await;
    world.waits(over, "soak").await;
    world.steer(over, "abort").await;
    world.ends(over, ActionStatus::ManualFailed).await;
    let live = world.restart(ActBody::default()).await;
    world.waits(live, "soak").await;
    world.steer(live, "pause").await;
    world.waits(live, "paused").await;
    until_so("a log", async || logged(&world, over).await > 0).await;
    world.clock.advance(100 * DAY);
    let background = Background::start(&world.app);
    until_so("it is forgotten", async || logged(&world, over).await == 0).await;
    assert!(logged(&world, live).await > 0);
    assert_eq!(
        world.action(over).await.summary.status,
        ActionStatus::ManualFailed,
        "the store keeps it"
    );
    background.stop().await;
}
