//! Claims: each action is worked on by one server, and a dead server's are taken over.

use edgewise::domain::action::ActionId;
use edgewise::store::{ConflictRule, ServerId, Store};

use super::world::{self, action, at, end, id, on_both};

on_both!(
    a_claim_holds_until_it_ends,
    a_claim_that_is_not_named_is_not_renewed_and_a_rest_is_kept_by_all,
    of_many_servers_each_gets_another_action,
    an_action_at_its_end_is_nobodys_once_its_log_is_whole,
    what_the_log_lacks_of_an_action_under_way_is_noted_until_it_is_paid,
    what_a_server_had_is_free_when_it_is_known_to_have_ended,
);

fn server(name: &str) -> ServerId {
    ServerId(name.into())
}

async fn create(store: &Store, count: u8) {
    for number in 1..=count {
        let new = action(number, &[&format!("t-{number}")]);
        store.create_action(&new, ConflictRule::Refuse).await.unwrap();
    }
}

async fn a_claim_holds_until_it_ends(store: Store) {
    create(&store, 1).await;
    let (a, b) = (server("a"), server("b"));
    assert!(store.claim_action(id(1), &a, at(0), at(30)).await.unwrap());
    assert!(
        store.claim_action(id(1), &a, at(1), at(30)).await.unwrap(),
        "again by the same"
    );
    assert!(!store.claim_action(id(1), &b, at(2), at(40)).await.unwrap());
    assert_eq!(store.claim_next(&b, at(2), at(40)).await.unwrap(), None);
    assert_eq!(store.renew_claims(&a, &[id(1)], at(60)).await.unwrap(), [id(1)]);
    assert_eq!(store.next_free_claim(&b, at(2)).await.unwrap(), Some(at(60)));
    assert_eq!(store.next_free_claim(&b, at(60)).await.unwrap(), None);
    assert_eq!(store.next_free_claim(&a, at(2)).await.unwrap(), None, "its own");
    assert_eq!(
        store.claim_next(&b, at(60), at(90)).await.unwrap(),
        None,
        "the heartbeat kept it"
    );

    // The server is dead: nobody renews.
    assert_eq!(store.claim_next(&b, at(61), at(90)).await.unwrap(), Some(id(1)));
    assert_eq!(
        store.renew_claims(&a, &[id(1)], at(99)).await.unwrap(),
        [],
        "it was taken over"
    );
    assert!(!store.release_claim(id(1), &a, None).await.unwrap());
    assert!(store.release_claim(id(1), &b, None).await.unwrap());
    assert!(store.claim_action(id(1), &a, at(62), at(90)).await.unwrap());
    assert!(!store.claim_action(id(9), &a, at(62), at(90)).await.unwrap());
}

async fn a_claim_that_is_not_named_is_not_renewed_and_a_rest_is_kept_by_all(store: Store) {
    create(&store, 2).await;
    let (a, b) = (server("a"), server("b"));
    for number in [1, 2] {
        assert!(store.claim_action(id(number), &a, at(0), at(30)).await.unwrap());
    }
    assert_eq!(store.renew_claims(&a, &[id(2)], at(60)).await.unwrap(), [id(2)]);
    assert_eq!(store.claim_next(&b, at(31), at(90)).await.unwrap(), Some(id(1)));

    assert!(store.release_claim(id(2), &a, Some(at(70))).await.unwrap());
    for server in [&a, &b] {
        assert_eq!(store.claim_next(server, at(69), at(99)).await.unwrap(), None);
        assert!(!store.claim_action(id(2), server, at(70), at(99)).await.unwrap());
    }
    assert_eq!(store.claim_next(&a, at(71), at(99)).await.unwrap(), Some(id(2)));
}

async fn of_many_servers_each_gets_another_action(store: Store) {
    create(&store, 20).await;
    let tasks: Vec<_> = (0..30)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .claim_next(&server(&format!("s{number}")), at(0), at(30))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut claimed: Vec<ActionId> = Vec::new();
    for task in tasks {
        claimed.extend(task.await.unwrap());
    }
    // A server that came while a row was locked may have gone away without; nobody gets what another has.
    let sweeper = server("sweeper");
    while let Some(next) = store.claim_next(&sweeper, at(0), at(30)).await.unwrap() {
        claimed.push(next);
    }
    claimed.sort();
    assert_eq!(claimed, (1..=20).map(id).collect::<Vec<_>>());
}

async fn an_action_at_its_end_is_nobodys_once_its_log_is_whole(store: Store) {
    create(&store, 1).await;
    let (here, next) = (world::server(), server("next"));
    end(&store, 1, 40).await;
    assert!(store.log_owed_from(id(1)).await.unwrap().is_some());
    // The server that ended it died before the end of the log was written.
    assert_eq!(
        store.renew_claims(&here, &[id(1)], at(60)).await.unwrap(),
        [id(1)]
    );
    assert_eq!(store.claim_next(&next, at(59), at(90)).await.unwrap(), None);
    assert_eq!(store.next_free_claim(&next, at(59)).await.unwrap(), Some(at(60)));
    assert_eq!(
        store.claim_next(&next, at(61), at(90)).await.unwrap(),
        Some(id(1))
    );
    assert!(
        !store.log_is_whole(id(1), &here).await.unwrap(),
        "it is another's"
    );
    store.log_is_paid(id(1), &next).await.unwrap();
    assert!(
        store.log_owed_from(id(1)).await.unwrap().is_some(),
        "its end is owed"
    );
    assert!(store.log_is_whole(id(1), &next).await.unwrap());

    assert_eq!(store.log_owed_from(id(1)).await.unwrap(), None);
    assert_eq!(store.renew_claims(&next, &[id(1)], at(99)).await.unwrap(), []);
    assert!(!store.claim_action(id(1), &next, at(99), at(120)).await.unwrap());
    assert_eq!(store.claim_next(&next, at(99), at(120)).await.unwrap(), None);
}

async fn what_the_log_lacks_of_an_action_under_way_is_noted_until_it_is_paid(store: Store) {
    create(&store, 1).await;
    let (a, b) = (server("a"), server("b"));
    assert!(store.claim_action(id(1), &a, at(0), at(30)).await.unwrap());
    store.owe_log(id(1), &b, 1).await.unwrap();
    assert_eq!(store.log_owed_from(id(1)).await.unwrap(), None, "it is another's");
    for (owed, noted) in [(9, 9), (4, 4), (7, 4)] {
        store.owe_log(id(1), &a, owed).await.unwrap();
        assert_eq!(store.log_owed_from(id(1)).await.unwrap(), Some(noted));
    }
    assert!(!store.log_is_whole(id(1), &a).await.unwrap(), "it has not ended");
    store.log_is_paid(id(1), &b).await.unwrap();
    assert_eq!(store.log_owed_from(id(1)).await.unwrap(), Some(4));
    store.log_is_paid(id(1), &a).await.unwrap();
    assert_eq!(store.log_owed_from(id(1)).await.unwrap(), None);
}

async fn what_a_server_had_is_free_when_it_is_known_to_have_ended(store: Store) {
    create(&store, 3).await;
    let (a, b) = (server("a"), server("b"));
    for (number, by) in [(1, &a), (2, &b), (3, &a)] {
        assert!(store.claim_action(id(number), by, at(0), at(30)).await.unwrap());
    }
    assert_eq!(store.release_claims_of(&a).await.unwrap(), 2);
    assert_eq!(store.claim_next(&b, at(1), at(31)).await.unwrap(), Some(id(1)));
    assert_eq!(store.claim_next(&b, at(1), at(31)).await.unwrap(), Some(id(3)));
    assert_eq!(
        store.claim_next(&a, at(1), at(31)).await.unwrap(),
        None,
        "b has its own still"
    );
    assert_eq!(store.release_claims_of(&a).await.unwrap(), 0);
}
