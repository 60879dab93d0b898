//! The outbox: written with the event, in order for each action and receiver, one server at a time.

use edgewise::domain::action::ActionStatus;
use edgewise::domain::notice::{AddressedNotice, Notice};
use edgewise::domain::rollout::Event;
use edgewise::store::{ConflictRule, Fate, OutboxNotice, Store, StoreError};
use serde_json::json;

use super::world::{action, at, claim, id, on_both, server, update};

on_both!(
    a_notice_is_written_with_its_event_or_not_at_all,
    of_each_action_and_receiver_the_first_goes_first,
    each_is_handed_out_once_until_it_is_refused_or_its_time_is_over,
);

fn to(receiver: &str, number: u8, word: &str) -> AddressedNotice {
    let notice: Notice = serde_json::from_value(json!({
        "id": format!("{number}-{word}-{receiver}"), "event": word, "time": at(1),
        "action": {
            "id": id(number), "space": "s", "project": "p", "environment": "e", "action": "deploy",
            "status": "INPROGRESS", "version": null, "actor": "ci", "user": null, "reason": "", "waiting_for": null,
            "targets": 1, "succeeded": 0, "failed": 0, "rolled_back": 0, "error": null, "retry_of": null, "url": "/",
        },
    }))
    .unwrap();
    AddressedNotice {
        receiver: serde_json::from_value(json!({"kind": "chat", "url": format!("http://{receiver}")}))
            .unwrap(),
        notice,
    }
}

async fn begun(store: &Store, number: u8) {
    let new = action(number, &[&format!("t-{number}")]);
    store.create_action(&new, ConflictRule::Refuse).await.unwrap();
    claim(store, number).await;
}

async fn tell(store: &Store, number: u8, seq: u64, notices: Vec<AddressedNotice>) -> Result<(), StoreError> {
    let mut update = update(ActionStatus::InProgress);
    update.notices = notices;
    store
        .append_event_with(
            &server(),
            id(number),
            seq,
            at(1),
            &Event::LeasesTaken,
            &update,
            None,
        )
        .await
}

async fn take(store: &Store, now: i64) -> Vec<OutboxNotice> {
    store.take_notices(at(now), at(now + 60), 10).await.unwrap()
}

fn ids(taken: &[OutboxNotice]) -> Vec<&str> {
    taken
        .iter()
        .map(|taken| taken.addressed.notice.id.as_str())
        .collect()
}

async fn a_notice_is_written_with_its_event_or_not_at_all(store: Store) {
    begun(&store, 1).await;
    assert_eq!(store.next_notice().await.unwrap(), None);
    for _ in 0..2 {
        // The second time is that of a server which did not hear that the first went well.
        tell(&store, 1, 1, vec![to("a", 1, "started")]).await.unwrap();
    }
    assert_eq!(store.notices_of(id(1)).await.unwrap(), (1, 0));
    let other = update(ActionStatus::InProgress);
    let refused = store
        .append_event_with(&server(), id(1), 1, at(9), &Event::QueueReached, &other, None)
        .await;
    assert!(refused.is_err());
    assert_eq!(store.notices_of(id(1)).await.unwrap(), (1, 0));
    assert_eq!(store.next_notice().await.unwrap(), Some(at(1)));
}

async fn of_each_action_and_receiver_the_first_goes_first(store: Store) {
    begun(&store, 1).await;
    begun(&store, 2).await;
    tell(&store, 1, 1, vec![to("a", 1, "started"), to("b", 1, "started")])
        .await
        .unwrap();
    tell(&store, 1, 2, vec![to("a", 1, "done"), to("b", 1, "done")])
        .await
        .unwrap();
    tell(&store, 2, 1, vec![to("a", 2, "started")]).await.unwrap();
    let first = take(&store, 1).await;
    assert_eq!(ids(&first), ["1-started-a", "1-started-b", "2-started-a"]);
    assert_eq!(first[0].attempts, 1);
    store.notice_taken(first[0].id, at(2)).await.unwrap();
    assert_eq!(
        ids(&take(&store, 2).await),
        ["1-done-a"],
        "b has not taken its first"
    );
    store
        .notice_refused(first[1].id, "no", at(3), None)
        .await
        .unwrap();
    assert_eq!(
        ids(&take(&store, 3).await),
        ["1-done-b"],
        "what is given up holds nobody up"
    );
    assert_eq!(store.notices_of(id(1)).await.unwrap(), (2, 1));
    let told = store.told(id(1)).await.unwrap();
    let fates: Vec<(Fate, u64, Option<&str>)> = told
        .iter()
        .map(|told| (told.fate, told.attempts, told.last_error.as_deref()))
        .collect();
    assert_eq!(
        fates,
        [
            (Fate::Taken { at: at(2) }, 1, None),
            (Fate::GivenUp { at: at(3) }, 1, Some("no")),
            (Fate::Waits { next: at(62) }, 1, None),
            (Fate::Waits { next: at(63) }, 1, None),
        ]
    );
}

async fn each_is_handed_out_once_until_it_is_refused_or_its_time_is_over(store: Store) {
    begun(&store, 1).await;
    tell(&store, 1, 1, vec![to("a", 1, "started")]).await.unwrap();
    let (one, other) = tokio::join!(take(&store, 1), take(&store, 1));
    assert_eq!(one.len() + other.len(), 1, "two servers at once");
    assert_eq!(take(&store, 60).await.len(), 0);
    let again = take(&store, 62).await;
    assert_eq!(
        (again.len(), again[0].attempts),
        (1, 2),
        "the one who had it is dead"
    );
    store
        .notice_refused(again[0].id, "busy", at(63), Some(at(90)))
        .await
        .unwrap();
    assert_eq!(take(&store, 89).await.len(), 0);
    assert_eq!(take(&store, 90).await.len(), 1);
}
