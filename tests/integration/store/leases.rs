//! Leases: all or none, one holder, gone with the action.

use edgewise::domain::lease::Holder;
use edgewise::store::{ConflictRule, HeldLease, LeaseConflict, Store, TakeLeasesError};

use super::world::{action, at, claim, end, id, keyed, on_both, server, target};

on_both!(
    leases_are_taken_all_or_none,
    the_same_action_gets_its_leases_again,
    a_lease_holds_while_its_action_lives,
    of_two_takers_exactly_one_wins,
    targets_may_share_a_host,
    who_came_first_stays_first_whatever_the_clocks_say,
);

/// Actions 1 to `count`, on targets of their own as far as accepting goes.
async fn create(store: &Store, count: u8) {
    for number in 1..=count {
        let new = action(number, &[&format!("t-{number}")]);
        store.create_action(&new, ConflictRule::Refuse).await.unwrap();
        claim(store, number).await;
    }
}

async fn leases_are_taken_all_or_none(store: Store) {
    create(&store, 2).await;
    let leases = store
        .take_leases(&server(), id(1), &keyed(&["web-2", "web-1"]), at(0), at(30))
        .await
        .unwrap();
    let names: Vec<_> = leases.iter().map(|lease| lease.target().clone()).collect();
    assert_eq!(
        names,
        [target("web-2"), target("web-1")],
        "in the order they were asked for"
    );
    assert!(
        leases
            .iter()
            .all(|lease| *lease.holder() == Holder::Action(id(1)))
    );

    let refused = store
        .take_leases(&server(), id(2), &keyed(&["web-3", "web-2"]), at(1), at(30))
        .await;
    let Err(TakeLeasesError::Held(conflict)) = refused else {
        panic!("web-2 is held")
    };
    assert_eq!(
        conflict,
        LeaseConflict {
            holder: id(1),
            targets: vec![target("web-2")]
        }
    );
    assert_eq!(store.leases_held(["web-3:22"]).await.unwrap(), [], "none of them");

    let held = store
        .leases_held(["web-1:22", "web-2:22", "web-3:22"])
        .await
        .unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(
        (
            held[0].holder,
            &held[0].target,
            held[0].taken_at,
            held[0].expires_at
        ),
        (id(1), &target("web-1"), at(0), at(30))
    );

    end(&store, 1, 2).await;
    store
        .take_leases(&server(), id(2), &keyed(&["web-3", "web-2"]), at(2), at(30))
        .await
        .unwrap();
}

async fn the_same_action_gets_its_leases_again(store: Store) {
    create(&store, 1).await;
    let targets = keyed(&["web-1", "web-2"]);
    store
        .take_leases(&server(), id(1), &targets, at(0), at(30))
        .await
        .unwrap();
    let again = store
        .take_leases(&server(), id(1), &targets, at(5), at(60))
        .await
        .unwrap();
    assert_eq!(again.len(), 2);
    assert_eq!(
        store.leases_held(["web-1:22"]).await.unwrap()[0].expires_at,
        at(60)
    );
    assert_eq!(store.renew_leases(&server(), id(1), at(90)).await.unwrap(), 2);
    assert_eq!(
        store.leases_held(["web-2:22"]).await.unwrap()[0].expires_at,
        at(90)
    );
}

async fn who_came_first_stays_first_whatever_the_clocks_say(store: Store) {
    create(&store, 3).await;
    // The clocks of two servers differ by 7 s, and one takes what it has a second time.
    for (number, target, now) in [
        (2, "web-2", 10),
        (1, "web-1", 3),
        (3, "web-3", 3),
        (2, "web-2", 40),
    ] {
        store
            .take_leases(&server(), id(number), &keyed(&[target]), at(now), at(90))
            .await
            .unwrap();
    }
    let mut held = store
        .leases_held(["web-1:22", "web-2:22", "web-3:22"])
        .await
        .unwrap();
    held.sort_by_key(HeldLease::order);
    let order: Vec<_> = held.iter().map(|lease| lease.holder).collect();
    assert_eq!(order, [id(2), id(1), id(3)]);
    assert_eq!(held[0].taken_at, at(10));
}

async fn a_lease_holds_while_its_action_lives(store: Store) {
    create(&store, 2).await;
    let targets = keyed(&["web-1"]);
    store
        .take_leases(&server(), id(1), &targets, at(0), at(30))
        .await
        .unwrap();
    // It has run out, but what the action started on the host may still run.
    assert!(matches!(
        store
            .take_leases(&server(), id(2), &targets, at(31), at(60))
            .await,
        Err(TakeLeasesError::Held(_))
    ));
    end(&store, 1, 32).await;
    store
        .take_leases(&server(), id(2), &targets, at(33), at(60))
        .await
        .unwrap();
}

async fn of_two_takers_exactly_one_wins(store: Store) {
    create(&store, 40).await;
    let tasks: Vec<_> = (1..=40)
        .map(|number| {
            let store = store.clone();
            // Each pair wants the same two, in the opposite order.
            let pair = (number - 1) / 2;
            let (a, b) = (format!("a-{pair}"), format!("b-{pair}"));
            let wanted = if number % 2 == 0 {
                keyed(&[&a, &b])
            } else {
                keyed(&[&b, &a])
            };
            tokio::spawn(async move {
                match store
                    .take_leases(&server(), id(number), &wanted, at(0), at(30))
                    .await
                {
                    Ok(leases) => leases.len(),
                    Err(TakeLeasesError::Held(conflict)) => {
                        assert_eq!(conflict.targets.len(), 2);
                        0
                    }
                    Err(TakeLeasesError::Store(error)) => panic!("{error}"),
                }
            })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.push(task.await.unwrap());
    }
    for pair in taken.chunks(2) {
        assert_eq!(pair.iter().sum::<usize>(), 2, "{taken:?}");
    }
}

async fn targets_may_share_a_host(store: Store) {
    create(&store, 2).await;
    let shared = vec![
        ("host:22".to_owned(), target("app-1")),
        ("host:22".to_owned(), target("app-2")),
    ];
    let leases = store
        .take_leases(&server(), id(1), &shared, at(0), at(30))
        .await
        .unwrap();
    assert_eq!(leases.len(), 2);
    assert_eq!(store.leases_held(["host:22"]).await.unwrap().len(), 1);
    let other = vec![("host:22".to_owned(), target("other"))];
    let Err(TakeLeasesError::Held(conflict)) =
        store.take_leases(&server(), id(2), &other, at(1), at(30)).await
    else {
        panic!("the host is held")
    };
    assert_eq!(conflict.targets, [target("other")]);
}
