//! A server that is told to stop hands its actions over: another takes them up at its next look, not when a claim runs out.

use edgewise::app::request::{ActBody, LogsQuery};
use edgewise::domain::action::ActionStatus;
use serde_json::json;

use crate::support::postgres::fresh_database;
use crate::support::shop::until;
use crate::support::world::{SHIPPED, World, asked, caller, count};

/// From one look of a server at what is free to the next, and a little more.
const NEXT_LOOK_SECONDS: u64 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_hands_over_what_runs_and_what_runs_is_not_run_again() {
    let url = fresh_database().await;
    let world = World::on(Some(&url), SHIPPED, &json!({})).await;
    let stopping = world.beside(&url, "elsewhere.db").await;
    world.made.hold.send_replace(true);
    let request = asked("restart", ActBody::default());
    let id = stopping.act(&caller(), &request).await.unwrap().action_id;
    until("the first command", || world.ran().len() == 1).await;

    // It does not wait for the command, which goes on on its host.
    stopping.runner().stop().await;
    world.clock.advance(NEXT_LOOK_SECONDS);
    let query = LogsQuery {
        q: Some("goes on with".to_owned()),
        ..LogsQuery::default()
    };
    let taken_over = async {
        while world
            .app
            .logs(&caller(), id, &query)
            .await
            .unwrap()
            .items
            .is_empty()
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    // The clock stands still: a claim that was not given back would never run out.
    tokio::time::timeout(crate::support::server::PATIENCE, taken_over)
        .await
        .expect("the other server takes it up");
    assert_eq!(world.ran().len(), 1, "nothing was begun meanwhile");
    world.made.hold.send_replace(false);
    assert_eq!(world.runs_out(id).await.summary.status, ActionStatus::Completed);
    let ran = world.ran();
    assert_eq!(ran.len(), 4, "{ran:?}");
    assert!(count(&ran).values().all(|times| *times == 1), "{ran:?}");
}
