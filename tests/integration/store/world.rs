//! A store of either kind, and actions to put into it.

use std::collections::BTreeMap;

use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::actor::Actor;
use edgewise::domain::config::MergedConfig;
use edgewise::domain::name::{Name, TargetName};
use edgewise::domain::plan::{
    Gate, Limits, OnFailure, OnInconclusive, OnUnreachable, Plan, PlanHash, PlanTarget, Rollback, Stage,
    ZoneOrder,
};
use edgewise::domain::rollout::{Event, RolloutSettings};
use edgewise::domain::target::Target;
use edgewise::domain::timestamp::Timestamp;
use edgewise::store::{
    ActionRecord, ActionUpdate, ConflictRule, Correlation, Created, FrozenAction, NewAction, ServerId, Store,
};

use crate::support::postgres;

/// Writes a test once and runs it on both backends.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (store, _folder) = $crate::store::world::sqlite().await;
                super::$name(store).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::store::world::postgres().await).await;
            })+
        }
    };
}
pub(super) use on_both;

/// A new SQLite store; it is gone with the folder.
pub async fn sqlite() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("edgewise.db").display());
    (Store::open(&url).await.unwrap(), folder)
}

/// A new PostgreSQL store.
pub async fn postgres() -> Store {
    Store::open(&postgres::fresh_database().await).await.unwrap()
}

/// A moment, `millis` after an arbitrary beginning.
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_228_610_000 + millis)
}

/// An id: the greater `number`, the later.
pub fn id(number: u8) -> ActionId {
    let mut random = [0; 10];
    random[9] = number;
    ActionId::from_parts(at(i64::from(number)), random)
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn target(text: &str) -> TargetName {
    TargetName::parse(text).unwrap()
}

/// `(lease key, name)` of targets with these names.
pub fn keyed(names: &[&str]) -> Vec<(String, TargetName)> {
    names
        .iter()
        .map(|name| (format!("{name}:22"), target(name)))
        .collect()
}

pub fn jdoe() -> Actor {
    Actor::User { name: "jdoe".into() }
}

/// An action of `payments/web` on these targets, accepted and due at the moment of its number.
pub fn action(number: u8, targets: &[&str]) -> NewAction {
    let now = at(i64::from(number));
    let plan = plan(targets);
    NewAction {
        targets: keyed(targets),
        event0: Event::Created {
            due_at: now,
            needs_approval: Vec::new(),
            queued_behind: None,
            settings: RolloutSettings::default(),
        },
        idempotency: None,
        notices: Vec::new(),
        action: FrozenAction {
            record: ActionRecord {
                id: id(number),
                space: name("payments"),
                project: name("web"),
                environment: name("plain"),
                action: "deploy".into(),
                version: Some("2".into()),
                actor: jdoe(),
                on_behalf: None,
                reason: Some("the \u{fc}ber fix".into()),
                created_at: now,
                due_at: now,
                started_at: None,
                ended_at: None,
                status: ActionStatus::Scheduled,
                waiting_for: None,
                plan_hash: plan.plan_hash.clone(),
                retry_of: None,
                queued_behind: None,
                correlation: Correlation {
                    correlation_id: Some("ci-7".into()),
                    traceparent: None,
                },
            },
            plan,
            config: MergedConfig {
                values: BTreeMap::from([("version".into(), "2".into())]),
                ..MergedConfig::default()
            },
        },
    }
}

fn plan(targets: &[&str]) -> Plan {
    let stages = vec![Stage {
        label: "100%".into(),
        targets: targets.iter().map(|name| target(name)).collect(),
        max_parallel: 1,
        soak_seconds: 0,
        gate: Gate::None,
        analysis: None,
        on_failure: None,
        only_out: false,
    }];
    let limits = Limits {
        max_parallel: 1,
        rollback_max_parallel: None,
        max_failed: 0,
        on_failure: OnFailure::Rollback,
        on_unreachable: OnUnreachable::Fail,
        max_unreachable: None,
        on_inconclusive: OnInconclusive::Pause,
        success_window_seconds: 0,
        target_deadline_seconds: None,
        progress_deadline_seconds: None,
        zones: ZoneOrder::Parallel,
    };
    let targets: Vec<PlanTarget> = targets
        .iter()
        .map(|name| PlanTarget {
            target: Target {
                name: target(name),
                address: "127.0.0.1".into(),
                port: None,
                user: None,
                zone: "east".into(),
                pools: Vec::new(),
                labels: BTreeMap::new(),
                vars: BTreeMap::new(),
            },
            stage: "100%".into(),
            batch: 1,
            version: Some("2".into()),
            version_before: Some("1".into()),
            steps: Vec::new(),
        })
        .collect();
    let rollback = Rollback::default();
    Plan {
        plan_hash: PlanHash::over("deploy", &stages, &limits, &[], &targets, &rollback),
        space: name("payments"),
        project: name("web"),
        environment: name("plain"),
        action: "deploy".into(),
        script: "deploy.star".into(),
        script_digest: "00".into(),
        version: Some("2".into()),
        stages,
        limits,
        pools: Vec::new(),
        targets,
        rollback,
    }
}

/// The server that works on the actions.
pub fn server() -> ServerId {
    ServerId("here".into())
}

/// Lets the server work on an action.
pub async fn claim(store: &Store, number: u8) {
    assert!(
        store
            .claim_action(id(number), &server(), at(0), at(i64::MAX / 4))
            .await
            .unwrap()
    );
}

/// Accepts an action that nothing stands in the way of, for the server to work on.
pub async fn create(store: &Store, new: &NewAction) {
    let created = store.create_action(new, ConflictRule::Refuse).await.unwrap();
    assert_eq!(created, Created::New { queued_behind: None });
    let id = new.action.record.id;
    assert!(
        store
            .claim_action(id, &server(), at(0), at(i64::MAX / 4))
            .await
            .unwrap()
    );
}

/// A change of status and nothing else.
pub fn update(status: ActionStatus) -> ActionUpdate {
    ActionUpdate {
        status,
        waiting_for: None,
        started_at: None,
        ended_at: None,
        versions: Vec::new(),
        completed: Vec::new(),
        notices: Vec::new(),
        found_bad: Vec::new(),
    }
}

/// Ends an action with event 1, whoever works on it.
pub async fn end(store: &Store, number: u8, ended: i64) {
    let far = at(i64::MAX / 4);
    store
        .claim_action(id(number), &server(), far.plus_seconds(1), far)
        .await
        .unwrap();
    let mut update = update(ActionStatus::Completed);
    update.ended_at = Some(at(ended));
    store
        .append_event_with(
            &server(),
            id(number),
            1,
            at(ended),
            &Event::LeasesTaken,
            &update,
            None,
        )
        .await
        .unwrap();
}
