//! Whatever ends in the middle leaves all or nothing: a future that is dropped, a process that is killed.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Poll};

use edgewise::domain::action::ActionStatus;
use edgewise::domain::rollout::Event;
use edgewise::store::{ActionUpdate, ConflictRule, Created, PruneRule, ServerId, Store};

use super::world::{self, action, at, end, id, keyed, on_both};
use crate::support::postgres::fresh_database;

on_both!(a_future_that_is_dropped_leaves_all_or_nothing);

/// Polls a future until it has been woken `times` times, then drops it; says whether it was done before.
async fn wake_and_drop(future: impl Future, times: usize) -> bool {
    let mut future = pin!(future);
    let mut polls = 0;
    std::future::poll_fn(|context: &mut Context<'_>| {
        polls += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if polls > times => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn a_future_that_is_dropped_leaves_all_or_nothing(store: Store) {
    let (mut cut, mut whole) = (0, 0);
    // One more wake each time: the cuts fall between all steps of the transaction, and at last after them.
    for number in 1..=40 {
        let times = usize::from(number) - 1;
        let new = action(number, &["web-1"]);
        let done = wake_and_drop(store.create_action(&new, ConflictRule::Refuse), times).await;
        // What was cut off goes on or is undone at the other end; what comes next waits for it.
        let next = store
            .create_action(&action(200, &["web-1"]), ConflictRule::Refuse)
            .await;
        let stored = store.action(id(number)).await.unwrap();
        let events = store.events(id(number)).await.unwrap();
        assert_eq!(stored.is_some(), !events.is_empty(), "cut after {times}");
        assert_eq!(
            stored.is_some(),
            next.is_err(),
            "cut after {times}: the target is taken with the action"
        );
        assert!(stored.is_some() || !done);
        for there in [stored.map(|_| number), next.ok().map(|_| 200)]
            .into_iter()
            .flatten()
        {
            end(&store, there, 300).await;
        }
        let rule = PruneRule {
            ended_before: at(i64::MAX / 2),
            keep_of_project: 0,
        };
        store.prune_actions(&rule).await.unwrap();
        if done {
            whole += 1;
        } else {
            cut += 1;
        }
    }
    assert!(cut > 0 && whole > 0, "{cut} were cut, {whole} were not");
}

/// Where the process that is to be killed finds the store; it does nothing without.
const STORE_URL: &str = "EDGEWISE_TEST_STORE_TO_WRITE";

/// Not a test of its own: what the next test starts as another process, and kills.
#[tokio::test(flavor = "multi_thread")]
async fn writes_until_it_is_killed() {
    let Ok(url) = std::env::var(STORE_URL) else { return };
    let store = Store::open(&url).await.unwrap();
    let created = store
        .create_action(&action(1, &["web-1"]), ConflictRule::Refuse)
        .await
        .unwrap();
    assert_eq!(created, Created::New { queued_behind: None });
    world::claim(&store, 1).await;
    for seq in 1.. {
        let update = ActionUpdate {
            status: ActionStatus::InProgress,
            waiting_for: None,
            // Tells which event the row knows of.
            started_at: Some(at(seq)),
            ended_at: None,
            versions: Vec::new(),
            completed: Vec::new(),
            notices: Vec::new(),
            found_bad: Vec::new(),
        };
        store
            .take_leases(&world::server(), id(1), &keyed(&["web-1"]), at(seq), at(seq))
            .await
            .unwrap();
        store
            .append_event_with(
                &world::server(),
                id(1),
                seq.unsigned_abs(),
                at(seq),
                &Event::LeasesTaken,
                &update,
                None,
            )
            .await
            .unwrap();
        println!("stored {seq}");
    }
}

fn kill_in_the_middle(url: &str) -> u64 {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::endings::writes_until_it_is_killed",
            "--nocapture",
        ])
        .env(STORE_URL, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    for line in BufReader::new(writer.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
    {
        // The harness writes its own words before the first.
        let Some((_, seq)) = line.split_once("stored ") else {
            continue;
        };
        acknowledged = seq.parse().unwrap();
        if acknowledged == 40 {
            // SIGKILL, while it works on the next; what it says until then is read to the end.
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    acknowledged
}

async fn nothing_is_lost_or_torn(url: String) {
    let store = Store::open(&url).await.unwrap();
    let written = url.clone();
    let acknowledged = tokio::task::spawn_blocking(move || kill_in_the_middle(&written))
        .await
        .unwrap();
    assert!(acknowledged >= 40, "it said {acknowledged}");
    // A commit may have been on its way: this waits for the row.
    let server = ServerId("next".into());
    let late = at(i64::MAX / 4).plus_seconds(1);
    assert!(store.claim_action(id(1), &server, late, late).await.unwrap());
    let events = store.events(id(1)).await.unwrap();
    let last = events.last().unwrap().seq;
    assert!(
        last == acknowledged || last == acknowledged + 1,
        "{acknowledged} were acknowledged, {last} are there"
    );
    assert_eq!(events.len() as u64, last + 1, "none is missing between");
    let record = store.action_record(id(1)).await.unwrap().unwrap();
    assert_eq!(
        record.started_at,
        Some(at(i64::try_from(last).unwrap())),
        "the row and its last event are one"
    );
    // The next server takes it up.
    store
        .take_leases(&server, id(1), &keyed(&["web-1"]), at(0), at(1))
        .await
        .unwrap();
    store
        .append_event_with(
            &server,
            id(1),
            last + 1,
            at(0),
            &Event::LeasesTaken,
            &world::update(ActionStatus::InProgress),
            None,
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_on_sqlite() {
    let (store, folder) = world::sqlite().await;
    drop(store);
    nothing_is_lost_or_torn(format!("sqlite:{}", folder.path().join("edgewise.db").display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_on_postgres() {
    nothing_is_lost_or_torn(fresh_database().await).await;
}
