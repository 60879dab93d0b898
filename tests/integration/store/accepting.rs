//! Accepting actions: who stands in whose way, and the same request twice.

use edgewise::domain::action::ActionStatus;
use edgewise::domain::actor::Actor;
use edgewise::domain::rollout::Event;
use edgewise::store::{ConflictRule, CreateError, Created, Idempotency, NewAction, Store, StoreError};

use super::world::{action, at, create, end, id, jdoe, on_both, server, target, update};

on_both!(
    a_held_target_refuses_or_queues,
    the_queue_is_kept_in_order_on_every_target,
    what_is_due_later_does_not_stand_in_the_way,
    an_idempotency_key_answers_with_the_first_action,
    of_fifty_on_overlapping_targets_one_is_accepted,
    of_fifty_with_one_key_one_is_new,
    a_refused_action_leaves_nothing,
    ten_thousand_targets_are_accepted_and_leased,
);

fn with_key(number: u8, targets: &[&str], key: &str, body: &str) -> NewAction {
    NewAction {
        idempotency: Some(Idempotency {
            key: key.into(),
            body_hash: body.into(),
        }),
        ..action(number, targets)
    }
}

async fn a_held_target_refuses_or_queues(store: Store) {
    create(&store, &action(1, &["web-1", "web-2"])).await;
    create(&store, &action(2, &["web-3"])).await;

    let mut third = action(3, &["web-3", "web-2", "web-9"]);
    // Another project's name for the same host.
    third.targets[1].1 = target("backend-2");
    let Err(CreateError::Held(held)) = store.create_action(&third, ConflictRule::Refuse).await else {
        panic!("it must be refused")
    };
    assert_eq!((held.holder, held.actor, held.since), (id(1), jdoe(), at(1)));
    assert_eq!(held.targets, [target("backend-2"), target("web-3")]);
    assert_eq!(store.action_record(id(3)).await.unwrap(), None);

    let queued = store.create_action(&third, ConflictRule::Queue).await.unwrap();
    assert_eq!(
        queued,
        Created::New {
            queued_behind: Some(id(2))
        }
    );
    let record = store.action_record(id(3)).await.unwrap().unwrap();
    assert_eq!(
        (record.status, record.queued_behind),
        (ActionStatus::Queued, Some(id(2)))
    );
    assert!(matches!(
        store.events(id(3)).await.unwrap()[0].event,
        Event::Created { queued_behind: Some(behind), .. } if behind == id(2)
    ));

    // What queues stands in the way of the next, and what has ended does not.
    let fourth = action(4, &["web-9"]);
    assert_eq!(
        store.create_action(&fourth, ConflictRule::Queue).await.unwrap(),
        Created::New {
            queued_behind: Some(id(3))
        }
    );
    for number in 1..=4 {
        end(&store, number, 50).await;
    }
    create(&store, &action(5, &["web-1", "web-2", "web-3", "web-9"])).await;
}

async fn the_queue_is_kept_in_order_on_every_target(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    create(&store, &action(3, &["web-3"])).await;
    for (number, targets, behind) in [(2, ["web-1", "web-2"], 1), (4, ["web-2", "web-3"], 3)] {
        let queued = store
            .create_action(&action(number, &targets), ConflictRule::Queue)
            .await;
        let queued_behind = Some(id(behind));
        assert_eq!(queued.unwrap(), Created::New { queued_behind });
    }
    // The one it queues behind has ended, and another is ahead that itself waits.
    end(&store, 3, 50).await;
    assert_eq!(store.action_ahead(id(4)).await.unwrap(), Some(id(2)));
    end(&store, 1, 51).await;
    assert_eq!(store.action_ahead(id(2)).await.unwrap(), None);
    assert_eq!(store.action_ahead(id(4)).await.unwrap(), Some(id(2)));
    end(&store, 2, 52).await;
    assert_eq!(store.action_ahead(id(4)).await.unwrap(), None);

    // The clocks of two servers differ: what came later has the smaller id, and they do not wait for each other.
    create(&store, &action(9, &["web-9"])).await;
    let mut later = action(8, &["web-9"]);
    later.action.record.due_at = at(9);
    let later = store.create_action(&later, ConflictRule::Queue).await;
    let queued_behind = Some(id(9));
    assert_eq!(later.unwrap(), Created::New { queued_behind });
    assert_eq!(store.action_ahead(id(9)).await.unwrap(), None);
}

async fn what_is_due_later_does_not_stand_in_the_way(store: Store) {
    let mut later = action(1, &["web-1"]);
    later.action.record.due_at = at(60_000);
    create(&store, &later).await;
    create(&store, &action(2, &["web-1"])).await;
    end(&store, 2, 3).await;

    // Once it is under way it does, whenever it was due.
    let mut started = update(ActionStatus::Waiting);
    started.started_at = Some(at(4));
    store
        .append_event_with(&server(), id(1), 1, at(4), &Event::LeasesTaken, &started, None)
        .await
        .unwrap();
    let refused = store
        .create_action(&action(5, &["web-1"]), ConflictRule::Refuse)
        .await;
    assert!(matches!(refused, Err(CreateError::Held(held)) if held.since == at(4)));
}

async fn an_idempotency_key_answers_with_the_first_action(store: Store) {
    create(&store, &with_key(1, &["web-1"], "k", "body")).await;
    let again = with_key(2, &["web-1"], "k", "body");
    assert_eq!(
        store.create_action(&again, ConflictRule::Refuse).await.unwrap(),
        Created::Repeated(id(1)),
        "before anybody looks who holds the targets"
    );
    let path = "payments/web/deploy";
    let day = 24 * 60 * 60 * 1000;
    let table = [
        (path, "k", at(2), Some((id(1), "body".to_owned()))),
        (path, "k", at(1 + day), None),
        (path, "another", at(2), None),
        ("payments/web/restart", "k", at(2), None),
    ];
    for (path, key, now, expected) in table {
        assert_eq!(
            store.answered_before(&jdoe(), path, key, now).await.unwrap(),
            expected,
            "{path} {key}"
        );
    }
    let other = with_key(3, &["web-7"], "k", "other body");
    assert!(matches!(
        store.create_action(&other, ConflictRule::Refuse).await,
        Err(CreateError::KeyReused(first)) if first == id(1)
    ));

    // The key of another actor, or for another action, is another key.
    let mut of_another = with_key(4, &["web-4"], "k", "other body");
    of_another.action.record.actor = Actor::System;
    create(&store, &of_another).await;
    let mut another_action = with_key(5, &["web-5"], "k", "other body");
    another_action.action.record.action = "restart".into();
    create(&store, &another_action).await;

    // After 24 hours it is forgotten.
    let mut next_day = with_key(6, &["web-6"], "k", "other body");
    next_day.action.record.created_at = at(24 * 60 * 60 * 1000 + 1);
    create(&store, &next_day).await;
}

async fn of_fifty_on_overlapping_targets_one_is_accepted(store: Store) {
    let tasks: Vec<_> = (1..=50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let own = format!("own-{number}");
                let mut new = action(number, &["shared", &own]);
                // All due at once, so that each stands in the way of each.
                new.action.record.due_at = at(0);
                store.create_action(&new, ConflictRule::Refuse).await
            })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(Created::New { .. }) => accepted += 1,
            Err(CreateError::Held(held)) => assert_eq!(held.targets, [target("shared")]),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(accepted, 1);
    assert_eq!(store.live_counts().await.unwrap()[0].count, 1);
}

async fn of_fifty_with_one_key_one_is_new(store: Store) {
    let tasks: Vec<_> = (1..=50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .create_action(&with_key(number, &["web-1"], "k", "b"), ConflictRule::Refuse)
                    .await
            })
        })
        .collect();
    let mut new = 0;
    let mut repeated = std::collections::BTreeSet::new();
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Created::New { .. } => new += 1,
            Created::Repeated(first) => {
                repeated.insert(first);
            }
        }
    }
    assert_eq!(new, 1);
    assert_eq!(repeated.len(), 1);
    assert!(
        store
            .action_record(*repeated.first().unwrap())
            .await
            .unwrap()
            .is_some()
    );
}

async fn a_refused_action_leaves_nothing(store: Store) {
    // A target twice breaks the key of the last table but one that is written.
    let mut torn = with_key(1, &["web-1"], "k", "b");
    torn.targets.push(("another key".into(), target("web-1")));
    assert!(matches!(
        store.create_action(&torn, ConflictRule::Refuse).await,
        Err(CreateError::Store(StoreError::Contradicted(_)))
    ));
    assert_eq!(store.action(id(1)).await.unwrap(), None);
    assert_eq!(store.events(id(1)).await.unwrap(), []);
    // Neither the targets nor the key are taken, and the connection is good for the next.
    create(&store, &with_key(2, &["web-1"], "k", "b")).await;

    let mut nul = action(3, &["web-3"]);
    nul.action.record.reason = Some("a\0b".into());
    assert!(matches!(
        store.create_action(&nul, ConflictRule::Refuse).await,
        Err(CreateError::Store(StoreError::Unstorable("`reason`")))
    ));
}

async fn ten_thousand_targets_are_accepted_and_leased(store: Store) {
    let names: Vec<String> = (0..10_000).map(|number| format!("web-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let new = action(1, &names);
    create(&store, &new).await;
    let leases = store
        .take_leases(&server(), id(1), &new.targets, at(1), at(100))
        .await
        .unwrap();
    assert_eq!(leases.len(), 10_000);
    let held = store
        .leases_held(new.targets.iter().map(|(key, _)| key.as_str()))
        .await
        .unwrap();
    assert_eq!(held.len(), 10_000);
    let Err(CreateError::Held(held)) = store
        .create_action(&action(2, &names), ConflictRule::Refuse)
        .await
    else {
        panic!("it must be refused")
    };
    assert_eq!(held.targets.len(), 10_000);
}

#[derive(diesel::QueryableByName)]
struct Kept {
    #[diesel(sql_type = diesel::sql_types::Text)]
    key: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_no_longer_counts_is_forgotten() {
    use diesel::{Connection as _, RunQueryDsl as _};

    const DAY: i64 = 24 * 60 * 60 * 1000;
    let (store, folder) = super::world::sqlite().await;
    let with_key = |number: u8, key: &str, when: i64| {
        let mut new = with_key(number, &[&format!("web-{number}")], key, "x");
        new.action.record.created_at = at(when);
        new
    };
    create(&store, &with_key(1, "old", 0)).await;
    create(&store, &with_key(2, "young", DAY / 2)).await;
    create(&store, &with_key(3, "new", DAY)).await;
    let file = folder.path().join("edgewise.db");
    let mut conn = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let kept: Vec<Kept> = diesel::sql_query("SELECT key FROM idempotency_keys ORDER BY created_at")
        .load(&mut conn)
        .unwrap();
    let keys: Vec<&str> = kept.iter().map(|kept| kept.key.as_str()).collect();
    assert_eq!(keys, ["young", "new"]);
}
