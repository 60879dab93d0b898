//! Elasticsearch as a log store, on a real one: the suite that the built-in store passes too, and what is its own.

use async_trait::async_trait;
use edgewise::app::ports::{LogError, LogPage, LogQuery, LogSearch, LogSink, OutputOf, OutputRead};
use edgewise::domain::action::ActionId;
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::outcome::Outcome;
use edgewise::logs::elasticsearch::{ElasticsearchLogs, ElasticsearchOptions, Indices, Period};
use edgewise::logs::sink::{Sink as _, SinkError};
use reqwest::Method;
use serde_json::{Value, json};

use super::suite;
use super::world::{all, at, id, line, seqs};
use crate::support::elasticsearch::{Node, ask, count, shared};

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
        ("/event/action", json!("output")),
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
async fn the_next_node_is_asked_where_one_does_not_answer() {
    let (url, prefix) = shared().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
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
