//! Those of the well-known orchestrator's own scenarios that are about its tables and its stores, re-created against
//! ours; the others are with the simulator. 31 to 33 (in memory, on disk, in PostgreSQL) are the two databases here, without
//! the key that its file on disk may be encrypted with: ours is protected by its mode, and by the disk under it.
//!
//! Its namespaces are spaces, its entities projects, its targets the inventory. It makes whatever is asked for that is not
//! there (15); here a name that is unknown is nobody's, and what is put twice is there once.

use edgewise::domain::action::ActionStatus;
use edgewise::domain::environment::Environment;
use edgewise::domain::project::Project;
use edgewise::domain::space::Space;
use edgewise::store::{ActionFilter, ConfigChange, ConfigKey, ConfigObject, PruneRule, Script, Store, Verb};
use serde_json::Map;

use super::world::{action, at, create, end, id, jdoe, name, on_both};

on_both!(
    a_space_begins_empty,
    a_project_begins_without_targets,
    asked_for_twice_it_is_there_once,
    keys_are_loaded_listed_deleted_and_missed,
    documents_are_found_counted_and_sorted,
    ten_of_one_project_go_and_the_others_stay,
);

fn space(text: &str) -> ConfigChange {
    ConfigChange::Put(ConfigObject::Space(Space {
        name: name(text),
        title: text.to_owned(),
        color: None,
        members: Vec::new(),
        notify: Vec::new(),
    }))
}

fn project(text: &str) -> ConfigChange {
    ConfigChange::Put(ConfigObject::Project {
        space: name("payments"),
        project: Project {
            name: name(text),
            environment: name("plain"),
            config: Map::new(),
        },
    })
}

/// What a project stands on.
fn ground() -> Vec<ConfigChange> {
    vec![
        space("payments"),
        ConfigChange::Put(ConfigObject::Environment(Environment {
            name: name("plain"),
            script: "deploy.star".into(),
            config: Map::new(),
        })),
        ConfigChange::Put(ConfigObject::Script(Script {
            name: "deploy.star".into(),
            text: "def deploy(ctx):\n    return None\n".into(),
        })),
    ]
}

async fn put(store: &Store, changes: &[ConfigChange]) -> Vec<Verb> {
    let applied = store.apply(changes, &jdoe(), at(0)).await.unwrap();
    applied.into_iter().map(|one| one.verb).collect()
}

/// 14.
async fn a_space_begins_empty(store: Store) {
    assert_eq!(put(&store, &[space("payments")]).await, [Verb::Created]);
    let found = store.space(&name("payments")).await.unwrap().unwrap();
    assert_eq!(found.name, name("payments"));
    assert_eq!(store.projects(&found.name).await.unwrap(), []);
}

/// 8.
async fn a_project_begins_without_targets(store: Store) {
    put(&store, &ground()).await;
    assert_eq!(put(&store, &[project("web")]).await, [Verb::Created]);
    let found = store
        .project(&name("payments"), &name("web"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.name, name("web"));
    let inventory = store.inventory(&name("payments"), &name("web")).await.unwrap();
    assert_eq!(inventory, []);
    let actions = store.list_actions(&ActionFilter::default(), 9).await.unwrap();
    assert_eq!(actions.items, []);
}

/// 15.
async fn asked_for_twice_it_is_there_once(store: Store) {
    put(&store, &ground()).await;
    assert_eq!(
        store.project(&name("payments"), &name("web")).await.unwrap(),
        None
    );
    assert_eq!(put(&store, &[project("web")]).await, [Verb::Created]);
    assert_eq!(put(&store, &[project("web")]).await, [Verb::Unchanged]);
    let all = store.projects(&name("payments")).await.unwrap();
    assert_eq!(all.len(), 1);
}

/// 31 to 33, the first part.
async fn keys_are_loaded_listed_deleted_and_missed(store: Store) {
    put(&store, &[space("dummy"), space("dummy3")]).await;
    let names = |spaces: Vec<Space>| -> Vec<String> { spaces.into_iter().map(|one| one.title).collect() };
    assert_eq!(names(store.spaces().await.unwrap()), ["dummy", "dummy3"]);
    let third = store.space(&name("dummy3")).await.unwrap().unwrap();
    assert_eq!(third.title, "dummy3");

    let delete = ConfigChange::Delete(ConfigKey::space(&name("dummy3")));
    assert_eq!(put(&store, std::slice::from_ref(&delete)).await, [Verb::Deleted]);
    assert_eq!(store.space(&name("dummy3")).await.unwrap(), None);
    assert_eq!(put(&store, &[delete]).await, [Verb::Unchanged]);
    assert_eq!(names(store.spaces().await.unwrap()), ["dummy"]);
}

/// 31 to 33, the second part: by a property, counted by it, in both orders, and the first two.
async fn documents_are_found_counted_and_sorted(store: Store) {
    for number in 1..=3 {
        let target = format!("web-{number}");
        create(&store, &action(number, &[&target])).await;
    }
    end(&store, 2, 20).await;
    let with = |status: Vec<ActionStatus>| ActionFilter {
        status,
        ..ActionFilter::default()
    };
    let ids = |filter: ActionFilter, limit: u32| {
        let store = &store;
        async move {
            let page = store.list_actions(&filter, limit).await.unwrap();
            page.items.into_iter().map(|record| record.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(ids(with(vec![ActionStatus::Completed]), 9).await, [id(2)]);
    assert_eq!(ids(with(vec![ActionStatus::Scheduled]), 9).await, [id(3), id(1)]);
    let counts = store.status_counts().await.unwrap();
    let counts: Vec<(&str, u64)> = counts
        .iter()
        .map(|one| (one.status.as_str(), one.count))
        .collect();
    assert_eq!(counts, [("COMPLETED", 1), ("SCHEDULED", 2)]);
    assert_eq!(
        ids(with(Vec::new()), 9).await,
        [id(3), id(2), id(1)],
        "newest first"
    );
    assert_eq!(ids(with(Vec::new()), 2).await, [id(3), id(2)], "the first two");
    let live = store.live_actions().await.unwrap();
    let live: Vec<_> = live.into_iter().map(|record| record.id).collect();
    assert_eq!(live, [id(1), id(3)], "oldest first");
}

/// 31 to 33, the last part: what begins alike goes at once, and nothing else.
async fn ten_of_one_project_go_and_the_others_stay(store: Store) {
    for number in 1..=10 {
        let target = format!("web-{number}");
        create(&store, &action(number, &[&target])).await;
        end(&store, number, i64::from(number)).await;
    }
    let mut other = action(11, &["api-1"]);
    other.action.record.project = name("web-api");
    create(&store, &other).await;
    end(&store, 11, 99).await;
    let rule = PruneRule {
        ended_before: at(50),
        keep_of_project: 0,
    };
    assert_eq!(store.prune_actions(&rule).await.unwrap(), 10);
    let left = store.list_actions(&ActionFilter::default(), 99).await.unwrap();
    let left: Vec<_> = left.items.into_iter().map(|record| record.id).collect();
    assert_eq!(left, [id(11)]);
    assert_eq!(store.prune_actions(&rule).await.unwrap(), 0);
    assert_eq!(store.events(id(1)).await.unwrap(), []);
    assert_eq!(store.action(id(1)).await.unwrap(), None);
}
