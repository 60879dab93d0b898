//! Everything that waits says what for, and goes on when that has come.

use std::sync::atomic::Ordering;
use std::time::Duration;

use edgewise::app::request::ActBody;
use edgewise::domain::action::ActionStatus;
use serde_json::json;

use crate::support::server::PATIENCE;
use crate::support::waiting::until_so;
use crate::support::world::{World, asked, caller, count};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_countdown_ends_when_its_time_has_come() {
    let world = World::with(&json!({})).await;
    let id = world
        .restart(ActBody {
            countdown: 600,
            ..ActBody::default()
        })
        .await;
    world.waits(id, "countdown").await;
    world.clock.advance(599);
    assert_eq!(world.action(id).await.summary.status, ActionStatus::Scheduled);
    assert_eq!(world.ran(), Vec::<String>::new());
    world.clock.advance(1);
    world.ends(id, ActionStatus::Completed).await;
    let ran = world.ran();
    assert_eq!(
        count(&ran).into_iter().collect::<Vec<_>>(),
        [("a: start", 1), ("a: stop", 1), ("b: start", 1), ("b: stop", 1)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_not_fit_is_found_before_any_is_taken_out_of_service() {
    // One stage after the other: the unfit host is the last one.
    let world = World::with(&json!({"stages": "1,100%"})).await;
    world.made.unfit.lock().unwrap().push("b".to_owned());
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Failed).await;
    assert_eq!(*world.made.taken_out.lock().unwrap(), Vec::<String>::new());
    assert_eq!(world.ran(), Vec::<String>::new());
    world.made.unfit.lock().unwrap().clear();
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(*world.made.taken_out.lock().unwrap(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_soak_keeps_the_next_stage_back_until_it_is_over_or_promoted() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 300})).await;
    for promoted in [false, true] {
        let before = world.ran().len();
        let id = world.restart(ActBody::default()).await;
        let view = world.waits(id, "soak").await;
        assert_eq!(view.summary.status, ActionStatus::Waiting);
        assert_eq!(world.ran().len() - before, 2, "one host alone");
        if promoted {
            world.steer(id, "promote").await;
        } else {
            world.clock.advance(300);
        }
        let second = world.until(id, |view| view.stages[1].status != "pending").await;
        if second.summary.status != ActionStatus::Completed {
            world.waits(id, "soak").await;
            world.steer(id, "promote").await;
        }
        world.ends(id, ActionStatus::Completed).await;
        assert_eq!(world.ran().len() - before, 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_waits_too_long_for_held_targets_fails_and_touches_nothing() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 3000})).await;
    let holder = world.restart(ActBody::default()).await;
    world.waits(holder, "soak").await;
    let before = world.ran().len();
    let id = world
        .restart(ActBody {
            queue: true,
            ..ActBody::default()
        })
        .await;
    world.waits(id, "queue").await;
    // Forced past the queue, it still does not touch what another holds.
    world.steer(id, "force").await;
    let waiting = world.waits(id, "lease").await;
    let detail = waiting.summary.waiting_for.unwrap().detail;
    assert!(
        detail.contains(&holder.to_string()) && detail.contains('a'),
        "{detail}"
    );
    world.clock.advance(30);
    world.ends(id, ActionStatus::Failed).await;
    assert_eq!(world.ran().len(), before);
    world.steer(holder, "abort").await;
    world.ends(holder, ActionStatus::ManualFailed).await;
    let next = world.restart(ActBody::default()).await;
    world.waits(next, "soak").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_is_not_taken_out_while_the_pool_cannot_spare_it() {
    let world = World::with(&json!({"max_parallel": 1})).await;
    world.made.broken.lock().unwrap().push("b".to_owned());
    let id = world
        .restart(ActBody {
            all: true,
            ..ActBody::default()
        })
        .await;
    let waiting = world.waits(id, "capacity").await;
    let wait = waiting.summary.waiting_for.unwrap();
    assert!(
        wait.detail.contains("front") && wait.detail.contains('1'),
        "{}",
        wait.detail
    );
    assert!(!wait.unblock.is_empty());
    assert!(
        !world.ran().iter().any(|ran| ran.starts_with("a:")),
        "a alone serves: {:?}",
        world.ran()
    );
    world.made.broken.lock().unwrap().clear();
    // It asks again by itself.
    while !world.action(id).await.summary.status.is_final() {
        world.clock.advance(5);
        tokio::task::yield_now().await;
    }
    world.ends(id, ActionStatus::Completed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_on_two_halves_of_a_pool_go_one_after_the_other_and_none_waits_for_ever() {
    for servers in [None, Some(json!(["a", "b"]))] {
        let mut pool = json!({"pool_name": "front", "inpool_threshold": 50});
        if let Some(servers) = servers {
            pool["servers"] = servers;
        }
        two_on_two_halves(&json!({"pool_info": {"east": [pool]}})).await;
    }
}

async fn two_on_two_halves(differs: &serde_json::Value) {
    let world = World::with(differs).await;
    let half = async |name: &str| {
        let mut request = asked(
            "restart",
            ActBody {
                countdown: 60,
                ..ActBody::default()
            },
        );
        request.body.all = false;
        request.body.servers = vec![name.to_owned()];
        world.app.act(&caller(), &request).await.unwrap().action_id
    };
    // Both hold their half before either may take it out.
    let first = half("b").await;
    world.clock.advance(30);
    let second = half("a").await;
    world.made.balancer_is_down.store(true, Ordering::SeqCst);
    for id in [first, second] {
        world.clock.advance(30);
        world.waits(id, "balancer").await;
    }
    world.made.hold.send_replace(true);
    world.made.balancer_is_down.store(false, Ordering::SeqCst);
    // The one that came first does not leave room for the other.
    let goes = tokio::time::timeout(PATIENCE, async {
        while !world.ran().iter().any(|ran| ran.starts_with("b:")) {
            world.clock.advance(1);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    goes.await.unwrap();
    let mut wait = None;
    until_so("the other waits for room", async || {
        // It asks again after a while.
        world.clock.advance(1);
        wait = world.action(second).await.summary.waiting_for;
        wait.as_ref().is_some_and(|wait| json!(wait.kind) == "capacity")
    })
    .await;
    let wait = wait.unwrap();
    assert!(wait.unblock.contains("came first"), "{wait:?}");
    let numbers = format!("0 without it, 1 must stay; action {first} holds");
    // Its own way out has begun, so the balancer may say either.
    assert!(wait.detail.contains(&numbers), "{wait:?}");
    assert!(!world.ran().iter().any(|ran| ran.starts_with("a:")));
    world.made.hold.send_replace(false);
    for id in [first, second] {
        assert_eq!(world.runs_out(id).await.summary.status, ActionStatus::Completed);
    }
    assert_eq!(*world.made.taken_out.lock().unwrap(), ["b", "a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_ends_with_the_last_session_or_with_its_time() {
    let world = World::with(&json!({"max_parallel": 1})).await;
    let draining = |view: &edgewise::app::view::ActionView| {
        let steps = view.targets.iter().flat_map(|target| &target.steps);
        steps
            .into_iter()
            .any(|step| step.name == "drain" && step.state == "running")
    };
    *world.made.sessions.lock().unwrap() = 3;
    let id = world.restart(ActBody::default()).await;
    world.until(id, draining).await;
    assert_eq!(
        world.ran(),
        Vec::<String>::new(),
        "nothing is stopped while it has sessions"
    );
    world.clock.advance(60);
    world
        .until(id, |view| view.targets[0].state.as_str() == "succeeded")
        .await;
    let said = world.says(id, "sessions left after").await;
    assert_eq!(said.len(), 1, "it is told that some were left: {said:?}");
    world.until(id, draining).await;
    *world.made.sessions.lock().unwrap() = 0;
    world.clock.advance(1);
    world.ends(id, ActionStatus::Completed).await;
}
