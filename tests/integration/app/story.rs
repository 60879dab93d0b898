//! What people said and what gates and load balancers came to, in the action's own story.

use edgewise::app::ports::{LogQuery, LogSearch as _};
use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::actor::Actor;
use edgewise::domain::log_entry::{LogEntry, LogLevel};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::outcome::Outcome;
use edgewise::domain::rollout::Steer;
use edgewise::logs::embedded::EmbeddedLogs;
use serde_json::{Value, json};

use crate::support::server::PATIENCE;
use crate::support::world::World;

/// The story of an action that has ended.
async fn story(world: &World, id: ActionId) -> Vec<LogEntry> {
    world.log_is_whole(id).await;
    let logs = EmbeddedLogs::open(&world.log_file()).await.unwrap();
    let query = LogQuery {
        level: Some(LogLevel::Basic),
        ..LogQuery::of(id, 100_000)
    };
    logs.page(&query).await.unwrap().entries
}

fn texts(story: &[LogEntry], event: LogEvent) -> Vec<&str> {
    let of = story.iter().filter(|entry| entry.event == event);
    of.map(|entry| entry.text.as_str()).collect()
}

fn with_a_gate() -> Value {
    json!({"stages": [{"label": "first", "count": 1, "gate": "approval"}, {"label": "rest", "percent": 100}]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_and_who_approved_it_and_who_steered_and_why_are_told() {
    let world = World::with(&with_a_gate()).await;
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "gate").await;
    world.steer(id, "pause").await;
    world.waits(id, "paused").await;
    world.steer(id, "resume").await;
    world.waits(id, "gate").await;
    world.steer(id, "approve").await;
    world.ends(id, ActionStatus::Completed).await;
    let story = story(&world, id).await;
    let approvals = texts(&story, LogEvent::Approval);
    assert_eq!(approvals.len(), 1, "{approvals:?}");
    assert!(
        approvals[0].starts_with("edgewise said approve: a test"),
        "{approvals:?}"
    );
    assert_eq!(
        texts(&story, LogEvent::Steering),
        ["edgewise said pause: a test", "edgewise said resume: a test"]
    );
    let gates = texts(&story, LogEvent::Gate);
    assert!(
        !gates.is_empty() && gates.iter().all(|text| text.starts_with("gate ")),
        "{gates:?}"
    );
    // In the order in which it came about.
    let place = |event: LogEvent| story.iter().position(|entry| entry.event == event).unwrap();
    assert!(
        place(LogEvent::Gate) < place(LogEvent::Approval) || gates.len() == 1,
        "{gates:?}"
    );
    assert!(place(LogEvent::Approval) < place(LogEvent::Result));
    let seqs: Vec<u64> = story.iter().map(|entry| entry.seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_of_sessions_that_stays_is_told_again_and_again() {
    let world = World::with(&json!({"member_session_wait_time": 35})).await;
    *world.made.sessions.lock().unwrap() = 3;
    let id = world.restart(ActBody::default()).await;
    world.runs_out(id).await;
    story(&world, id).await;
    let logs = EmbeddedLogs::open(&world.log_file()).await.unwrap();
    let entries = logs.page(&LogQuery::of(id, 100_000)).await.unwrap().entries;
    let counts = |target: &str| {
        let is_count =
            |entry: &&LogEntry| entry.event == LogEvent::Sessions && entry.level == LogLevel::Detail;
        let counts = entries.iter().filter(is_count);
        counts
            .filter(|entry| entry.target.as_ref().is_some_and(|of| of.as_str() == target))
            .map(|entry| entry.sessions.unwrap())
            .collect::<Vec<u64>>()
    };
    // At 0, 10, 20 and 30 s of 35.
    assert_eq!((counts("a"), counts("b")), (vec![3; 4], vec![3; 4]));
}

/// A check that each host makes itself.
const CHECKING: &str = "\"\"\"Checks.\"\"\"\n\nKEYS = {}\n\ndef steps(ctx, target):\n    \
    return [http_check(\"http://127.0.0.1:1/up\", from_host = True)]\n\n\
    def restart(ctx):\n    return rollout(ctx.targets, steps, strategy = all_at_once())\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_probe_that_a_host_makes_is_told_with_how_it_went() {
    let world = World::on(None, CHECKING, &json!({})).await;
    let asked = "GET http://127.0.0.1:1/up answered";
    let said = [
        format!("{asked} nothing, wanted 200"),
        format!("{asked} 503, wanted 200"),
        format!("{asked} 200"),
    ];
    for host in ["a", "b"] {
        let mut prints = world.made.prints.lock().unwrap();
        prints.insert(format!("{host}: asked()"), said.to_vec());
    }
    let id = world.restart(ActBody::default()).await;
    world.runs_out(id).await;
    story(&world, id).await;
    let logs = EmbeddedLogs::open(&world.log_file()).await.unwrap();
    let entries = logs.page(&LogQuery::of(id, 100_000)).await.unwrap().entries;
    for host in ["a", "b"] {
        let probes: Vec<(&str, Outcome)> = entries
            .iter()
            .filter(|entry| entry.event == LogEvent::Probe && entry.level == LogLevel::Detail)
            .filter(|entry| entry.target.as_ref().is_some_and(|of| of.as_str() == host))
            .map(|entry| (entry.text.as_str(), entry.outcome.unwrap()))
            .collect();
        let bad = Outcome::Failed;
        let wanted = [(&*said[0], bad), (&*said[1], bad), (&*said[2], Outcome::Ok)];
        assert_eq!(probes, wanted, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejection_is_told_with_who_and_why() {
    let world = World::with(&with_a_gate()).await;
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "gate").await;
    world.steer(id, "reject").await;
    world.runs_out(id).await;
    let story = story(&world, id).await;
    assert_eq!(
        texts(&story, LogEvent::Approval),
        ["edgewise said reject: a test"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_from_another_server_that_comes_too_late_is_told_with_who_and_why() {
    let world = World::with(&with_a_gate()).await;
    let id = world.restart(ActBody::default()).await;
    world.waits(id, "gate").await;
    // There is nothing to resume. At another server nobody knew that, and put it into the inbox.
    let by = Actor::User {
        name: "jdoe".to_owned(),
    };
    let store = world.app.store();
    let posted = store
        .post_steer(
            id,
            &Steer::Resume,
            &by,
            "lunch is over",
            edgewise::app::ports::Clock::now(&world.clock),
        )
        .await
        .unwrap();
    let heard = async {
        while store.steer_event(posted).await.unwrap().is_none() {
            world.clock.advance(1);
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("it is heard");
    world.steer(id, "approve").await;
    world.ends(id, ActionStatus::Completed).await;
    let told = story(&world, id).await;
    let steering = texts(&told, LogEvent::Steering);
    assert_eq!(steering.len(), 1, "{steering:?}");
    assert!(
        steering[0].starts_with("jdoe said resume: lunch is over, and nothing came of it: "),
        "{steering:?}"
    );
}
