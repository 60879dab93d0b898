//! Others are told of actions: signed, in order, at least once, and whatever becomes of it changes nothing.

use std::time::Duration;

use edgewise::app::background::Background;
use edgewise::app::request::ActBody;
use edgewise::app::view::NoticeState;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::actor::Actor;
use edgewise::domain::name::Name;
use edgewise::store::{ConfigChange, ConfigObject};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use crate::support::receiver::{Answer, Came, Receiver};
use crate::support::ssh::until;
use crate::support::world::{World, caller};

const SECRET: &str = "what-nobody-guesses";

/// A file with the secret, which lives as long as the test.
fn secret() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    file
}

fn webhook(receiver: &Receiver, file: &tempfile::NamedTempFile) -> Value {
    json!({"kind": "webhook", "url": receiver.url("/hook"), "secret": {"file": file.path()}})
}

fn events(came: &[Came]) -> Vec<String> {
    came.iter()
        .map(|came| came.header("Edgewise-Event").to_owned())
        .collect()
}

fn is_signed(came: &Came) {
    let header = came.header("Edgewise-Signature");
    let (seconds, signature) = header
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(",v1="))
        .unwrap_or_else(|| panic!("{header}"));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{}", came.text).as_bytes());
    let bytes = data_encoding::HEXLOWER.decode(signature.as_bytes()).unwrap();
    mac.verify_slice(&bytes).expect("the signature is right");
}

/// Moves the clock on until the outbox has nothing of this action that could be sent.
async fn moves_until(world: &World, so: impl Fn() -> bool) {
    until("it came about", || {
        world.clock.advance(1);
        so()
    })
    .await;
}

async fn left(world: &World, id: ActionId) -> (u64, u64) {
    world.app.store().notices_of(id).await.unwrap()
}

/// Waits until it is stored that every notice was taken: the receivers know that a moment before.
async fn all_taken(world: &World, id: ActionId) {
    let storing = async {
        while left(world, id).await != (0, 0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(crate::support::server::PATIENCE, storing).await;
    in_time.expect("all are taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_course_of_an_action_is_told_signed_and_once() {
    let (hook, chat, file) = (Receiver::start(), Receiver::start(), secret());
    let world = World::with(&json!({
        "stages": "1,100%",
        "soak_seconds": 300,
        "notify": [webhook(&hook, &file), {"kind": "chat", "url": chat.url("/chat"), "events": ["started", "done"]}],
    }))
    .await;
    let background = Background::start(&world.app);
    let id = world
        .restart(ActBody {
            reason: Some("because <we> can".to_owned()),
            ..ActBody::default()
        })
        .await;
    world.waits(id, "soak").await;
    hook.takes(2).await;
    world.steer(id, "promote").await;
    world
        .until(id, |view| {
            view.stages[1].status == "soaking" || view.summary.status.is_final()
        })
        .await;
    if !world.action(id).await.summary.status.is_final() {
        world.steer(id, "promote").await;
    }
    world.ends(id, ActionStatus::Completed).await;
    until("all of it was told", || {
        events(&hook.taken()).contains(&"done".to_owned())
    })
    .await;
    let told = hook.taken();
    let words = events(&told);
    assert_eq!(words[..2], ["started", "waiting"]);
    assert_eq!(words.last().unwrap(), "done");
    let mut ids = Vec::new();
    for came in &told {
        is_signed(came);
        assert_eq!(came.path, "/hook");
        let body = came.json();
        assert_eq!(body["event"], came.header("Edgewise-Event"));
        assert_eq!(body["id"], came.header("Edgewise-Id"));
        assert_eq!(body["action"]["id"], id.to_string());
        assert_eq!(body["action"]["url"], format!("/space/s/actions/{id}"));
        ids.push(body["id"].as_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), told.len(), "each has an id of its own");
    assert_eq!(told[1].json()["action"]["waiting_for"]["kind"], "soak");
    assert_eq!(told.last().unwrap().json()["action"]["succeeded"], 2);

    let said: Vec<String> = chat
        .takes(2)
        .await
        .iter()
        .map(|came| came.json()["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        said[0].contains("has started on 2 targets (because &lt;we&gt; can)"),
        "{said:?}"
    );
    assert!(said[1].contains("is done on 2 of 2 targets"), "{said:?}");
    all_taken(&world, id).await;
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_and_hangs_and_comes_back_gets_everything_in_order() {
    let (bad, good, file) = (Receiver::start(), Receiver::start(), secret());
    let world = World::with(&json!({"notify": [webhook(&bad, &file), webhook(&good, &file)]})).await;
    bad.always(Some(Answer::Hangs));
    let background = Background::start(&world.app);
    let id = world.restart(ActBody::default()).await;
    // Neither the action nor the other receiver waits for it.
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(events(&good.takes(2).await), ["started", "done"]);
    until("it was tried", || !bad.came().is_empty()).await;
    let states = async || {
        let told = world.app.notices(&caller(), id).await.unwrap();
        told.into_iter()
            .map(|told| (told.to, told.state))
            .collect::<Vec<_>>()
    };
    bad.always(None);
    bad.answers(&[Answer::Status(500), Answer::Status(302), Answer::Status(404)]);
    moves_until(&world, || bad.taken().len() >= 2).await;
    assert_eq!(events(&bad.taken()), ["started", "done"]);
    let came = bad.came();
    let first: Vec<&Came> = came
        .iter()
        .filter(|came| came.header("Edgewise-Event") == "started")
        .collect();
    assert!(first.len() >= 4, "{came:#?}");
    for (number, came) in first.iter().enumerate() {
        is_signed(came);
        assert_eq!(came.header("Edgewise-Id"), first[0].header("Edgewise-Id"));
        assert_eq!(came.header("Edgewise-Attempt"), (number + 1).to_string());
    }
    all_taken(&world, id).await;
    background.stop().await;
    let told = states().await;
    assert_eq!(told.len(), 4);
    for (to, state) in told {
        assert_eq!(state, NoticeState::Delivered);
        assert!(to.unwrap().starts_with("127.0.0."), "the machine alone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_told_is_told_by_the_next_server() {
    let (hook, file) = (Receiver::start(), secret());
    let world = World::with(&json!({"notify": [webhook(&hook, &file)]})).await;
    let port = hook.stop().await;
    let background = Background::start(&world.app);
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    background.stop().await;
    world.app.runner().stop().await;
    assert_eq!(left(&world, id).await, (2, 0));
    let told = world.app.notices(&caller(), id).await.unwrap();
    assert!(told.iter().all(|told| told.state.is_open()), "{told:?}");

    let next = world.beside(&world.file(), "log.db").await;
    let hook = Receiver::on(port);
    let background = Background::start(&next);
    moves_until(&world, || hook.taken().len() >= 2).await;
    assert_eq!(events(&hook.taken()), ["started", "done"]);
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_never_takes_a_notice_is_given_up_and_the_verdict_stays() {
    let hook = Receiver::start();
    // The secret is not there: nothing can be signed, so nothing is sent.
    let world = World::with(&json!({
        "notify": [{"kind": "webhook", "url": hook.url("/"), "secret": {"file": "/nowhere/secret"}}],
    }))
    .await;
    let background = Background::start(&world.app);
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Completed).await;
    let given_up = async {
        while left(&world, id).await != (0, 2) {
            world.clock.advance(900);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::support::server::PATIENCE, given_up)
        .await
        .expect("both are given up");
    let told = world.app.notices(&caller(), id).await.unwrap();
    let seen: Vec<_> = told
        .iter()
        .map(|told| (told.event.as_str(), told.state))
        .collect();
    assert_eq!(
        seen,
        [("started", NoticeState::Failed), ("done", NoticeState::Failed)]
    );
    assert!(told[0].error.as_deref().unwrap().contains("secret"), "{told:?}");
    assert_eq!(hook.came().len(), 0);
    assert_eq!(world.action(id).await.summary.status, ActionStatus::Completed);
    background.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_told_with_its_reason_and_the_receivers_of_a_space_hear_of_it() {
    let (hook, file) = (Receiver::start(), secret());
    let world = World::with(&json!({"on_failure": "stop"})).await;
    let (store, now) = (
        world.app.store(),
        edgewise::domain::timestamp::Timestamp::from_millis(0),
    );
    let mut space = store.space(&Name::parse("s").unwrap()).await.unwrap().unwrap();
    let mut receiver = webhook(&hook, &file);
    receiver["events"] = json!(["failed", "rolled_back"]);
    space.notify = vec![serde_json::from_value(receiver).unwrap()];
    let change = ConfigChange::Put(ConfigObject::Space(space));
    store.apply(&[change], &Actor::System, now).await.unwrap();

    let background = Background::start(&world.app);
    world
        .made
        .fails
        .lock()
        .unwrap()
        .insert("a: start".to_owned(), "it is broken".to_owned());
    let id = world.restart(ActBody::default()).await;
    world.ends(id, ActionStatus::Failed).await;
    let told = hook.takes(1).await;
    assert_eq!(events(&told), ["failed"]);
    let action = &told[0].json()["action"];
    assert_eq!(action["status"], "FAILED");
    assert_eq!(action["failed"], 1);
    assert!(
        action["error"].as_str().unwrap().contains("it is broken"),
        "{action}"
    );
    let shown = world.action(id).await.config;
    assert!(shown["notify"][0]["secret"]["file"].is_string(), "{shown}");
    background.stop().await;
}
