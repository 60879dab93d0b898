//! Events and steers: in order, once, and one with what they change.

use edgewise::domain::action::{ActionStatus, WaitKind, WaitingFor};
use edgewise::domain::rollout::{Event, Steer};
use edgewise::domain::target::Put;
use edgewise::store::{
    ActionUpdate, RecordedVersion, ServerId, Store, StoreError, StoredEvent, TakeLeasesError,
};

use super::world::{action, at, create, end, id, jdoe, keyed, name, on_both, server, target, update};

on_both!(
    events_keep_their_order_and_are_never_overwritten,
    storing_the_same_again_changes_nothing,
    a_server_that_lost_its_claim_writes_nothing,
    an_event_and_what_it_changes_are_one,
    a_final_event_releases_what_the_action_held,
    a_steer_becomes_an_event_once,
    an_event_brings_its_versions_or_neither_is_there,
);

async fn events_keep_their_order_and_are_never_overwritten(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    let append = |number: u8, seq: u64, event: Event| {
        let store = store.clone();
        async move {
            let change = update(ActionStatus::InProgress);
            store
                .append_event_with(&server(), id(number), seq, at(2), &event, &change, None)
                .await
        }
    };
    for seq in [7, 3, 12] {
        append(1, seq, Event::QueueReached).await.unwrap();
    }
    assert!(matches!(
        append(1, 7, Event::LeasesTaken).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        append(9, 1, Event::LeasesTaken).await,
        Err(StoreError::Missing(_))
    ));
    let seqs = |events: Vec<StoredEvent>| -> Vec<u64> { events.iter().map(|event| event.seq).collect() };
    let events = store.events(id(1)).await.unwrap();
    assert!(events[1..].iter().all(|event| event.event == Event::QueueReached));
    assert_eq!(seqs(events), [0, 3, 7, 12]);
    assert_eq!(seqs(store.events_after(id(1), 3).await.unwrap()), [7, 12]);
}

/// One whose answer was lost stores the same again; that it is there already is no fault.
async fn storing_the_same_again_changes_nothing(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    let pause = store
        .post_steer(id(1), &Steer::Pause, &jdoe(), "", at(2))
        .await
        .unwrap();
    for (seq, status) in [(1, ActionStatus::InProgress), (2, ActionStatus::Completed)] {
        let mut change = update(status);
        change.versions = vec![recorded("web-1", &seq.to_string(), Put::Forth)];
        for _ in 0..2 {
            store
                .append_event_with(
                    &server(),
                    id(1),
                    seq,
                    at(5),
                    &Event::LeasesTaken,
                    &change,
                    Some(pause).filter(|_| seq == 1),
                )
                .await
                .unwrap();
        }
        assert_eq!(store.events(id(1)).await.unwrap().len() as u64, seq + 1);
    }
    let entry = &store.inventory(&name("payments"), &name("web")).await.unwrap()[0];
    assert_eq!(entry.installed.previous.as_deref(), Some("1"));
}

/// The fence: only the server whose claim it is writes.
async fn a_server_that_lost_its_claim_writes_nothing(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    let (here, there) = (server(), ServerId("there".into()));
    let leases = keyed(&["web-1"]);
    store
        .take_leases(&here, id(1), &leases, at(1), at(9))
        .await
        .unwrap();
    let late = at(i64::MAX / 4).plus_seconds(1);
    assert!(
        store
            .claim_action(id(1), &there, late, late.plus_seconds(30))
            .await
            .unwrap()
    );
    let before = store.action(id(1)).await.unwrap();

    let mut change = update(ActionStatus::Completed);
    change.versions = vec![recorded("web-1", "9", Put::Forth)];
    change.completed = vec![target("web-1")];
    let append = |by: ServerId| {
        let (store, change) = (store.clone(), change.clone());
        async move {
            store
                .append_event_with(&by, id(1), 5, at(5), &Event::LeasesTaken, &change, None)
                .await
        }
    };
    assert!(matches!(append(here.clone()).await, Err(StoreError::TakenOver)));
    assert!(matches!(
        store.take_leases(&here, id(1), &leases, at(6), at(99)).await,
        Err(TakeLeasesError::Store(StoreError::TakenOver))
    ));
    assert_eq!(store.renew_leases(&here, id(1), at(99)).await.unwrap(), 0);
    assert_eq!(store.action(id(1)).await.unwrap(), before);
    assert_eq!(store.events(id(1)).await.unwrap().len(), 1);
    assert_eq!(
        store.inventory(&name("payments"), &name("web")).await.unwrap(),
        []
    );
    assert_eq!(
        store.leases_held(["web-1:22"]).await.unwrap()[0].expires_at,
        at(9)
    );

    append(there).await.unwrap();
    assert!(
        matches!(append(here).await, Ok(())),
        "the very same event is there, whoever wrote it"
    );
    assert_eq!(store.events(id(1)).await.unwrap().len(), 2);
}

fn recorded(on: &str, version: &str, put: Put) -> RecordedVersion {
    RecordedVersion {
        space: name("payments"),
        project: name("web"),
        target: target(on),
        version: version.into(),
        action: id(1),
        put,
    }
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
        completed: Vec::new(),
        notices: Vec::new(),
        found_bad: Vec::new(),
    };
    store
        .append_event_with(&server(), id(1), 1, at(5), &Event::QueueReached, &waiting, None)
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
    let several = [(3, &Event::QueueReached), (1, &Event::LeasesTaken)];
    assert!(matches!(
        store
            .append_events_with(&server(), id(1), at(6), &several, &next, None)
            .await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(store.events(id(1)).await.unwrap().len(), 2, "all or none");
    assert!(matches!(
        store
            .append_event_with(&server(), id(1), 1, at(6), &Event::LeasesTaken, &next, None)
            .await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(store.action_record(id(1)).await.unwrap(), Some(record));
    assert!(matches!(
        store
            .append_event_with(&server(), id(9), 1, at(6), &Event::LeasesTaken, &next, None)
            .await,
        Err(StoreError::Missing(_))
    ));

    store
        .append_event_with(&server(), id(1), 2, at(7), &Event::LeasesTaken, &next, None)
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
        .take_leases(&server(), id(1), &keyed(&["web-1"]), at(2), at(100))
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
        .append_event_with(&server(), id(1), 1, at(4), &event, &waiting, Some(pause))
        .await
        .unwrap();
    assert!(matches!(
        store
            .append_event_with(&server(), id(1), 2, at(4), &event, &waiting, Some(pause))
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
            &server(),
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
    let mut change = update(ActionStatus::InProgress);
    change.versions = vec![
        recorded("web-1", "2", Put::Forth),
        recorded("web-2", "2", Put::Forth),
    ];
    store
        .append_event_with(&server(), id(1), 1, at(5), &Event::LeasesTaken, &change, None)
        .await
        .unwrap();
    // The number is taken: neither the event nor the versions.
    change.versions = vec![recorded("web-1", "3", Put::Forth)];
    let refused = store
        .append_event_with(&server(), id(1), 1, at(6), &Event::LeasesTaken, &change, None)
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    let versions: Vec<_> = store
        .inventory(&name("payments"), &name("web"))
        .await
        .unwrap()
        .into_iter()
        .map(|entry| (entry.target, entry.installed.version, entry.since))
        .collect();
    assert_eq!(
        versions,
        [
            (target("web-1"), "2".into(), at(5)),
            (target("web-2"), "2".into(), at(5))
        ]
    );
}
