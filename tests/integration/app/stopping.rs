//! A server that stops: what is under way may end within its time, nothing new begins, and others go on at once.

use std::future::pending;

use edgewise::app::ports::Clock as _;
use edgewise::app::request::ActBody;
use edgewise::app::view::ActionView;
use edgewise::domain::action::ActionStatus;
use edgewise::domain::rollout::Event;
use edgewise::store::ServerId;
use serde_json::json;

use crate::support::shop::until;
use crate::support::waiting::until_so;
use crate::support::world::{World, caller, count};

/// How many steps have ended in the action's story.
async fn ended(world: &World, id: edgewise::domain::action::ActionId) -> usize {
    let events = world.app.store().events(id).await.unwrap();
    let ends = events
        .iter()
        .filter(|stored| matches!(stored.event, Event::StepEnded { .. }));
    ends.count()
}

/// Waits until no claim runs out in the next 5 s: one that the clock jumped over would be another server's.
async fn claims_are_renewed(world: &World) {
    let nobody = ServerId(String::new());
    until_so("claims that hold on", async || {
        let now = world.clock.now();
        let first = world.app.store().next_free_claim(&nobody, now).await.unwrap();
        first.is_some_and(|until| until > now.plus_seconds(5))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_may_end_within_the_time_and_another_server_goes_on_with_the_rest() {
    let world = World::with(&json!({"max_parallel": 1})).await;
    let id = world.begins().await;
    let before = ended(&world, id).await;
    let waiting = world
        .restart(ActBody {
            countdown: 600,
            queue: true,
            ..ActBody::default()
        })
        .await;

    let runner = world.app.runner().clone();
    let stopping = tokio::spawn(async move { runner.drain(20, pending()).await });
    // What only waits is handed over at once; the one with a step under way is kept, also past its claim's end.
    let _other = world.beside(&world.file(), "elsewhere.db").await;
    for seconds in [5, 5, 5, 4] {
        world.clock.advance(seconds);
        claims_are_renewed(&world).await;
    }
    assert!(!stopping.is_finished(), "it waits for the step");
    world.made.hold.send_replace(false);
    stopping.await.unwrap();
    assert_eq!(world.ran().len(), 1, "nothing new began: {:?}", world.ran());
    assert_eq!(
        ended(&world, id).await,
        before + 1,
        "the end of the step is stored"
    );

    let ended = world.runs_out(id).await;
    assert_eq!(ended.summary.status, ActionStatus::Completed);
    assert!(
        count(&world.ran()).values().all(|times| *times == 1),
        "{:?}",
        world.ran()
    );
    world.runs_out(waiting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_time_is_over_the_rest_is_handed_over() {
    let world = World::with(&json!({"max_parallel": 1})).await;
    let id = world.begins().await;
    let runner = world.app.runner().clone();
    let stopping = tokio::spawn(async move { runner.drain(20, pending()).await });
    until("the stop", || {
        world.clock.advance(20);
        stopping.is_finished()
    })
    .await;
    assert_eq!(world.action(id).await.summary.status, ActionStatus::InProgress);

    // What is asked for meanwhile waits for whoever goes on.
    let late = world
        .restart(ActBody {
            queue: true,
            ..ActBody::default()
        })
        .await;
    assert_eq!(world.action(late).await.summary.status, ActionStatus::Queued);
    let next = world.beside(&world.file(), "elsewhere.db").await;
    world.made.hold.send_replace(false);
    world.runs_out(id).await;
    world.runs_out(late).await;
    for action in [id, late] {
        let view = next.action(&caller(), action).await.unwrap();
        assert_eq!(view.summary.status, ActionStatus::Completed);
    }
    assert!(
        count(&world.ran()).values().all(|times| *times == 2),
        "{:?}",
        world.ran()
    );
}

const WAITS: &str = r#""""Made up: a wait between two commands."""

def restart(ctx):
    return rollout(ctx.targets, lambda ctx, target: [run("one", "one"), sleep(600), run("two", "two")], all_at_once())
"#;

/// Whether a step of this name is under way on the first host.
fn is_in(view: &ActionView, name: &str) -> bool {
    let mut steps = view.targets[0].steps.iter();
    steps.any(|step| step.name == name && step.state == "running")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_goes_on_where_it_was_however_often_servers_come_and_go() {
    let world = World::on(None, WAITS, &json!({})).await;
    let id = world.restart(ActBody::default()).await;
    world.until(id, |view| is_in(view, "sleep")).await;
    // No server lives as long as the wait lasts.
    let mut app = world.app.clone();
    for _ in 0..3 {
        world.clock.advance(199);
        app.runner().stop().await;
        app = world.beside(&world.file(), "log.db").await;
    }
    assert_eq!(world.ran(), ["a: one"], "597 of 600 s are over");
    world.clock.advance(3);
    until("the end of the wait", || {
        world.ran().iter().any(|ran| ran == "a: two")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_the_time_that_sessions_have() {
    let world = World::with(&json!({"max_parallel": 1})).await;
    *world.made.sessions.lock().unwrap() = 3;
    let id = world.restart(ActBody::default()).await;
    world.until(id, |view| is_in(view, "drain")).await;
    world.clock.advance(40);
    world.app.runner().stop().await;
    let _next = world.beside(&world.file(), "log.db").await;
    assert_eq!(world.ran(), Vec::<String>::new(), "they have 60 s");
    world.clock.advance(20);
    until("the end of the drain", || !world.ran().is_empty()).await;
}
