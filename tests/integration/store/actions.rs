//! Actions: accepting, events, lists, steers, forgetting.

use edgewise::domain::action::{ActionStatus, WaitKind, WaitingFor};
use edgewise::domain::rollout::{Event, Steer};
use edgewise::store::{
    ActionFilter, ActionUpdate, ConflictRule, CreateError, Created, Idempotency, NewAction, PruneRule, Store,
    StoreError,
};

use super::world::{action, at, id, jdoe, keyed, name, on_both, target};

on_both!(
    an_action_comes_back_as_it_went_in,
    a_held_target_refuses_or_queues,
    what_is_due_later_does_not_stand_in_the_way,
    an_idempotency_key_answers_with_the_first_action,
    of_fifty_on_overlapping_targets_one_is_accepted,
    of_fifty_with_one_key_one_is_new,
    a_refused_action_leaves_nothing,
    ten_thousand_targets_are_accepted_and_leased,
    events_keep_their_order_and_are_never_overwritten,
    an_event_and_what_it_changes_are_one,
    a_final_event_releases_what_the_action_held,
    a_steer_becomes_an_event_once,
    pages_follow_each_other_newest_first,
    filters_restrict,
    counts_and_last_actions_are_by_project,
    finished_actions_are_forgotten_by_age_and_count,
);

async fn create(store: &Store, new: &NewAction) {
    let created = store.create_action(new, ConflictRule::Refuse).await.unwrap();
    assert_eq!(created, Created::New { queued_behind: None });
}

fn update(status: ActionStatus) -> ActionUpdate {
    ActionUpdate {
        status,
        waiting_for: None,
        started_at: None,
        ended_at: None,
        versions: Vec::new(),
    }
}

/// Ends an action with event 1.
async fn end(store: &Store, number: u8, ended: i64) {
    let mut update = update(ActionStatus::Completed);
    update.ended_at = Some(at(ended));
    store
        .append_event_with(id(number), 1, at(ended), &Event::LeasesTaken, &update, None)
        .await
        .unwrap();
}

async fn an_action_comes_back_as_it_went_in(store: Store) {
    let new = action(1, &["web-1", "web-2"]);
    create(&store, &new).await;
    assert_eq!(store.action(id(1)).await.unwrap(), Some(new.action.clone()));
    assert_eq!(
        store.action_record(id(1)).await.unwrap(),
        Some(new.action.record.clone())
    );
    assert_eq!(store.action(id(2)).await.unwrap(), None);
    let events = store.events(id(1)).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].seq, events[0].time, &events[0].event),
        (0, at(1), &new.event0)
    );
    assert_eq!(store.live_actions().await.unwrap(), [new.action.record]);
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
        .append_event_with(id(1), 1, at(4), &Event::LeasesTaken, &started, None)
        .await
        .unwrap();
    let refused = store
        .create_action(&action(5, &["web-1"]), ConflictRule::Refuse)
        .await;
    assert!(matches!(refused, Err(CreateError::Held(held)) if held.since == at(4)));
}

fn with_key(number: u8, targets: &[&str], key: &str, body: &str) -> NewAction {
    NewAction {
        idempotency: Some(Idempotency {
            key: key.into(),
            body_hash: body.into(),
        }),
        ..action(number, targets)
    }
}

async fn an_idempotency_key_answers_with_the_first_action(store: Store) {
    create(&store, &with_key(1, &["web-1"], "k", "body")).await;
    let again = with_key(2, &["web-1"], "k", "body");
    assert_eq!(
        store.create_action(&again, ConflictRule::Refuse).await.unwrap(),
        Created::Repeated(id(1)),
        "before anybody looks who holds the targets"
    );
    let other = with_key(3, &["web-7"], "k", "other body");
    assert!(matches!(
        store.create_action(&other, ConflictRule::Refuse).await,
        Err(CreateError::KeyReused(first)) if first == id(1)
    ));

    // The key of another actor, or for another action, is another key.
    let mut of_another = with_key(4, &["web-4"], "k", "other body");
    of_another.action.record.actor = edgewise::domain::actor::Actor::System;
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
    assert_eq!(store.live_actions().await.unwrap().len(), 1);
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
        Err(CreateError::Store(StoreError::Conflict(_)))
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
        .take_leases(id(1), &new.targets, at(1), at(100))
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

async fn events_keep_their_order_and_are_never_overwritten(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    for seq in [7, 3, 12] {
        store
            .append_event(id(1), seq, at(2), &Event::QueueReached)
            .await
            .unwrap();
    }
    assert!(matches!(
        store.append_event(id(1), 7, at(3), &Event::LeasesTaken).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        store.append_event(id(9), 1, at(3), &Event::LeasesTaken).await,
        Err(StoreError::Conflict(_))
    ));
    let seqs = |events: Vec<edgewise::store::StoredEvent>| -> Vec<u64> {
        events.iter().map(|event| event.seq).collect()
    };
    let events = store.events(id(1)).await.unwrap();
    assert!(events[1..].iter().all(|event| event.event == Event::QueueReached));
    assert_eq!(seqs(events), [0, 3, 7, 12]);
    assert_eq!(seqs(store.events_after(id(1), 3).await.unwrap()), [7, 12]);
}

async fn an_event_and_what_it_changes_are_one(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    let waiting = ActionUpdate {
        status: ActionStatus::Waiting,
        waiting_for: Some(WaitingFor {
            kind: WaitKind::Lease,
            detail: "web-1 is held".into(),
            since: at(5),
            unblock: "wait".into(),
        }),
        started_at: Some(at(4)),
        ended_at: None,
        versions: Vec::new(),
    };
    store
        .append_event_with(id(1), 1, at(5), &Event::QueueReached, &waiting, None)
        .await
        .unwrap();
    let record = store.action_record(id(1)).await.unwrap().unwrap();
    assert_eq!(record.waiting_for, waiting.waiting_for);
    assert_eq!(
        (record.status, record.started_at),
        (ActionStatus::Waiting, Some(at(4)))
    );

    // A number that is taken: the row stays as it was.
    let next = update(ActionStatus::InProgress);
    assert!(matches!(
        store
            .append_event_with(id(1), 1, at(6), &Event::LeasesTaken, &next, None)
            .await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(store.action_record(id(1)).await.unwrap(), Some(record));
    assert!(matches!(
        store
            .append_event_with(id(9), 1, at(6), &Event::LeasesTaken, &next, None)
            .await,
        Err(StoreError::Missing(_))
    ));

    store
        .append_event_with(id(1), 2, at(7), &Event::LeasesTaken, &next, None)
        .await
        .unwrap();
    let record = store.action_record(id(1)).await.unwrap().unwrap();
    assert_eq!(
        (record.status, record.waiting_for),
        (ActionStatus::InProgress, None)
    );
    assert_eq!(record.started_at, Some(at(4)), "unset leaves it");
}

async fn a_final_event_releases_what_the_action_held(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    store
        .take_leases(id(1), &keyed(&["web-1"]), at(2), at(100))
        .await
        .unwrap();
    end(&store, 1, 9).await;
    assert_eq!(store.leases_held(["web-1:22"]).await.unwrap(), []);
    assert_eq!(store.live_actions().await.unwrap(), []);
    assert_eq!(
        store.action_record(id(1)).await.unwrap().unwrap().ended_at,
        Some(at(9))
    );
}

async fn a_steer_becomes_an_event_once(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    let pause = store
        .post_steer(id(1), &Steer::Pause, &jdoe(), "lunch", at(2))
        .await
        .unwrap();
    let resume = store
        .post_steer(id(1), &Steer::Resume, &jdoe(), "", at(3))
        .await
        .unwrap();
    let inbox = store.take_steers(id(1)).await.unwrap();
    assert_eq!(
        inbox.iter().map(|steer| steer.id).collect::<Vec<_>>(),
        [pause, resume]
    );
    assert_eq!(
        (
            &inbox[0].steer,
            &inbox[0].by,
            inbox[0].reason.as_str(),
            inbox[0].time
        ),
        (&Steer::Pause, &jdoe(), "lunch", at(2))
    );

    let event = Event::Steered {
        steer: Steer::Pause,
        by: jdoe(),
        reason: "lunch".into(),
    };
    let waiting = update(ActionStatus::Waiting);
    store
        .append_event_with(id(1), 1, at(4), &event, &waiting, Some(pause))
        .await
        .unwrap();
    assert!(matches!(
        store
            .append_event_with(id(1), 2, at(4), &event, &waiting, Some(pause))
            .await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(
        store.events(id(1)).await.unwrap().len(),
        2,
        "the repeated one left no event"
    );
    let inbox = store.take_steers(id(1)).await.unwrap();
    assert_eq!(inbox.iter().map(|steer| steer.id).collect::<Vec<_>>(), [resume]);

    store
        .append_event_with(
            id(1),
            9,
            at(9),
            &Event::LeasesTaken,
            &update(ActionStatus::Revoked),
            None,
        )
        .await
        .unwrap();
    assert!(matches!(
        store.post_steer(id(1), &Steer::Pause, &jdoe(), "", at(10)).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        store.post_steer(id(9), &Steer::Pause, &jdoe(), "", at(10)).await,
        Err(StoreError::Missing(_))
    ));
}

async fn pages_follow_each_other_newest_first(store: Store) {
    for number in 1..=7 {
        create(&store, &action(number, &[&format!("web-{number}")])).await;
    }
    let mut filter = ActionFilter::default();
    let mut seen = Vec::new();
    loop {
        let page = store.list_actions(&filter, 3).await.unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(page.items.into_iter().map(|record| record.id));
        match page.next {
            Some(next) => filter.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, (1..=7).rev().map(id).collect::<Vec<_>>());
    // A page that ends exactly at the end has no next.
    filter.cursor = None;
    assert_eq!(store.list_actions(&filter, 7).await.unwrap().next, None);
}

async fn filters_restrict(store: Store) {
    create(&store, &action(1, &["a"])).await;
    let mut other = action(2, &["b"]);
    other.action.record.space = name("search");
    other.action.record.on_behalf = Some("mia".into());
    other.action.record.actor = edgewise::domain::actor::Actor::Token { name: "ci".into() };
    create(&store, &other).await;
    let mut api = action(3, &["c"]);
    api.action.record.project = name("api");
    create(&store, &api).await;
    end(&store, 3, 9).await;

    let all = ActionFilter::default();
    let table = [
        (
            ActionFilter {
                space: Some(name("search")),
                ..all.clone()
            },
            vec![2],
        ),
        (
            ActionFilter {
                allowed: Some(vec![name("payments")]),
                ..all.clone()
            },
            vec![3, 1],
        ),
        (
            ActionFilter {
                allowed: Some(vec![]),
                ..all.clone()
            },
            vec![],
        ),
        (
            ActionFilter {
                project: Some(name("web")),
                ..all.clone()
            },
            vec![2, 1],
        ),
        (
            ActionFilter {
                status: vec![ActionStatus::Completed],
                ..all.clone()
            },
            vec![3],
        ),
        (
            ActionFilter {
                status: vec![ActionStatus::Completed, ActionStatus::Scheduled],
                space: Some(name("payments")),
                ..all.clone()
            },
            vec![3, 1],
        ),
        (
            ActionFilter {
                user: Some("mia".into()),
                ..all.clone()
            },
            vec![2],
        ),
        (
            ActionFilter {
                user: Some("token:ci".into()),
                ..all.clone()
            },
            vec![2],
        ),
        (
            ActionFilter {
                user: Some("jdoe".into()),
                ..all.clone()
            },
            vec![3, 1],
        ),
        (
            ActionFilter {
                since: Some(at(2)),
                ..all.clone()
            },
            vec![3, 2],
        ),
        (
            ActionFilter {
                cursor: Some("nonsense".into()),
                ..all.clone()
            },
            vec![3, 2, 1],
        ),
        (all, vec![3, 2, 1]),
    ];
    for (filter, expected) in table {
        let ids: Vec<_> = store
            .list_actions(&filter, 10)
            .await
            .unwrap()
            .items
            .iter()
            .map(|record| record.id)
            .collect();
        assert_eq!(
            ids,
            expected.into_iter().map(id).collect::<Vec<_>>(),
            "{filter:?}"
        );
    }
}

async fn counts_and_last_actions_are_by_project(store: Store) {
    for (number, project) in [(1, "web"), (2, "api"), (3, "web"), (4, "web")] {
        let mut new = action(number, &[&format!("t-{number}")]);
        new.action.record.project = name(project);
        create(&store, &new).await;
    }
    end(&store, 2, 9).await;
    end(&store, 4, 9).await;
    let counts = store.live_counts().await.unwrap();
    assert_eq!(counts.len(), 1, "api has none");
    assert_eq!((&counts[0].project, counts[0].count), (&name("web"), 2));
    let last = |records: Vec<edgewise::store::ActionRecord>| {
        records
            .into_iter()
            .map(|record| (record.project, record.id))
            .collect::<Vec<_>>()
    };
    let expected = vec![(name("api"), id(2)), (name("web"), id(4))];
    assert_eq!(last(store.last_actions(None).await.unwrap()), expected);
    assert_eq!(
        last(store.last_actions(Some(&name("payments"))).await.unwrap()),
        expected
    );
    assert_eq!(last(store.last_actions(Some(&name("search"))).await.unwrap()), []);
}

async fn finished_actions_are_forgotten_by_age_and_count(store: Store) {
    for number in 1..=5 {
        create(&store, &action(number, &[&format!("t-{number}")])).await;
        if number != 1 {
            end(&store, number, i64::from(number) * 10).await;
        }
    }
    store
        .post_steer(id(1), &Steer::Pause, &jdoe(), "", at(2))
        .await
        .unwrap();
    let rule = PruneRule {
        ended_before: at(45),
        keep_of_project: 2,
    };
    assert_eq!(store.prune_actions(&rule).await.unwrap(), 2);
    assert_eq!(store.prune_actions(&rule).await.unwrap(), 0);
    let left = store.list_actions(&ActionFilter::default(), 10).await.unwrap();
    assert_eq!(
        left.items.iter().map(|record| record.id).collect::<Vec<_>>(),
        [id(5), id(4), id(1)],
        "what runs stays, however old"
    );
    assert_eq!(store.events(id(2)).await.unwrap(), []);
}
