//! Actions: read back, listed, counted, forgotten.

use edgewise::domain::action::ActionStatus;
use edgewise::domain::actor::Actor;
use edgewise::domain::rollout::Steer;
use edgewise::store::{ActionFilter, ActionRecord, PruneRule, Store};

use super::world::{action, at, create, end, id, jdoe, name, on_both};

on_both!(
    an_action_comes_back_as_it_went_in,
    pages_follow_each_other_newest_first,
    filters_restrict,
    counts_and_last_actions_are_by_project,
    finished_actions_are_forgotten_by_age_and_count,
);

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
    assert_eq!(store.action_record(id(1)).await.unwrap(), Some(new.action.record));
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
    other.action.record.actor = Actor::Token { name: "ci".into() };
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
    let by_status: Vec<_> = store
        .status_counts()
        .await
        .unwrap()
        .into_iter()
        .map(|count| (count.project, count.action, count.status, count.count))
        .collect();
    let row = |project: &str, status: &str, count: u64| {
        (project.to_owned(), "deploy".to_owned(), status.to_owned(), count)
    };
    assert_eq!(
        by_status,
        [
            row("api", "COMPLETED", 1),
            row("web", "COMPLETED", 1),
            row("web", "SCHEDULED", 2)
        ]
    );
    let last = |records: Vec<ActionRecord>| {
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
