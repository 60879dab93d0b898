//! A version that was rolled back is refused until somebody lifts it with a reason.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use edgewise::app::error::AppError;
use edgewise::app::request::{ActBody, LiftBody, SteerBody};
use edgewise::app::view::BadVersionView;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::actor::{Actor, Caller, Role};
use edgewise::domain::name::Name;
use serde_json::json;

use super::versions::{SCRIPT, break_on, deploy, version, world};
use crate::support::world::{World, asked, because, caller};

/// A world in which version 2 was rolled back, by the second of these.
async fn rolled_back() -> (World, ActionId) {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    break_on(&world, "b: put 2");
    let bad = deploy(&world, "2", ActionStatus::RolledBack).await;
    break_on(&world, "");
    (world, bad)
}

fn who(role: Role) -> Caller {
    Caller {
        actor: Actor::User {
            name: format!("the-{role}"),
        },
        server_admin: false,
        roles: vec![(Name::parse("s").unwrap(), role)],
    }
}

fn lift(version: &str, reason: &str) -> LiftBody {
    LiftBody {
        version: version.to_owned(),
        reason: reason.to_owned(),
        environment: None,
    }
}

async fn records(world: &World) -> Vec<BadVersionView> {
    let page = world.app.quarantine(&caller(), "s", "p").await.unwrap();
    page.items
}

/// The sentence of a refusal.
fn refused<T: std::fmt::Debug>(answer: Result<T, AppError>) -> String {
    match answer {
        Err(error @ AppError::Quarantined(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rolled_back_is_refused_until_it_is_lifted_with_a_reason() {
    let (world, bad) = rolled_back().await;
    let before = world.ran();
    let sentence = refused(world.try_act("deploy", version("2")).await);
    for part in [
        "version `2` is in quarantine for project `s/p` in environment `e`",
        &bad.to_string(),
        "(1 failed, 0 may fail)",
        "`edgewise quarantine lift s/p 2 --environment e --reason \"...\"`",
    ] {
        assert!(sentence.contains(part), "{part} in {sentence}");
    }
    // It is shown before it is asked for, and a retry of the same is the same.
    let plan = world
        .app
        .plan(&caller(), &asked("deploy", version("2")))
        .await
        .unwrap();
    let shown = plan.quarantine.unwrap();
    assert_eq!((shown.action, shown.message.as_str()), (bad, sentence.as_str()));
    let retry = world.app.steer(&caller(), bad, "retry", &because()).await;
    refused(retry);
    assert_eq!(world.ran(), before, "nothing was run");
    let story = world.says(bad, "quarantine").await;
    assert_eq!(story.len(), 1, "{story:?}");

    // What is there already may be restarted, and another version deployed.
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    let other = world
        .app
        .plan(&caller(), &asked("deploy", version("3")))
        .await
        .unwrap();
    assert_eq!(other.quarantine, None);

    for role in [Role::Viewer, Role::Operator, Role::Approver] {
        let answer = world.app.lift(&who(role), "s", "p", &lift("2", "because")).await;
        assert!(
            matches!(answer, Err(AppError::Forbidden(_))),
            "{role}: {answer:?}"
        );
    }
    let nobody = Caller {
        roles: Vec::new(),
        ..who(Role::Viewer)
    };
    for answer in [
        world.app.lift(&nobody, "s", "p", &lift("2", "because")).await,
        world.app.quarantine(&nobody, "s", "p").await,
        world
            .app
            .lift(&caller(), "s", "nothing", &lift("2", "because"))
            .await,
    ] {
        assert!(matches!(answer, Err(AppError::NotFound(_))), "{answer:?}");
    }
    let without = world
        .app
        .lift(&who(Role::Deployer), "s", "p", &lift("2", " "))
        .await;
    let Err(AppError::Invalid(errors)) = without else {
        panic!("{without:?}")
    };
    assert_eq!(errors[0].field, "reason");
    refused(world.try_act("deploy", version("2")).await);

    let deployer = who(Role::Deployer);
    let lifted = world
        .app
        .lift(&deployer, "s", "p", &lift("2", "the disk was full"))
        .await;
    let record = &lifted.unwrap().items[0];
    let kept = record.lifted.as_ref().unwrap();
    assert_eq!(
        (kept.by.as_str(), kept.reason.as_str(), record.action),
        ("the-deployer", "the disk was full", bad)
    );
    let again = world.app.lift(&deployer, "s", "p", &lift("2", "again")).await;
    assert!(matches!(again, Err(AppError::Conflict(_))), "{again:?}");
    deploy(&world, "2", ActionStatus::Completed).await;
    assert_eq!(records(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_back_is_never_refused_but_a_bad_version_is_not_gone_back_to_by_its_name() {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let second = deploy(&world, "2", ActionStatus::Completed).await;
    // Taken back by hand: version 2 is bad, and 1 is what everybody goes back to.
    let back = world.again(second, "rollback").await;
    world.ends(back, ActionStatus::Completed).await;
    let seen = records(&world).await;
    assert_eq!(
        (seen.len(), seen[0].version.as_str(), seen[0].action),
        (1, "2", back)
    );
    deploy(&world, "3", ActionStatus::Completed).await;
    refused(world.try_act("rollback", version("2")).await);
    let to_bad = SteerBody {
        version: Some("2".to_owned()),
        ..because()
    };
    refused(world.app.steer(&caller(), second, "rollback", &to_bad).await);
    let id = world.act("rollback", ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;

    // Now 3 is bad as well. That 1 was good is known of each host, even where somebody finds it bad afterwards.
    let store = world.app.store();
    let name = |text: &str| Name::parse(text).unwrap();
    let found = edgewise::store::FoundBad {
        space: name("s"),
        project: name("p"),
        environment: name("e"),
        version: "1".to_owned(),
        action: second,
        by: "ci".to_owned(),
        why: "made up".to_owned(),
    };
    world
        .app
        .lift(&caller(), "s", "p", &lift("3", "it was not its fault"))
        .await
        .unwrap();
    deploy(&world, "3", ActionStatus::Completed).await;
    store
        .found_bad(&found, edgewise::domain::timestamp::Timestamp::from_millis(1))
        .await
        .unwrap();
    refused(world.try_act("deploy", version("1")).await);
    let id = world.act("rollback", version("1")).await;
    world.ends(id, ActionStatus::Completed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_that_waited_while_its_version_was_rolled_back_does_not_begin() {
    let world = world(&json!({})).await;
    deploy(&world, "1", ActionStatus::Completed).await;
    let body = ActBody {
        countdown: 60,
        ..version("2")
    };
    let waiting = world.act("deploy", body).await;
    world.waits(waiting, "countdown").await;
    let found = edgewise::store::FoundBad {
        space: Name::parse("s").unwrap(),
        project: Name::parse("p").unwrap(),
        environment: Name::parse("e").unwrap(),
        version: "2".to_owned(),
        action: waiting,
        by: "ci".to_owned(),
        why: "it failed elsewhere".to_owned(),
    };
    let now = edgewise::domain::timestamp::Timestamp::from_millis(1);
    world.app.store().found_bad(&found, now).await.unwrap();
    let before = world.ran();
    world.clock.advance(61);
    world.ends(waiting, ActionStatus::Revoked).await;
    assert_eq!(world.ran(), before, "it began nothing");
    world.says(waiting, "in quarantine").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_on_the_way_back_loses_no_record_and_writes_none_twice() {
    for forgets in [false, true] {
        // The way back waits for the clock: the version is bad by then, and the action far from its end.
        let slow = SCRIPT.replace("return [run", "return [sleep(60) if ctx.rollback else None, run");
        let world = World::on(None, &slow, &json!({})).await;
        deploy(&world, "1", ActionStatus::Completed).await;
        break_on(&world, "b: put 2");
        let id = world.act("deploy", version("2")).await;
        world
            .until(id, |view| {
                let mut steps = view.targets.iter().flat_map(|target| &target.steps);
                steps.any(|step| step.name.starts_with("back: ") && step.state == "running")
            })
            .await;
        world.app.runner().stop().await;
        let seen = records(&world).await;
        assert_eq!(seen.len(), 1, "it is written with the event");
        if forgets {
            // As a server left it that kept no quarantine.
            let path = world.file();
            let mut own = SqliteConnection::establish(path.strip_prefix("sqlite:").unwrap()).unwrap();
            own.batch_execute("DELETE FROM quarantine").unwrap();
            assert_eq!(records(&world).await.len(), 0);
        }
        let _next = world.beside(&world.file(), "log.db").await;
        let ended = world.runs_out(id).await;
        assert_eq!(ended.summary.status, ActionStatus::RolledBack, "{ended:#?}");
        let after = records(&world).await;
        assert_eq!(after.len(), 1, "{after:?}");
        assert_eq!((after[0].version.as_str(), after[0].action), ("2", id));
        assert_eq!((&after[0].by, &after[0].why), (&seen[0].by, &seen[0].why));
        refused(world.try_act("deploy", version("2")).await);
    }
}
