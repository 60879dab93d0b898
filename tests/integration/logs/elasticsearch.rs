//! Elasticsearch as a log store, on a real one: the suite that the built-in store passes too, and what is its own.

use std::sync::Arc;

use async_trait::async_trait;
use edgewise::app::ports::{
    LogError, LogKeeper as _, LogPage, LogQuery, LogSearch, LogSink, OutputOf, OutputRead,
};
use edgewise::domain::action::ActionId;
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream, StepRecord};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::mask::Masker;
use edgewise::domain::outcome::Outcome;
use edgewise::logs::Keeping;
use edgewise::logs::elasticsearch::{ElasticsearchLogs, ElasticsearchOptions, Indices, Period};
use edgewise::logs::embedded::EmbeddedLogs;
use edgewise::logs::pipeline::Pipeline;
use edgewise::logs::sink::{Sink as _, SinkError};
use edgewise::logs::spool::SpoolOptions;
use reqwest::Method;
use serde_json::{Value, json};

use super::suite;
use super::world::{all, at, id, line, seqs};
use crate::support::cutting::{Counted, CuttingWay};
use crate::support::elasticsearch::{Node, ask, count, shared};
use crate::support::port::Port;

suite::for_each_case!(open);

/// Entries that are written are searchable when `write` returns.
struct Searchable(ElasticsearchLogs);

#[async_trait]
impl LogSink for Searchable {
    async fn write(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        let refused = self
            .0
            .take(entries)
            .await
            .map_err(|error| LogError(error.to_string()))?;
        assert_eq!(refused, []);
        Ok(self.0.refresh().await?)
    }
}

#[async_trait]
impl LogSearch for Searchable {
    async fn page(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        self.0.page(query).await
    }

    async fn last_seq(&self, action: ActionId) -> Result<Option<u64>, LogError> {
        self.0.last_seq(action).await
    }

    async fn output_read(&self, of: &OutputOf) -> Result<OutputRead, LogError> {
        self.0.output_read(of).await
    }
}

/// Options for indices of this prefix.
pub fn options(urls: &[&str], prefix: &str) -> ElasticsearchOptions {
    ElasticsearchOptions {
        indices: Indices {
            prefix: prefix.to_owned(),
            period: Period::Day,
        },
        ..ElasticsearchOptions::new(urls.iter().map(|url| (*url).to_owned()).collect())
    }
}

async fn open() -> (Searchable, ()) {
    let (url, prefix) = shared().await;
    let logs = ElasticsearchLogs::new(&options(&[&url], &prefix)).unwrap();
    (Searchable(logs), ())
}

async fn get(url: &str, path: &str) -> Value {
    let (status, answer) = ask(url, Method::GET, path, None).await;
    assert!(status.is_success(), "{status} {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_have_the_names_of_the_schema_and_explicit_mappings() {
    let (url, prefix) = shared().await;
    let logs = ElasticsearchLogs::new(&options(&[&url], &prefix)).unwrap();
    let mut command = line(1, 1, "systemctl restart app");
    command.stream = LogStream::Command;
    let mut end = line(1, 2, "start ended");
    end.level = LogLevel::Basic;
    end.outcome = Some(Outcome::Failed);
    end.exit_code = Some(3);
    end.event = LogEvent::Step;
    end.run = Some(Box::new(StepRecord {
        method: "run".into(),
        status: "failed".into(),
        batch: Some(2),
        started: Some(at(-1_234)),
        ended: at(2),
        error: Some(Masker::default().mask("exit code 3")),
    }));
    assert_eq!(logs.take(&[command, end]).await.unwrap(), []);
    logs.refresh().await.unwrap();

    let day = &at(0).to_string()[..10].replace('-', ".");
    let (basic, detail) = (format!("{prefix}-basic-{day}"), format!("{prefix}-detail-{day}"));
    let action = id(1).to_string();
    let found = get(&url, &format!("{basic}/_doc/{action}-2")).await;
    let source = &found["_source"];
    for (path, expected) in [
        ("/@timestamp", json!(at(2).to_string())),
        ("/message", json!("start ended")),
        ("/correlation", json!(action)),
        ("/edgewise/correlation_id", json!(action)),
        ("/event/action", json!("step")),
        ("/event/start", json!(at(-1_234).to_string())),
        ("/event/end", json!(at(2).to_string())),
        ("/event/duration", json!(1_236_000_000_u64)),
        ("/edgewise/duration_ms", json!(1_236)),
        ("/error/message", json!("exit code 3")),
        ("/host/hostname", json!("10.0.0.1")),
        ("/event/outcome", json!("failure")),
        ("/edgewise/outcome", json!("failed")),
        ("/user/name", json!("jdoe")),
        ("/host/name", json!("web-1")),
        ("/process/exit_code", json!(3)),
        ("/trace/id", json!("4bf92f3577b34da6a3ce929d0e0e4736")),
        ("/labels/space", json!("payments")),
        ("/labels/project", json!("web")),
        ("/edgewise/stage", json!("100%")),
    ] {
        assert_eq!(source.pointer(path), Some(&expected), "{path}: {source:#}");
    }
    assert_eq!(
        source.pointer("/edgewise/words"),
        None,
        "it is only for the search"
    );
    let found = get(&url, &format!("{detail}/_doc/{action}-1")).await;
    assert_eq!(
        found.pointer("/_source/process/command_line"),
        Some(&json!("systemctl restart app"))
    );
    for index in [&basic, &detail] {
        let mapping = get(&url, &format!("{index}/_mapping")).await;
        let mapping = &mapping[index]["mappings"];
        assert_eq!(mapping["dynamic"], "false", "{mapping:#}");
        for (path, kind) in [
            ("/@timestamp", "date"),
            ("/correlation", "keyword"),
            ("/event/properties/action", "keyword"),
            ("/event/properties/outcome", "keyword"),
            ("/event/properties/start", "date"),
            ("/event/properties/end", "date"),
            ("/event/properties/duration", "long"),
            ("/error/properties/message", "text"),
            ("/host/properties/hostname", "keyword"),
            ("/user/properties/name", "keyword"),
            ("/host/properties/name", "keyword"),
            ("/process/properties/command_line", "keyword"),
            ("/process/properties/exit_code", "long"),
            ("/trace/properties/id", "keyword"),
            ("/labels/properties/space", "keyword"),
            ("/edgewise/properties/correlation_id", "keyword"),
            ("/edgewise/properties/seq", "long"),
            ("/message", "text"),
        ] {
            assert_eq!(
                mapping["properties"].pointer(&format!("{path}/type")),
                Some(&json!(kind)),
                "{index} {path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn months_have_one_index_and_a_prefix_of_their_own() {
    let (url, prefix) = shared().await;
    let mut options = options(&[&url], &prefix);
    options.indices.period = Period::Month;
    let logs = ElasticsearchLogs::new(&options).unwrap();
    logs.take(&[line(1, 1, "x")]).await.unwrap();
    let month = &at(0).to_string()[..7].replace('-', ".");
    get(&url, &format!("{prefix}-detail-{month}")).await;
    for prefix in ["Edge", "", "edge*", "-edge", "edge,other", "../edge"] {
        let options = super::elasticsearch::options(&[&url], prefix);
        assert!(ElasticsearchLogs::new(&options).is_err(), "{prefix}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_deletes_whole_indices_of_ours_and_nothing_else() {
    let (url, prefix) = shared().await;
    let logs = ElasticsearchLogs::new(&options(&[&url], &prefix)).unwrap();
    let day = 86_400_000;
    let lines: Vec<LogEntry> = (0..4)
        .map(|number| {
            let mut line = line(1, number, "old and new");
            line.time = at(i64::try_from(number).unwrap() * day);
            line
        })
        .collect();
    logs.take(&lines).await.unwrap();
    let name = |number: i64| {
        let date = at(number * day).to_string()[..10].replace('-', ".");
        format!("{prefix}-detail-{date}")
    };
    // Somebody else's, with a name that could be ours.
    let other = format!("{prefix}-basic-2020.01.01");
    let made = ask(&url, Method::PUT, &format!("_index_template/{prefix}-theirs"), Some(json!({
        "index_patterns": [other], "priority": 500, "template": {"mappings": {"properties": {"x": {"type": "keyword"}}}},
    })))
    .await;
    assert!(made.0.is_success(), "{made:?}");
    assert!(ask(&url, Method::PUT, &other, None).await.0.is_success());

    let indices = async || -> Vec<String> {
        let found = get(&url, &format!("{prefix}-*")).await;
        let mut names: Vec<String> = found.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(
        indices().await,
        [other.clone(), name(0), name(1), name(2), name(3)]
    );
    // The end of the second day, but an action under way began on it.
    let second_is_over = at(2 * day);
    let gone = logs.forget_before(second_is_over, Some(at(day))).await.unwrap();
    assert_eq!(gone, [name(0)]);
    let gone = logs.forget_before(second_is_over, None).await.unwrap();
    assert_eq!(gone, [name(1)]);
    assert_eq!(
        logs.forget_before(second_is_over, None).await.unwrap(),
        [] as [String; 0]
    );
    assert_eq!(indices().await, [other, name(2), name(3)]);
    logs.refresh().await.unwrap();
    assert_eq!(seqs(&Searchable(logs), &all(1)).await, [2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_refused_is_named_and_the_others_are_kept() {
    let (url, prefix) = shared().await;
    let logs = ElasticsearchLogs::new(&options(&[&url], &prefix)).unwrap();
    logs.take(&[line(1, 1, "first")]).await.unwrap();
    // An index that takes no host but numbers, as somebody's own template could have it.
    let date = at(0).to_string()[..10].replace('-', ".");
    let broken = format!("{prefix}-basic-{date}");
    let made = ask(
        &url,
        Method::PUT,
        &broken,
        Some(json!({
            "mappings": {"properties": {"host": {"properties": {"name": {"type": "long"}}}}},
        })),
    )
    .await;
    assert!(!made.0.is_success() || made.1["acknowledged"] == true);
    let mut poisoned = line(1, 2, "poisoned");
    poisoned.level = LogLevel::Basic;
    let mut fine = line(1, 3, "fine");
    fine.level = LogLevel::Basic;
    fine.target = None;
    let some = [line(1, 4, "before"), poisoned, fine, line(1, 5, "after")];
    let refused = logs.take(&some).await.unwrap();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].place, 1);
    assert!(refused[0].why.contains("400"), "{refused:?}");
    logs.refresh().await.unwrap();
    assert_eq!(count(&url, &prefix, Some(&id(1).to_string())).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_sent_in_parts_and_one_that_never_fits_is_refused() {
    let node = Node::start("http.max_content_length: 64kb").await;
    let logs = ElasticsearchLogs::new(&options(&[node.url()], "edge")).unwrap();
    let mut lines: Vec<LogEntry> = (0..300).map(|seq| line(1, seq, &noise(seq, 2000))).collect();
    lines.push(line(1, 300, &noise(300, 300_000)));
    let refused = logs.take(&lines).await.unwrap();
    assert_eq!(refused.iter().map(|one| one.place).collect::<Vec<_>>(), [300]);
    assert!(refused[0].why.contains("413"), "{refused:?}");
    assert_eq!(count(node.url(), "edge", None).await, 300);
}

/// Text that no compression makes much smaller.
fn noise(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    std::iter::repeat_with(|| {
        // splitmix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        char::from(b'!' + u8::try_from((mixed ^ (mixed >> 31)) % 94).unwrap())
    })
    .take(length)
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_429_loses_nothing() {
    let node = Node::start("indexing_pressure.memory.limit: 20kb").await;
    let logs = ElasticsearchLogs::new(&options(&[node.url()], "edge")).unwrap();
    let lines: Vec<LogEntry> = (0..500).map(|seq| line(1, seq, "much of it")).collect();
    // Others that write there as well, so that what fits is not for us alone.
    let mut waited = 0;
    for part in lines.chunks(250) {
        loop {
            match logs.take(part).await {
                Ok(refused) => {
                    assert_eq!(refused, []);
                    break;
                }
                Err(SinkError::Unavailable(why)) => {
                    assert!(why.contains("429"), "{why}");
                    waited += 1;
                    assert!(waited < 50);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(count(node.url(), "edge", None).await, 500);
    let stats = get(node.url(), "_nodes/stats/indexing_pressure").await;
    let node = stats["nodes"].as_object().unwrap().values().next().unwrap();
    let rejected = &node["indexing_pressure"]["memory"]["total"]["coordinating_rejections"];
    assert!(rejected.as_u64().unwrap() > 0, "there was a storm: {rejected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_store_keeps_as_many_days_as_it_is_told_and_zero_is_for_ever() {
    let (url, prefix) = shared().await;
    let remote = ElasticsearchLogs::new(&options(&[&url], &prefix)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let local = EmbeddedLogs::open(&folder.path().join("logs.db")).await.unwrap();
    let day = 86_400_000;
    // Actions of ten days, one a day.
    for number in 0..10 {
        let mut entry = line(number, 1, "of one day");
        entry.time = at(i64::from(number) * day);
        assert_eq!(remote.take(std::slice::from_ref(&entry)).await.unwrap(), []);
        local.write(&[entry]).await.unwrap();
    }
    remote.refresh().await.unwrap();
    let left = async || {
        let mut here = Vec::new();
        let mut there = Vec::new();
        for number in 0..10 {
            if local.last_seq(id(number)).await.unwrap().is_some() {
                here.push(number);
            }
            if remote.last_seq(id(number)).await.unwrap().is_some() {
                there.push(number);
            }
        }
        (here, there)
    };
    let now = 10 * day;
    let forget = async |local_days: u32, remote_days: u32| {
        let keeping = Keeping::new((local.clone(), local_days), (Some(remote.clone()), remote_days));
        let not_before = at(now - i64::from(local_days) * day);
        keeping.forget(not_before, u64::MAX, &[]).await.unwrap()
    };
    forget(7, 0).await;
    assert_eq!(left().await, ((3..10).collect(), (0..10).collect()), "0 is never");
    // A day that is not over so long ago stays whole.
    forget(7, 3).await;
    assert_eq!(left().await, ((3..10).collect(), (7..10).collect()));
    forget(1, 5).await;
    assert_eq!(left().await, (vec![9], (7..10).collect()), "each by its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_node_takes_over_when_one_dies_in_mid_flow() {
    let (url, prefix) = shared().await;
    let to = url.trim_start_matches("http://").parse().unwrap();
    let node = async || CuttingWay::between(0, to, Counted::Sent, vec![u64::MAX]).await;
    let (mut first, mut second) = (Some(node().await), Some(node().await));
    let urls: Vec<String> = [&first, &second]
        .map(|node| format!("http://127.0.0.1:{}", node.as_ref().unwrap().port()))
        .to_vec();
    let port = first.as_ref().unwrap().port();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let logs = ElasticsearchLogs::new(&options(&urls, &prefix)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pipeline = Pipeline::start(
        SpoolOptions::new(folder.path().join("spool")),
        vec![Arc::new(logs)],
    )
    .unwrap();
    let lines: Vec<LogEntry> = (0..6000).map(|seq| line(1, seq, "flows")).collect();
    for (number, part) in lines.chunks(500).enumerate() {
        pipeline.write(part).await.unwrap();
        match number {
            // The one that is spoken to dies, and later the other one, when the first is back.
            3 => first = None,
            7 => {
                first = Some(CuttingWay::between(port, to, Counted::Sent, vec![u64::MAX]).await);
                second = None;
            }
            _ => {}
        }
        if matches!(number, 2 | 6) {
            let arriving = async {
                while count(&url, &prefix, None).await == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            };
            arriving.await;
        }
    }
    assert!(
        pipeline
            .drained(std::time::Duration::from_mins(2))
            .await
            .is_empty()
    );
    assert_eq!(count(&url, &prefix, None).await, 6000, "each once");
    pipeline.close(std::time::Duration::from_secs(10)).await;
    drop((first, second));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_node_is_asked_where_one_does_not_answer() {
    let (url, prefix) = shared().await;
    let nobody = Port::hold();
    let dead = nobody.url();
    let logs = ElasticsearchLogs::new(&options(&[&dead, &url], &prefix)).unwrap();
    assert_eq!(logs.take(&[line(1, 1, "x")]).await.unwrap(), []);
    assert_eq!(count(&url, &prefix, None).await, 1);
    let alone = ElasticsearchLogs::new(&options(&[&dead], &prefix)).unwrap();
    let error = alone.take(&[line(1, 2, "x")]).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Unavailable(why) if why.contains("does not answer")),
        "{error}"
    );
}
