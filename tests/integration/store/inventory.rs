//! The inventory: what runs where, since when, and where it can go back to.

use edgewise::domain::action::ActionStatus;
use edgewise::domain::rollout::Event;
use edgewise::domain::target::Put;
use edgewise::store::{RecordedVersion, Store};

use super::world::{action, at, claim, end, id, name, on_both, server, target, update};

on_both!(
    a_version_is_there_since_it_came,
    what_a_retry_completes_is_good_where_the_first_try_put_it,
    versions_are_found_by_name,
);

fn recorded(on: &str, version: &str, by: u8, put: Put) -> RecordedVersion {
    RecordedVersion {
        space: name("payments"),
        project: name("web"),
        target: target(on),
        version: version.into(),
        action: id(by),
        put,
    }
}

/// An action on these targets that puts a version on each, and ends so.
async fn run(store: &Store, number: u8, on: &[&str], version: &str, put: Put, status: ActionStatus) {
    run_again(store, number, None, on, version, put, status).await;
}

async fn run_again(
    store: &Store,
    number: u8,
    retry_of: Option<u8>,
    on: &[&str],
    version: &str,
    put: Put,
    status: ActionStatus,
) {
    let mut new = action(number, on);
    new.action.record.retry_of = retry_of.map(id);
    super::world::create(store, &new).await;
    let mut change = update(status);
    change.versions = on.iter().map(|on| recorded(on, version, number, put)).collect();
    if status == ActionStatus::Completed {
        change.completed = on.iter().map(|on| target(on)).collect();
    }
    let now = at(i64::from(number) * 10);
    store
        .append_event_with(&server(), id(number), 1, now, &Event::LeasesTaken, &change, None)
        .await
        .unwrap();
}

async fn a_version_is_there_since_it_came(store: Store) {
    use ActionStatus::{Completed, Failed};
    // (number, version, put, end) -> (version, since, action, previous, last good, way back)
    let table = [
        (1, "1", Put::Forth, Completed, ("1", 10, 1, None, Some("1"), None)),
        (2, "1", Put::Forth, Completed, ("1", 10, 1, None, Some("1"), None)),
        (
            3,
            "2",
            Put::Forth,
            Failed,
            ("2", 30, 3, Some("1"), Some("1"), Some("1")),
        ),
        (
            4,
            "2",
            Put::Forth,
            Completed,
            ("2", 30, 3, Some("1"), Some("2"), Some("1")),
        ),
        (
            5,
            "1",
            Put::Rollback,
            Completed,
            ("1", 50, 5, Some("2"), Some("1"), None),
        ),
    ];
    for (number, what, put, status, (version, since, by, previous, good, back)) in table {
        run(&store, number, &["web-1"], what, put, status).await;
        let entries = store.inventory(&name("payments"), &name("web")).await.unwrap();
        assert_eq!(entries.len(), 1);
        let (entry, installed) = (&entries[0], &entries[0].installed);
        assert_eq!(installed.version, version);
        assert_eq!((entry.since, entry.action), (at(since), id(by)), "{number}");
        assert_eq!(installed.previous.as_deref(), previous, "{number}");
        assert_eq!(installed.last_good(), good, "{number}");
        assert_eq!(installed.way_back(), back, "{number}");
    }
}

async fn what_a_retry_completes_is_good_where_the_first_try_put_it(store: Store) {
    use ActionStatus::{Completed, Failed};
    let back = async |on: &str| {
        let entries = store.inventory(&name("payments"), &name("web")).await.unwrap();
        let entry = entries
            .into_iter()
            .find(|entry| entry.target == target(on))
            .unwrap();
        (
            entry.installed.last_good().map(str::to_owned),
            entry.installed.way_back().map(str::to_owned),
        )
    };
    let is = |good: &str, back: &str| (Some(good.to_owned()), Some(back.to_owned()));
    run(
        &store,
        1,
        &["web-1", "web-2", "web-3"],
        "1",
        Put::Forth,
        Completed,
    )
    .await;
    run(&store, 2, &["web-1"], "2", Put::Forth, Failed).await;
    run_again(&store, 3, Some(2), &["web-2"], "2", Put::Forth, Failed).await;
    assert_eq!(back("web-1").await, is("1", "1"));
    run_again(&store, 4, Some(3), &["web-3"], "2", Put::Forth, Completed).await;
    for on in ["web-1", "web-2", "web-3"] {
        assert_eq!(back(on).await, is("2", "1"), "{on}");
    }
}

async fn versions_are_found_by_name(store: Store) {
    for (number, on, version) in [(1, "web-2", "2"), (2, "web-1", "2"), (3, "web-3", "1")] {
        run(
            &store,
            number,
            &[on],
            version,
            Put::Forth,
            ActionStatus::Completed,
        )
        .await;
    }
    let mut elsewhere = action(4, &["web-9"]);
    elsewhere.action.record.project = name("api");
    store
        .create_action(&elsewhere, edgewise::store::ConflictRule::Refuse)
        .await
        .unwrap();
    claim(&store, 4).await;
    let mut change = update(ActionStatus::InProgress);
    change.versions = vec![RecordedVersion {
        project: name("api"),
        ..recorded("web-9", "2", 4, Put::Forth)
    }];
    store
        .append_event_with(&server(), id(4), 2, at(40), &Event::LeasesTaken, &change, None)
        .await
        .unwrap();
    end(&store, 4, 50).await;
    let found: Vec<_> = store
        .inventory_of_version(&name("payments"), &name("web"), "2")
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.target)
        .collect();
    assert_eq!(found, [target("web-1"), target("web-2")]);
}
