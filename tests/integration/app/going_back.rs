//! Going back: to a version that was good, once, and only by those who may.

use edgewise::app::Steered;
use edgewise::app::error::AppError;
use edgewise::app::request::{ActBody, SteerBody};
use edgewise::app::view::ActionView;
use edgewise::domain::action::{ActionStatus, TargetState};
use edgewise::domain::actor::{Actor, Caller, Role};
use edgewise::domain::name::Name;
use edgewise::domain::policy::{Policy, PolicyRule, Scope};
use edgewise::store::{ConfigChange, ConfigObject};
use serde_json::json;

use super::versions::{break_on, deploy, installed, version, world};
use crate::support::world::{World, because, caller};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_never_leads_to_what_was_found_bad() {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    deploy(&world, "2", ActionStatus::Completed).await;
    // Good on the first host, bad on the second: it goes back by itself.
    break_on(&world, "b: put 3");
    deploy(&world, "3", ActionStatus::RolledBack).await;
    assert!(world.ran().contains(&"a: put 3".to_owned()));
    assert_eq!(installed(&world).await, ["2", "2"]);
    break_on(&world, "");

    let before = world.ran().len();
    let id = world.act("rollback", ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(world.ran()[before..], ["a: put 1", "b: put 1"]);
    assert_eq!(installed(&world).await, ["1", "1"]);
    // Before that nothing was there, and nothing that was left comes again.
    let refused = world.try_act("rollback", ActBody::default()).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_after_a_stop_in_the_middle_leads_everybody_to_the_same() {
    let world = world(&json!({"on_failure": "stop"})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    deploy(&world, "2", ActionStatus::Completed).await;
    break_on(&world, "b: put 3");
    deploy(&world, "3", ActionStatus::Failed).await;
    assert_eq!(installed(&world).await, ["3", "2"]);

    // The rollback itself fails on one, and is asked for again.
    break_on(&world, "b: put");
    let servers = ActBody {
        servers: vec!["a".to_owned()],
        ..ActBody::default()
    };
    let request = edgewise::app::request::ActRequest {
        body: servers,
        ..crate::support::world::asked("rollback", ActBody::default())
    };
    let id = world.app.act(&caller(), &request).await.unwrap().action_id;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(installed(&world).await, ["2", "2"]);
    break_on(&world, "");
    let id = world.act("rollback", ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(installed(&world).await, ["1", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_action_that_cannot_be_rolled_back_everywhere_does_not_come_again() {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let bad = deploy(&world, "2", ActionStatus::Completed).await;
    break_on(&world, "a: put 1");
    let before = world.ran().len();
    let id = world.again(bad, "rollback").await;
    let ended = world.ends(id, ActionStatus::Failed).await;
    assert_eq!(
        world.ran()[before..],
        ["b: put 1", "a: put 1"],
        "nothing is put forth again"
    );
    assert_eq!(installed(&world).await, ["2", "1"]);
    let state = |name: &str| {
        let target = ended.targets.iter().find(|target| target.name == name).unwrap();
        (
            target.state,
            target.version.clone(),
            target.version_before.clone(),
        )
    };
    let some = |version: &str| Some(version.to_owned());
    assert_eq!(state("b"), (TargetState::Succeeded, some("1"), some("2")));
    assert_eq!(state("a"), (TargetState::Failed, some("2"), some("2")));

    break_on(&world, "");
    let rest = world.again(id, "retry").await;
    world.ends(rest, ActionStatus::Completed).await;
    assert_eq!(installed(&world).await, ["1", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_of_a_finished_action_leaves_nobody_behind_for_another() {
    // Nobody has to stay in service, so that the one that is broken does not keep the other.
    let world = world(&json!({"pool_info": {"east": [{"pool_name": "front", "inpool_threshold": 0}]}})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let second = deploy(&world, "2", ActionStatus::Completed).await;
    // A step that fails on the one that goes first.
    break_on(&world, "b: put 1");
    let id = world.again(second, "rollback").await;
    let ended = world.ends(id, ActionStatus::Failed).await;
    assert_eq!(installed(&world).await, ["1", "2"]);
    let by_hand = |name: &str, ended: &ActionView| {
        let target = ended.targets.iter().find(|target| target.name == name).unwrap();
        target.error.clone()
    };
    assert_eq!(by_hand("a", &ended), None);
    let said = by_hand("b", &ended).unwrap();
    assert!(
        said.contains("to finish by hand: `edgewise exec --hosts b -- 'put 1'`"),
        "{said}"
    );

    // One that is out of reach before anybody is touched.
    break_on(&world, "");
    let third = deploy(&world, "3", ActionStatus::Completed).await;
    world.made.unfit.lock().unwrap().push("b".to_owned());
    let id = world.again(third, "rollback").await;
    let ended = world.ends(id, ActionStatus::Failed).await;
    assert_eq!(installed(&world).await, ["1", "3"]);
    assert_eq!(by_hand("a", &ended), None);
    assert!(by_hand("b", &ended).unwrap().contains("-- 'put 2'"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_fails_stops_and_finds_nothing_bad_that_was_good() {
    let pools = json!({"east": [{"pool_name": "front", "inpool_threshold": 0}]});
    let world = world(&json!({"on_failure": "rollback", "pool_info": pools})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let bad = deploy(&world, "2", ActionStatus::Completed).await;
    // By name, by the project's own action and as a word for a finished action: `b` has `2` then, and keeps it.
    break_on(&world, "b: put 1");
    let named = SteerBody {
        version: Some("1".to_owned()),
        ..because()
    };
    let before = world.ran().len();
    let Steered::New(started) = world.app.steer(&caller(), bad, "rollback", &named).await.unwrap() else {
        panic!("it starts an action");
    };
    world.ends(started.action_id, ActionStatus::Failed).await;
    let id = world.act("rollback", version("1")).await;
    world.ends(id, ActionStatus::Failed).await;
    assert!(
        world.ran()[before..]
            .iter()
            .all(|command| command.ends_with("put 1")),
        "{:?}",
        world.ran()
    );
    let page = world.app.quarantine(&caller(), "s", "p").await.unwrap();
    assert!(page.items.iter().all(|record| record.version != "1"), "{page:?}");
    break_on(&world, "");
    let id = world.act("rollback", version("1")).await;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(installed(&world).await, ["1", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_to_a_named_version_is_a_way_back_with_what_the_request_had_set() {
    let script = r#""""Made up: the way back says so."""

KEYS = {"with": key("string", default = "nothing", overridable = True, doc = "What the command is told.")}

def _put(ctx, target):
    word = "back to" if ctx.rollback else "put"
    return [run("put", "%s %s with %s" % (word, target.version, ctx.config["with"]))]

def deploy(ctx):
    return rollout(ctx.targets, _put, strategy(ctx))
"#;
    let world = World::on(None, script, &json!({"stages": "1,100%", "soak_seconds": 300})).await;
    let forth = async |number: &str, with: &str| {
        let mut body = version(number);
        body.config.insert("with".to_owned(), json!(with));
        let id = world.act("deploy", body).await;
        assert_eq!(world.runs_out(id).await.summary.status, ActionStatus::Completed);
        id
    };
    forth("1", "tea").await;
    forth("2", "tea").await;
    let bad = forth("3", "coffee").await;
    let before = world.ran().len();
    let named = SteerBody {
        version: Some("1".to_owned()),
        ..because()
    };
    let Steered::New(started) = world.app.steer(&caller(), bad, "rollback", &named).await.unwrap() else {
        panic!("it starts an action");
    };
    // No soak on the way back, and the newest touched goes first.
    let ended = world.ends(started.action_id, ActionStatus::Completed).await;
    assert_eq!(ended.summary.action, "rollback");
    assert_eq!(ended.summary.version.as_deref(), Some("1"));
    assert_eq!(
        world.ran()[before..],
        ["b: back to 1 with coffee", "a: back to 1 with coffee"]
    );
    assert_eq!(installed(&world).await, ["1", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_installs_nothing_takes_no_version() {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let Err(AppError::Invalid(errors)) = world.try_act("restart", version("9.9")).await else {
        panic!("it must be refused")
    };
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].field, "version");
    assert_eq!(installed(&world).await, ["1", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_allowed_then_and_is_forbidden_now_is_not_started_again() {
    let world = world(&json!({"on_failure": "stop"})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let good = deploy(&world, "2", ActionStatus::Completed).await;
    break_on(&world, "b: put 3");
    let stopped = deploy(&world, "3", ActionStatus::Failed).await;
    let policy = Policy {
        deny: vec![PolicyRule {
            id: "no-put".to_owned(),
            regex: Some("^put".to_owned()),
            program: None,
            args: Vec::new(),
            reason: "not any more".to_owned(),
        }],
        scope: Scope::default(),
        ask: Vec::new(),
        allow: Vec::new(),
        only: None,
        trees: edgewise::domain::policy::Folders::default(),
    };
    let change = ConfigChange::Put(ConfigObject::Policy {
        name: Name::parse("strict").unwrap(),
        policy,
    });
    let now = edgewise::domain::timestamp::Timestamp::from_millis(0);
    let store = world.app.store();
    store.apply(&[change], &Actor::System, now).await.unwrap();
    let before = world.ran();
    for (id, word) in [(stopped, "retry"), (good, "rollback")] {
        let refused = world.app.steer(&caller(), id, word, &because()).await;
        let Err(AppError::Denied(steps)) = refused else {
            panic!("{word}: {refused:?}")
        };
        assert_eq!(steps[0].rules[0].id, "no-put");
    }
    assert_eq!(world.ran(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_restart_may_not_roll_a_restart_back() {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    let operator = Caller {
        actor: Actor::User {
            name: "jdoe".to_owned(),
        },
        server_admin: false,
        roles: vec![(Name::parse("s").unwrap(), Role::Operator)],
    };
    let refused = world.app.steer(&operator, id, "rollback", &because()).await;
    assert!(matches!(refused, Err(AppError::Forbidden(_))), "{refused:?}");
    let named = SteerBody {
        version: Some("1".to_owned()),
        ..because()
    };
    let answer = world.app.steer(&operator, id, "rollback", &named).await;
    assert!(!matches!(answer, Ok(Steered::New(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_a_host_says_is_neither_stored_nor_shown() {
    const SECRET: &str = "hunter-two-and-a-half";
    let script = r#""""Made up."""

KEYS = {"token": key("string", secret = True, doc = "hidden")}

def deploy(ctx):
    return rollout(ctx.targets, lambda ctx, target: [run("put", "put it")], strategy(ctx))
"#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, SECRET).unwrap();
    let world = World::on(
        None,
        script,
        &json!({"token": {"file": file}, "on_failure": "stop"}),
    )
    .await;
    let said = format!("the host said: token {SECRET} is bad");
    world.made.fails.lock().unwrap().insert("a: put".to_owned(), said);
    let id = deploy(&world, "1", ActionStatus::Failed).await;
    let view = world.action(id).await;
    let error = view.targets[0].error.clone().unwrap();
    assert!(error.contains("the host said"), "{error}");
    let shown = serde_json::to_string(&view).unwrap();
    let stored = serde_json::to_string(
        &world
            .app
            .store()
            .events(id)
            .await
            .unwrap()
            .into_iter()
            .map(|stored| stored.event)
            .collect::<Vec<_>>(),
    )
    .unwrap();
    for text in [shown, stored] {
        assert!(text.contains("the host said") && !text.contains(SECRET), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_does_not_lead_past_a_gate_that_nobody_approved() {
    let world = world(&json!({"stages": [{"count": 1, "gate": "approval"}, {}], "on_failure": "stop"})).await;
    let operator = Caller {
        actor: Actor::User {
            name: "jdoe".to_owned(),
        },
        server_admin: false,
        roles: vec![(Name::parse("s").unwrap(), Role::Operator)],
    };
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "gate").await;
    world.app.steer(&operator, id, "abort", &because()).await.unwrap();
    world.ends(id, ActionStatus::ManualFailed).await;
    let pending = SteerBody {
        only: vec!["pending".to_owned()],
        ..because()
    };
    let refused = world.app.steer(&operator, id, "retry", &pending).await;
    assert!(matches!(refused, Err(AppError::Forbidden(_))), "{refused:?}");
    let approver = Caller {
        actor: Actor::User {
            name: "eve".to_owned(),
        },
        server_admin: true,
        roles: Vec::new(),
    };
    let allowed = world.app.steer(&approver, id, "retry", &pending).await;
    let Ok(Steered::New(again)) = allowed else {
        panic!("{allowed:?}")
    };
    world.ends(again.action_id, ActionStatus::Completed).await;

    // A stage that is retried itself keeps its gate, so anybody who may act may retry it.
    break_on(&world, "a: again");
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Failed).await;
    break_on(&world, "");
    let before = world.ran().len();
    let allowed = world.app.steer(&operator, id, "retry", &because()).await;
    let Ok(Steered::New(again)) = allowed else {
        panic!("{allowed:?}")
    };
    world.waits(again.action_id, "gate").await;
    assert_eq!(world.ran()[before..], ["a: again"]);
    let refused = world
        .app
        .steer(&operator, again.action_id, "promote", &because())
        .await;
    assert!(matches!(refused, Err(AppError::Forbidden(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_past_an_analysis_that_did_not_say_yes_wants_a_reason() {
    let world = world(&json!({
        "stages": [{"label": "first", "count": 1, "gate": "analysis"}, {"label": "rest", "percent": 100}],
        "analysis": [{"name": "errors", "success": "<= 1", "interval_seconds": 1000, "inconclusive_limit": 0,
                      "http": {"url": "http://monitor.invalid/errors", "path": "/value"}}],
    }))
    .await;
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "paused").await;
    world.steer(id, "abort").await;
    world.ends(id, ActionStatus::ManualFailed).await;
    let before = world.ran().len();
    let silent = SteerBody::default();
    let refused = world.app.steer(&caller(), id, "retry", &silent).await;
    let Err(AppError::Invalid(errors)) = refused else {
        panic!("{refused:?}")
    };
    let said = format!("{errors:?}");
    assert!(
        said.contains("reason") && said.contains("the analysis after stage first"),
        "{said}"
    );
    assert_eq!(world.ran().len(), before);
    let rest = world.again(id, "retry").await;
    world.ends(rest, ActionStatus::Completed).await;
    assert_eq!(world.ran()[before..], ["b: again"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_action_has_changed_since_is_neither_retried_nor_rolled_back() {
    let world = world(&json!({"on_failure": "stop"})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    world.clock.advance(1);
    break_on(&world, "b: put 2");
    let stopped = deploy(&world, "2", ActionStatus::Failed).await;
    break_on(&world, "");
    world.clock.advance(1);
    let newest = deploy(&world, "3", ActionStatus::Completed).await;
    let before = world.ran();
    let named = SteerBody {
        version: Some("1".to_owned()),
        ..because()
    };
    for (word, body) in [("retry", because()), ("rollback", because()), ("rollback", named)] {
        let refused = world.app.steer(&caller(), stopped, word, &body).await;
        let Err(AppError::Conflict(why)) = refused else {
            panic!("{word}: {refused:?}")
        };
        assert!(why.contains(&newest.to_string()), "{why}");
    }
    assert_eq!(world.ran(), before);

    // What was made of it is no other action.
    world.clock.advance(1);
    break_on(&world, "b: put 4");
    let fourth = deploy(&world, "4", ActionStatus::Failed).await;
    break_on(&world, "");
    world.clock.advance(1);
    let rest = world.again(fourth, "retry").await;
    world.ends(rest, ActionStatus::Completed).await;
    assert_eq!(installed(&world).await, ["4", "4"]);
    let id = world.again(fourth, "rollback").await;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(installed(&world).await, ["3", "3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_began_is_not_retried_over_what_came_meanwhile() {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let body = ActBody {
        version: Some("2".to_owned()),
        countdown: 600,
        ..ActBody::default()
    };
    let held = world.act("deploy", body).await;
    world.waits(held, "countdown").await;
    world.clock.advance(1);
    let newest = deploy(&world, "3", ActionStatus::Completed).await;
    world.clock.advance(1);
    world.steer(held, "abort").await;
    world.until(held, |view| view.summary.status.is_final()).await;
    let refused = world.app.steer(&caller(), held, "retry", &because()).await;
    let Err(AppError::Conflict(why)) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.contains(&newest.to_string()), "{why}");
    assert_eq!(installed(&world).await, ["3", "3"]);
}
