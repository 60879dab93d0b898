//! What hosts write, on its way into the log: nobody waits for it, and of too much the ends are kept.

use std::sync::atomic::Ordering;

use edgewise::app::request::{ActBody, FoldQuery, LogsQuery};
use edgewise::domain::action::ActionStatus;
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::outcome::Outcome;
use serde_json::json;

use crate::support::world::{World, asked, caller};

/// More than has room on its way to a log that is down.
const FLOOD: usize = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_floods_the_log_neither_waits_nor_hurts_another() {
    let world = World::with(&json!({"strategy": "all_at_once"})).await;
    let lines = |host: &str, count: usize| -> Vec<String> {
        (0..count).map(|number| format!("{host} says {number}")).collect()
    };
    {
        let mut prints = world.made.prints.lock().unwrap();
        prints.insert("a: start".to_owned(), lines("a", FLOOD));
        prints.insert("b: start".to_owned(), lines("b", 300));
    }
    let id = world.begins().await;
    // From here on nothing can be written, and the steps end all the same.
    world.made.log_is_down.store(true, Ordering::SeqCst);
    world.made.hold.send_replace(false);
    world.ends(id, ActionStatus::Completed).await;
    world.made.log_is_down.store(false, Ordering::SeqCst);
    let mut entries = Vec::new();
    for _ in 0..2000 {
        world.clock.advance(1);
        entries = world.logged(id).await;
        if entries.iter().any(|entry| entry.event == LogEvent::Result) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let of = |host: &str| -> Vec<&LogEntry> {
        let is_output = |entry: &&LogEntry| matches!(entry.event, LogEvent::Output | LogEvent::Dropped);
        let entries = entries.iter().filter(is_output);
        entries
            .filter(|entry| {
                entry
                    .target
                    .as_ref()
                    .is_some_and(|target| target.as_str() == host)
            })
            .collect()
    };
    let texts: Vec<&str> = of("b").iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, lines("b", 300), "the quiet one is whole");
    let flood = of("a");
    let dropped: u64 = flood
        .iter()
        .filter_map(|entry| entry.dropped)
        .map(|dropped| dropped.lines)
        .sum();
    let kept = flood.iter().filter(|entry| entry.dropped.is_none()).count();
    assert!(
        dropped > 0 && (30_000..36_000).contains(&kept),
        "{dropped} dropped, {kept} kept"
    );
    assert_eq!(
        dropped + kept as u64,
        FLOOD as u64,
        "what is not there is counted"
    );
    assert_eq!(flood[0].text.as_str(), "a says 0");
    assert_eq!(
        flood.last().unwrap().text.as_str(),
        format!("a says {}", FLOOD - 1)
    );
    assert_eq!(flood.last().unwrap().line, Some(FLOOD as u64));
    // A gap is where the note stands, and nowhere else.
    let mut next = 1;
    for entry in flood {
        next += entry.dropped.map_or(0, |dropped| dropped.lines - 1);
        assert_eq!(entry.line, Some(next), "{}", entry.text);
        next += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_says_who_asked_and_what_became_of_each_step() {
    let world = World::with(&json!({"member_session_wait_time": 1})).await;
    *world.made.sessions.lock().unwrap() = 3;
    let mut request = asked("restart", ActBody::default());
    request.body.user = Some("customer-7".to_owned());
    request.body.countdown = 1;
    request.headers.correlation_id = Some("build 17".to_owned());
    request.headers.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let id = world.app.act(&caller(), &request).await.unwrap().action_id;
    assert_eq!(world.runs_out(id).await.summary.status, ActionStatus::Completed);
    let entries = world.whole_log(id).await;
    for entry in &entries {
        let context = &entry.context;
        assert_eq!(context.user.as_ref().unwrap().as_str(), "customer-7");
        assert_eq!(
            context.trace_id.as_ref().unwrap().as_str(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(context.correlation_id.as_ref().unwrap().as_str(), "build 17");
        assert_eq!((context.space.as_str(), context.project.as_str()), ("s", "p"));
        assert!(context.plan_hash.starts_with("sha256:"));
    }
    for event in [
        LogEvent::Asked,
        LogEvent::Verdict,
        LogEvent::Waiting,
        LogEvent::Command,
        LogEvent::Sessions,
    ] {
        assert!(entries.iter().any(|entry| entry.event == event), "{event:?}");
    }
    assert!(entries.iter().any(|entry| entry.sessions == Some(3)));
    let steps: Vec<&LogEntry> = entries
        .iter()
        .filter(|entry| entry.event == LogEvent::Step)
        .collect();
    assert!(!steps.is_empty());
    for step in steps {
        let run = step.run.as_ref().unwrap();
        assert_eq!(run.status, "succeeded");
        assert!(run.batch.is_some() && run.duration_millis().is_some() && step.stage.is_some());
        assert_eq!(
            step.host.as_ref().unwrap().address,
            step.target.as_ref().unwrap().as_str()
        );
        assert_eq!(step.attempt, Some(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_probe_and_each_number_of_sessions_is_a_record_of_detail() {
    let differs = json!({
        "member_session_wait_time": 1,
        "check_url": "http://{address}/health",
        "healthcheck_smart_delay": 1,
        "healthcheck_count": 2,
    });
    let world = World::with(&differs).await;
    *world.made.sessions.lock().unwrap() = 3;
    world.made.bad_probes.store(3, Ordering::SeqCst);
    let id = world.restart(ActBody::default()).await;
    assert_eq!(world.runs_out(id).await.summary.status, ActionStatus::Completed);
    let entries = loop {
        let entries = world.logged(id).await;
        if entries.iter().any(|entry| entry.event == LogEvent::Result) {
            break entries;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let of = |event: LogEvent| {
        let is_it = move |entry: &&LogEntry| entry.event == event && entry.stream == LogStream::Probe;
        entries.iter().filter(is_it).collect::<Vec<_>>()
    };
    let probes = of(LogEvent::Probe);
    let is = |outcome: Outcome| {
        probes
            .iter()
            .filter(|probe| probe.outcome == Some(outcome))
            .count()
    };
    // Two good ones on each of two hosts.
    assert_eq!((is(Outcome::Failed), is(Outcome::Ok)), (3, 4), "{probes:#?}");
    assert_eq!(
        probes.len(),
        world.made.probes.load(Ordering::SeqCst),
        "as many as were sent"
    );
    let sessions = of(LogEvent::Sessions);
    for host in ["a", "b"] {
        let mut of_host = sessions.iter().filter(|entry| {
            let target = entry.target.as_ref();
            target.is_some_and(|target| target.as_str() == host)
        });
        assert!(of_host.any(|entry| entry.sessions == Some(3)), "{host}");
    }
    for entry in probes.iter().chain(&sessions) {
        assert_eq!(entry.level, LogLevel::Detail);
        assert!(entry.target.is_some() && entry.step.is_some() && entry.attempt == Some(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outputs_that_are_the_same_are_folded() {
    let world = World::with(&json!({"strategy": "all_at_once"})).await;
    let lines = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    {
        let mut prints = world.made.prints.lock().unwrap();
        prints.insert("a: start".to_owned(), lines(&["one", "two"]));
        prints.insert("b: start".to_owned(), lines(&["one", "2 "]));
        prints.insert("a: stop".to_owned(), lines(&["bye"]));
        prints.insert("b: stop".to_owned(), lines(&["bye"]));
    }
    let id = world.restart(ActBody::default()).await;
    world.runs_out(id).await;
    world.log_is_whole(id).await;
    let folded = async |step: &str| {
        let query = FoldQuery {
            step: Some(step.to_owned()),
            ..FoldQuery::default()
        };
        world.app.folded_logs(&caller(), id, &query).await.unwrap()
    };
    let stopped = folded("stop").await;
    assert_eq!(stopped.headline, "2 hosts: identical");
    assert_eq!(stopped.groups[0].lines, ["bye"]);
    let started = folded("start").await;
    assert_eq!(started.headline, "1 host: identical; 1 differs");
    assert!(
        started.groups[1]
            .difference
            .iter()
            .any(|change| change.sign == '+' && change.text == "2 ")
    );
    let nothing = world.app.folded_logs(&caller(), id, &FoldQuery::default()).await;
    assert!(nothing.is_err(), "of which step?");
    let newest = LogsQuery {
        order: Some("newest".to_owned()),
        limit: Some(1),
        level: Some("basic".to_owned()),
        ..LogsQuery::default()
    };
    // An action is over a moment before its log is written to the end.
    let page = loop {
        let page = world.app.logs(&caller(), id, &newest).await.unwrap();
        if page.items[0].more.event == Some(LogEvent::Result) {
            break page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert!(page.next.is_some());
}
