//! Events and steers: in order, once, and one with what they change.

use edgewise::domain::action::{ActionStatus, WaitKind, WaitingFor};
use edgewise::domain::rollout::{Event, Steer};
use edgewise::store::{ActionUpdate, RecordedVersion, Store, StoreError, StoredEvent};

use super::world::{action, at, create, end, id, jdoe, keyed, name, on_both, target, update};

on_both!(
    events_keep_their_order_and_are_never_overwritten,
    an_event_and_what_it_changes_are_one,
    a_final_event_releases_what_the_action_held,
    a_steer_becomes_an_event_once,
    an_event_brings_its_versions_or_neither_is_there,
);

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
    let seqs = |events: Vec<StoredEvent>| -> Vec<u64> { events.iter().map(|event| event.seq).collect() };
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
    assert_eq!(store.live_counts().await.unwrap(), []);
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

async fn an_event_brings_its_versions_or_neither_is_there(store: Store) {
    create(&store, &action(1, &["web-1", "web-2"])).await;
    let recorded = |on: &str, version: &str| RecordedVersion {
        space: name("payments"),
        project: name("web"),
        target: target(on),
        version: version.into(),
        action: id(1),
        good: true,
    };
    let mut change = update(ActionStatus::InProgress);
    change.versions = vec![recorded("web-1", "2"), recorded("web-2", "2")];
    store
        .append_event_with(id(1), 1, at(5), &Event::LeasesTaken, &change, None)
        .await
        .unwrap();
    // The number is taken: neither the event nor the versions.
    change.versions = vec![recorded("web-1", "3")];
    let refused = store
        .append_event_with(id(1), 1, at(6), &Event::LeasesTaken, &change, None)
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    let versions: Vec<_> = store
        .inventory(&name("payments"), &name("web"))
        .await
        .unwrap()
        .into_iter()
        .map(|entry| (entry.target, entry.version, entry.since))
        .collect();
    assert_eq!(
        versions,
        [
            (target("web-1"), "2".into(), at(5)),
            (target("web-2"), "2".into(), at(5))
        ]
    );
}
