//! Configuration: round trips, revisions, all or nothing.

use edgewise::domain::actor::{Actor, Role};
use edgewise::domain::environment::Environment;
use edgewise::domain::policy::Policy;
use edgewise::domain::project::Project;
use edgewise::domain::space::{Member, Space};
use edgewise::store::{ConfigChange, ConfigKey, ConfigObject, Script, Store, StoreError, Verb};
use serde_json::{Map, json};

use super::world::{at, jdoe, name, on_both};

on_both!(
    every_kind_comes_back_as_it_went_in,
    a_change_is_a_revision_and_no_change_is_none,
    a_change_that_cannot_be_leaves_nothing_of_the_others,
    what_a_project_needs_is_not_deleted_under_it,
    what_was_judged_before_another_change_is_refused,
    a_preview_says_what_would_be_done_and_does_nothing,
);

fn space(text: &str) -> Space {
    Space {
        name: name(text),
        title: "Payments".into(),
        color: Some("#0a7".into()),
        members: vec![Member {
            user: Some("jdoe".into()),
            group: None,
            role: Role::Operator,
        }],
        notify: Vec::new(),
    }
}

fn environment() -> Environment {
    let mut config = Map::new();
    config.insert("start_command".into(), json!("systemctl start app"));
    Environment {
        name: name("plain"),
        script: "deploy.star".into(),
        config,
    }
}

fn project(text: &str) -> Project {
    Project {
        name: name(text),
        environment: name("plain"),
        config: Map::new(),
    }
}

fn put_project(text: &str) -> ConfigChange {
    ConfigChange::Put(ConfigObject::Project {
        space: name("payments"),
        project: project(text),
    })
}

fn whole() -> Vec<ConfigChange> {
    vec![
        // A project may come before what it needs: only the end counts.
        put_project("web"),
        ConfigChange::Put(ConfigObject::Space(space("payments"))),
        ConfigChange::Put(ConfigObject::Environment(environment())),
        ConfigChange::Put(ConfigObject::Script(Script {
            name: "deploy.star".into(),
            text: "def deploy(ctx):\n    return None\n".into(),
        })),
        ConfigChange::Put(ConfigObject::Policy {
            name: name("strict"),
            policy: policy(),
        }),
    ]
}

fn policy() -> Policy {
    serde_json::from_value(json!({"only": [{"program": "systemctl"}]})).unwrap()
}

async fn every_kind_comes_back_as_it_went_in(store: Store) {
    let applied = store.apply(&whole(), &jdoe(), at(0)).await.unwrap();
    assert!(applied.iter().all(|one| one.verb == Verb::Created));

    assert_eq!(store.spaces().await.unwrap(), [space("payments")]);
    assert_eq!(
        store.space(&name("payments")).await.unwrap(),
        Some(space("payments"))
    );
    assert_eq!(store.space(&name("search")).await.unwrap(), None);
    assert_eq!(store.environments().await.unwrap(), [environment()]);
    assert_eq!(
        store.environment(&name("plain")).await.unwrap(),
        Some(environment())
    );
    assert_eq!(store.projects(&name("payments")).await.unwrap(), [project("web")]);
    assert_eq!(store.projects(&name("search")).await.unwrap(), []);
    assert_eq!(
        store.all_projects().await.unwrap(),
        [(name("payments"), project("web"))]
    );
    assert_eq!(
        store.project(&name("payments"), &name("web")).await.unwrap(),
        Some(project("web"))
    );
    assert_eq!(
        store.script("deploy.star").await.unwrap().unwrap(),
        "def deploy(ctx):\n    return None\n"
    );
    assert_eq!(store.scripts().await.unwrap()[0].name, "deploy.star");
    assert_eq!(store.policies().await.unwrap(), [(name("strict"), policy())]);
    assert_eq!(store.policy(&name("strict")).await.unwrap(), Some(policy()));
}

async fn a_change_is_a_revision_and_no_change_is_none(store: Store) {
    store.apply(&whole(), &Actor::System, at(0)).await.unwrap();
    let again = store.apply(&whole(), &jdoe(), at(1)).await.unwrap();
    assert!(again.iter().all(|one| one.verb == Verb::Unchanged));

    let mut other = space("payments");
    other.title = "Pay".into();
    let key = ConfigKey::space(&other.name);
    let changed = [ConfigChange::Put(ConfigObject::Space(other.clone()))];
    assert_eq!(
        store.apply(&changed, &jdoe(), at(2)).await.unwrap()[0].verb,
        Verb::Changed
    );

    let revisions = store.revisions(&key, None, 10).await.unwrap();
    assert_eq!(revisions.len(), 2, "the unchanged put wrote none");
    assert_eq!(revisions[0].actor, jdoe());
    assert_eq!(revisions[0].time, at(2));
    assert_eq!(revisions[0].before.as_ref().unwrap()["title"], "Payments");
    assert_eq!(revisions[0].after.as_ref().unwrap()["title"], "Pay");
    assert_eq!(
        (&revisions[1].actor, &revisions[1].before),
        (&Actor::System, &None)
    );
    assert_eq!(
        store.revisions(&key, Some(revisions[0].id), 10).await.unwrap(),
        revisions[1..],
        "pages go on below an id"
    );

    let gone = ConfigKey::script("deploy.star");
    let delete = [ConfigChange::Delete(gone.clone())];
    assert_eq!(
        store.apply(&delete, &jdoe(), at(3)).await.unwrap()[0].verb,
        Verb::Deleted
    );
    assert_eq!(
        store.apply(&delete, &jdoe(), at(4)).await.unwrap()[0].verb,
        Verb::Unchanged
    );
    let revisions = store.revisions(&gone, None, 10).await.unwrap();
    assert_eq!(revisions.len(), 2);
    assert_eq!(revisions[0].after, None);
}

async fn a_change_that_cannot_be_leaves_nothing_of_the_others(store: Store) {
    let torn = [
        ConfigChange::Put(ConfigObject::Space(space("payments"))),
        put_project("web"),
    ];
    let refused = store.apply(&torn, &jdoe(), at(0)).await.unwrap_err();
    let StoreError::Conflict(words) = refused else {
        panic!("{refused}")
    };
    assert!(
        words.contains("payments/web") && words.contains("environment plain"),
        "{words}"
    );
    assert_eq!(store.spaces().await.unwrap(), []);
    assert_eq!(
        store
            .revisions(&ConfigKey::space(&name("payments")), None, 9)
            .await
            .unwrap(),
        []
    );
}

async fn what_a_project_needs_is_not_deleted_under_it(store: Store) {
    store.apply(&whole(), &jdoe(), at(0)).await.unwrap();
    for needed in [
        ConfigKey::space(&name("payments")),
        ConfigKey::environment(&name("plain")),
    ] {
        let delete = [ConfigChange::Delete(needed)];
        assert!(matches!(
            store.apply(&delete, &jdoe(), at(1)).await,
            Err(StoreError::Conflict(_))
        ));
    }
    let all = [
        ConfigChange::Delete(ConfigKey::space(&name("payments"))),
        ConfigChange::Delete(ConfigKey::project(&name("payments"), &name("web"))),
    ];
    store.apply(&all, &jdoe(), at(2)).await.unwrap();
    assert_eq!(store.all_projects().await.unwrap(), []);
}

async fn what_was_judged_before_another_change_is_refused(store: Store) {
    let before = store.last_revision().await.unwrap();
    store.apply_seen(&whole(), before, &jdoe(), at(0)).await.unwrap();
    // Two looked at the same; the first wrote.
    let seen = store.last_revision().await.unwrap();
    assert!(seen > before);
    let script = [ConfigChange::Delete(ConfigKey::script("deploy.star"))];
    store.apply_seen(&script, seen, &jdoe(), at(1)).await.unwrap();
    let late = store
        .apply_seen(&[put_project("api")], seen, &jdoe(), at(1))
        .await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(store.all_projects().await.unwrap().len(), 1, "nothing of it");
    let seen = store.last_revision().await.unwrap();
    store
        .apply_seen(&[put_project("api")], seen, &jdoe(), at(2))
        .await
        .unwrap();
}

async fn a_preview_says_what_would_be_done_and_does_nothing(store: Store) {
    store.apply(&whole(), &jdoe(), at(0)).await.unwrap();
    let changes = [
        put_project("web"),
        put_project("api"),
        ConfigChange::Delete(ConfigKey::script("deploy.star")),
    ];
    let verbs: Vec<Verb> = store
        .preview(&changes)
        .await
        .unwrap()
        .into_iter()
        .map(|applied| applied.verb)
        .collect();
    assert_eq!(verbs, [Verb::Unchanged, Verb::Created, Verb::Deleted]);
    assert_eq!(store.all_projects().await.unwrap().len(), 1);
    assert!(store.script("deploy.star").await.unwrap().is_some());
}
