//! Several servers on one store: a dead or cut off one's actions are taken over, and nothing is done twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use edgewise::app::error::AppError;
use edgewise::app::request::{ActBody, LogsQuery};
use edgewise::app::view::FeedItem;
use edgewise::app::{App, Steered};
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::rollout::Event;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::support::postgres::{Proxy, fresh_database};
use crate::support::shop::until;
use crate::support::waiting::until_so;
use crate::support::world::{SHIPPED, World, asked, because, caller, count};

/// A server on a thread of its own, which can stand still as a whole, as a machine that swaps does.
struct Elsewhere {
    app: App,
    orders: mpsc::UnboundedSender<std::sync::mpsc::Receiver<()>>,
}

impl Elsewhere {
    async fn start(world: &Arc<World>, store: String) -> Self {
        let (orders, mut heard) = mpsc::unbounded_channel::<std::sync::mpsc::Receiver<()>>();
        let (up, is_up) = oneshot::channel();
        let world = Arc::clone(world);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let app = world.beside(&store, "elsewhere.db").await;
                assert!(up.send(app).is_ok(), "the test waits for it");
                while let Some(until) = heard.recv().await {
                    // On purpose on the only thread there is.
                    let _ = until.recv();
                }
            });
        });
        Self {
            app: is_up.await.unwrap(),
            orders,
        }
    }

    /// Stands still until what is returned is dropped.
    fn stall(&self) -> std::sync::mpsc::Sender<()> {
        let (go_on, until) = std::sync::mpsc::channel();
        self.orders.send(until).unwrap();
        go_on
    }
}

/// Moves the clock on until `so`.
async fn moving(world: &World, what: &str, mut so: impl AsyncFnMut() -> bool) {
    until_so(what, async || {
        world.clock.advance(1);
        so().await
    })
    .await;
}

/// Waits until the world's own server goes on with an action; says how many seconds of its clock went by.
async fn taken_over(world: &World, id: ActionId) -> u64 {
    let mut seconds = 0;
    moving(world, "a take-over", async || {
        seconds += 1;
        let query = LogsQuery {
            q: Some("goes on with".to_owned()),
            ..LogsQuery::default()
        };
        let said = world.app.logs(&caller(), id, &query).await.unwrap();
        !said.items.is_empty()
    })
    .await;
    seconds
}

/// Each command ran once; each step was begun and ended once in the story; one end.
async fn nothing_twice(world: &World, id: ActionId) {
    let ran = world.ran();
    assert_eq!(ran.len(), 4, "{ran:?}");
    assert!(count(&ran).values().all(|times| *times == 1), "{ran:?}");
    let events = world.app.store().events(id).await.unwrap();
    let mut seen = BTreeSet::new();
    for stored in &events {
        let what = format!("{:?}", stored.event);
        if let Event::StepStarted { .. } | Event::StepEnded { .. } | Event::LeasesTaken = &stored.event {
            assert!(seen.insert(what.clone()), "twice: {what}");
        }
    }
    // What is stored is one story: every event of it is one that can happen then.
    let action = world.app.store().action(id).await.unwrap().unwrap();
    let mut rollout = edgewise::domain::rollout::Rollout::new(Arc::new(action.plan));
    for stored in &events {
        rollout.apply(&stored.event, stored.time).unwrap();
    }
    assert_eq!(rollout.status(), ActionStatus::Completed);
    assert_eq!(action.record.status, ActionStatus::Completed);
}

async fn a_server_that_stood_still_finds_its_action_taken_over(store: Option<String>) {
    let world = Arc::new(World::on(store.as_deref(), SHIPPED, &json!({})).await);
    let url = store.unwrap_or_else(|| world.file());
    let elsewhere = Elsewhere::start(&world, url).await;
    world.made.hold.send_replace(true);
    let request = asked("restart", ActBody::default());
    let id = elsewhere.app.act(&caller(), &request).await.unwrap().action_id;
    until("the first command", || world.ran().len() == 1).await;

    let standing_still = elsewhere.stall();
    let seconds = taken_over(&world, id).await;
    assert!(seconds <= 30, "it took {seconds} s");
    // Both hear how the command ended, and each would go on.
    drop(standing_still);
    world.made.hold.send_replace(false);
    world.runs_out(id).await;
    // A word at the one that lost it is one for the other, which has ended it.
    let late = elsewhere.app.steer(&caller(), id, "pause", &because()).await;
    assert!(matches!(late, Err(AppError::Conflict(_))), "{late:?}");
    nothing_twice(&world, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_finds_its_action_taken_over_on_sqlite() {
    a_server_that_stood_still_finds_its_action_taken_over(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_finds_its_action_taken_over_on_postgres() {
    a_server_that_stood_still_finds_its_action_taken_over(Some(fresh_database().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cut_off_from_the_store_stops_by_itself() {
    let url = fresh_database().await;
    let world = World::on(Some(&url), SHIPPED, &json!({})).await;
    let proxy = Proxy::before(&url).await;
    let cut_off = world.beside(proxy.url(), "elsewhere.db").await;
    world.made.hold.send_replace(true);
    let request = asked("restart", ActBody::default());
    let id = cut_off.act(&caller(), &request).await.unwrap().action_id;
    until("the first command", || world.ran().len() == 1).await;

    proxy.cut();
    let seconds = taken_over(&world, id).await;
    assert!(seconds <= 30, "it took {seconds} s");
    // It never hears from the store, and hangs up on the host all the same.
    moving(&world, "its end", async || world.made.closed() >= 1).await;
    world.made.hold.send_replace(false);
    world.runs_out(id).await;
    proxy.mend();
    moving(&world, "the store again", async || {
        cut_off.action(&caller(), id).await.is_ok()
    })
    .await;
    nothing_twice(&world, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_for_an_action_of_another_server_is_answered_when_it_was_heard() {
    let world = World::with(&json!({"stages": "1,100%", "soak_seconds": 300_000})).await;
    let other = world.beside(&world.file(), "elsewhere.db").await;
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "soak").await;
    let steer = async |word: &str| {
        let forever = moving(&world, "nothing", async || false);
        let (caller, because) = (caller(), because());
        tokio::select! {
            answer = other.steer(&caller, id, word, &because) => answer,
            () = forever => unreachable!("it says so itself"),
        }
    };
    let Ok(Steered::Same(view)) = steer("pause").await else {
        panic!("it may be paused")
    };
    assert_eq!(json!(view.summary.waiting_for.unwrap().kind), "paused");
    // One word that nobody can read does not silence the others.
    let mut own = <diesel::sqlite::SqliteConnection as diesel::Connection>::establish(
        world.file().trim_start_matches("sqlite:"),
    )
    .unwrap();
    diesel::connection::SimpleConnection::batch_execute(
        &mut own,
        &format!(
            "PRAGMA busy_timeout = 10000; INSERT INTO steers (action, steer, actor, reason, time) \
             VALUES ('{id}', '{{\"steer\":\"dance\"}}', '{{}}', '', 0)"
        ),
    )
    .unwrap();
    let Ok(Steered::Same(view)) = steer("resume").await else {
        panic!("it may go on")
    };
    assert_eq!(json!(view.summary.waiting_for.unwrap().kind), "soak");

    // Both resume it at once: who comes second is told.
    let both = Box::pin(async { tokio::join!(steer("pause"), steer("pause")) }).await;
    let refused = [both.0, both.1]
        .into_iter()
        .filter(|answer| matches!(answer, Err(AppError::Conflict(_))))
        .count();
    assert_eq!(refused, 1);

    // One who follows at the other server is told the events in their order, once, to the end.
    let mut feed = other.follow(&caller(), id, None).await.unwrap();
    world.steer(id, "abort").await;
    world.ends(id, ActionStatus::ManualFailed).await;
    let mut told = Vec::new();
    let all = async {
        while let Some(entry) = feed.recv().await {
            told.push((
                entry.seq,
                entry.item.name(),
                matches!(&*entry.item, FeedItem::Action(view) if view.summary.status.is_final()),
            ));
        }
    };
    let forever = moving(&world, "nothing", async || false);
    tokio::select! {
        () = all => {}
        () = forever => unreachable!("it says so itself"),
    }
    assert!(told.last().unwrap().2, "{told:?}");
    assert!(told.is_sorted_by_key(|(seq, ..)| *seq), "{told:?}");
    let once: BTreeSet<(u64, &str)> = told.iter().map(|(seq, name, _)| (*seq, *name)).collect();
    assert_eq!(once.len(), told.len(), "{told:?}");
}
