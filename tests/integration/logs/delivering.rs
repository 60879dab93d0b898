//! A hundred thousand records on their way to Elasticsearch while everything dies: none is lost, none is there twice.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use edgewise::app::ports::{LogHealth as _, LogPage, LogQuery, LogSearch as _, LogSink as _};
use edgewise::domain::log_entry::{LogEntry, LogLevel};
use edgewise::logs::Reading;
use edgewise::logs::elasticsearch::ElasticsearchLogs;
use edgewise::logs::embedded::EmbeddedLogs;
use edgewise::logs::pipeline::Pipeline;
use edgewise::logs::spool::SpoolOptions;
use reqwest::Method;

use super::elasticsearch::options;
use super::world::{all, at, id, line};
use crate::support::cutting::{Counted, CuttingWay};
use crate::support::elasticsearch::{Node, ask, count, shared};
use crate::support::shop::until;

const PATIENCE: Duration = Duration::from_mins(4);
const RECORDS: u64 = 100_000;

fn pipeline(folder: &Path, url: &str, prefix: &str) -> Pipeline {
    let logs = ElasticsearchLogs::new(&options(&[url], prefix)).unwrap();
    Pipeline::start(SpoolOptions::new(folder.join("spool")), vec![Arc::new(logs)]).unwrap()
}

/// Entry number `seq`, one in a hundred of them basic.
fn record(seq: u64) -> LogEntry {
    let mut entry = line(
        1,
        seq,
        &format!("record {seq} of many, with a word or two more in it"),
    );
    if seq.is_multiple_of(100) {
        entry.level = LogLevel::Basic;
    }
    entry
}

async fn write(pipeline: &Pipeline, seqs: std::ops::Range<u64>) {
    for begin in seqs.clone().step_by(500) {
        let part: Vec<LogEntry> = (begin..(begin + 500).min(seqs.end)).map(record).collect();
        pipeline.write(&part).await.unwrap();
    }
}

/// All are there, once: as many documents as numbers, from the first to the last.
async fn all_are_there(url: &str, prefix: &str) {
    assert_eq!(count(url, prefix, None).await, RECORDS);
    let (_, found) = ask(
        url,
        Method::POST,
        &format!("{prefix}-basic-*,{prefix}-detail-*/_search"),
        Some(serde_json::json!({"size": 0, "aggs": {
            "different": {"cardinality": {"field": "edgewise.seq", "precision_threshold": 40_000}},
            "first": {"min": {"field": "edgewise.seq"}},
            "last": {"max": {"field": "edgewise.seq"}},
        }})),
    )
    .await;
    let figures = &found["aggregations"];
    assert_eq!(figures["first"]["value"], 0.0);
    assert_eq!(figures["last"]["value"].as_f64(), Some((RECORDS - 1) as f64));
    // Read to their end, each number comes once and in its place.
    let logs = ElasticsearchLogs::new(&options(&[url], prefix)).unwrap();
    let mut query = all(1);
    query.limit = 4000;
    let mut next = 0;
    loop {
        let page = logs.page(&query).await.unwrap();
        for entry in &page.entries {
            assert_eq!(entry.seq, next);
            next += 1;
        }
        match page.next {
            Some(after) => query.after = Some(after),
            None => break,
        }
    }
    assert_eq!(next, RECORDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_in_the_middle_of_a_bulk_lose_nothing() {
    let (url, prefix) = shared().await;
    let to = url.trim_start_matches("http://").parse().unwrap();
    // What we send is cut first, then what comes back: the answer to what was taken.
    for (counted, limits) in [
        (Counted::Sent, vec![20_000, 60_000, 5_000, 90_000, u64::MAX]),
        (Counted::Received, vec![150, 600, 20, 900, u64::MAX]),
    ] {
        let prefix = format!("{prefix}-{counted:?}").to_lowercase();
        let cuts = limits.len() as u64 - 1;
        let way = CuttingWay::between(0, to, counted, limits).await;
        let folder = tempfile::tempdir().unwrap();
        let pipeline = pipeline(
            folder.path(),
            &format!("http://127.0.0.1:{}", way.port()),
            &prefix,
        );
        write(&pipeline, 0..20_000).await;
        assert!(pipeline.drained(PATIENCE).await.is_empty());
        assert!(way.cuts() >= cuts, "{counted:?}: {} cuts", way.cuts());
        assert_eq!(
            count(&url, &prefix, Some(&id(1).to_string())).await,
            20_000,
            "{counted:?}"
        );
        pipeline.close(PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elasticsearch_is_killed_and_begins_again_while_records_flow() {
    let mut node = Node::start("").await;
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), node.url(), "edge");
    for part in 0..4 {
        let writing = write(&pipeline, part * RECORDS / 4..(part + 1) * RECORDS / 4);
        if part == 1 || part == 2 {
            // In the middle of it: something of this part is there, and something is not.
            let before = count(node.url(), "edge", None).await;
            let killing = async {
                while count(node.url(), "edge", None).await <= before {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::join!(writing, killing);
            node.kill();
            assert!(
                !pipeline.drained(Duration::ZERO).await.is_empty(),
                "it was killed too late"
            );
            node.begin_again().await;
        } else {
            writing.await;
        }
    }
    assert!(pipeline.drained(PATIENCE).await.is_empty());
    all_are_there(node.url(), "edge").await;
    pipeline.close(PATIENCE).await;
}

/// What the child of the next test does: writes its records into the spool, tells each number when it is kept, and
/// delivers meanwhile.
#[test]
#[ignore = "the child of another test"]
fn a_writer_that_is_killed() {
    let Some(folder) = std::env::var_os("EDGEWISE_TEST_FOLDER").map(PathBuf::from) else {
        return;
    };
    let said = |name: &str| std::env::var(name).unwrap();
    let (url, prefix) = (said("EDGEWISE_TEST_ES_URL"), said("EDGEWISE_TEST_PREFIX"));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let pipeline = pipeline(&folder, &url, &prefix);
        let kept = folder.join("kept");
        let from: u64 = std::fs::read_to_string(&kept).map_or(0, |text| text.parse().unwrap());
        for begin in (from..RECORDS).step_by(500) {
            write(&pipeline, begin..begin + 500).await;
            // Whole or not at all.
            std::fs::write(folder.join("new"), (begin + 500).to_string()).unwrap();
            std::fs::rename(folder.join("new"), &kept).unwrap();
        }
        assert!(pipeline.close(PATIENCE).await.is_empty());
    });
}

fn writer(folder: &Path, url: &str, prefix: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "logs::delivering::a_writer_that_is_killed",
            "--ignored",
        ])
        .env("EDGEWISE_TEST_FOLDER", folder)
        .env("EDGEWISE_TEST_ES_URL", url)
        .env("EDGEWISE_TEST_PREFIX", prefix)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edgewise_is_killed_again_and_again_while_records_flow() {
    let (url, prefix) = shared().await;
    let folder = tempfile::tempdir().unwrap();
    for kill in 1..=5 {
        let mut child = writer(folder.path(), &url, &prefix);
        let enough = kill * RECORDS / 10;
        while count(&url, &prefix, None).await < enough {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended before it was killed"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut child = writer(folder.path(), &url, &prefix);
    let status = tokio::task::spawn_blocking(move || child.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success());
    all_are_there(&url, &prefix).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_record_is_set_aside_and_counted_and_holds_nothing_up() {
    let (url, prefix) = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), &url, &prefix);
    // A number that no field holds: all that are for one of the indices are poisoned, which is as Edgewise makes it.
    let poisoned = |seq: u64| {
        let mut entry = record(seq);
        if seq.is_multiple_of(100) {
            entry.offset = Some(u64::MAX);
        }
        entry
    };
    let some: Vec<LogEntry> = (0..300).map(poisoned).collect();
    pipeline.write(&some).await.unwrap();
    assert!(pipeline.drained(PATIENCE).await.is_empty());
    assert_eq!(count(&url, &prefix, None).await, 297);
    assert_eq!(pipeline.figures().refused["elasticsearch"], 3);
    let aside = std::fs::read_to_string(folder.path().join("spool/elasticsearch.refused.jsonl")).unwrap();
    let seqs: Vec<u64> = aside
        .lines()
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(
                json["why"].as_str().unwrap().contains("edgewise.offset"),
                "{line}"
            );
            json["entry"]["seq"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(seqs, [0, 100, 200]);
    pipeline.close(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_elses_template_refuses_is_held_and_goes_on_when_that_is_gone() {
    let (url, prefix) = shared().await;
    // In it no host has a name.
    let theirs = format!("_index_template/{prefix}-theirs");
    let made = ask(
        &url,
        Method::PUT,
        &theirs,
        Some(serde_json::json!({
            "index_patterns": [format!("{prefix}-basic-*")], "priority": 500,
            "template": {"mappings": {"properties": {"host": {"properties": {"name": {"type": "long"}}}}}},
        })),
    )
    .await;
    assert!(made.0.is_success(), "{made:?}");
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), &url, &prefix);
    pipeline
        .write(&(0..300).map(record).collect::<Vec<_>>())
        .await
        .unwrap();
    until("it is said what is wrong", || {
        let trouble = pipeline.figures().trouble;
        trouble
            .get("elasticsearch")
            .is_some_and(|why| why.contains("not Edgewise's") && why.contains("host.name"))
    })
    .await;
    assert_eq!(pipeline.figures().refused["elasticsearch"], 0);
    assert_eq!(pipeline.figures().waiting["elasticsearch"], 300);
    // An operator mends it.
    for path in [
        theirs,
        format!("{prefix}-basic-{}", &at(0).to_string()[..10].replace('-', ".")),
    ] {
        let gone = ask(&url, Method::DELETE, &path, None).await;
        assert!(gone.0.is_success(), "{gone:?}");
    }
    assert!(pipeline.drained(PATIENCE).await.is_empty());
    assert_eq!(count(&url, &prefix, None).await, 300);
    assert_eq!(pipeline.figures().refused["elasticsearch"], 0);
    assert!(pipeline.figures().trouble.is_empty());
    pipeline.close(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_just_written_is_found_by_who_pages_on_and_by_who_follows() {
    let (url, prefix) = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let local = EmbeddedLogs::open(&folder.path().join("log.db")).await.unwrap();
    let remote = ElasticsearchLogs::new(&options(&[&url], &prefix)).unwrap();
    let pipeline = Pipeline::start(
        SpoolOptions::new(folder.path().join("spool")),
        vec![Arc::new(local.clone()), Arc::new(remote.clone())],
    )
    .unwrap();
    let reading = Reading::new(pipeline.clone(), local, Some(remote.clone()), true);
    let seqs = |page: LogPage| page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>();
    let after = |seq| LogQuery {
        after: Some(seq),
        ..all(1)
    };
    // Many rounds: the server itself makes things searchable now and then.
    for round in 0..10 {
        let begin = round * 20;
        for (from, is_followed) in [(begin, false), (begin + 10, true)] {
            let some: Vec<LogEntry> = (from..from + 10).map(record).collect();
            pipeline.write(&some).await.unwrap();
            let Some(last) = from.checked_sub(1) else { continue };
            let page = if is_followed {
                reading.followed(&after(last)).await.unwrap()
            } else {
                reading.page(&after(last)).await.unwrap()
            };
            assert_eq!(
                seqs(page),
                (from..from + 10).collect::<Vec<_>>(),
                "followed: {is_followed}"
            );
        }
    }
    // Whoever pages on while two bulks at once are on their way passes over nothing.
    let writing = async {
        for begin in (200..4_200).step_by(10) {
            let some: Vec<LogEntry> = (begin..begin + 10).map(record).collect();
            pipeline.write(&some).await.unwrap();
        }
    };
    let paging = async {
        let mut last = 199;
        while last < 4_199 {
            let page = seqs(reading.followed(&after(last)).await.unwrap());
            let behind: Vec<u64> = (last + 1..).take(page.len()).collect();
            assert_eq!(page, behind);
            last = page.last().copied().unwrap_or(last);
        }
    };
    tokio::join!(writing, paging);
    // Another server that took the action over wrote more, of which this one knows nothing.
    let theirs: Vec<LogEntry> = (4_300..4_305).map(record).collect();
    edgewise::logs::sink::Sink::take(&remote, &theirs).await.unwrap();
    assert_eq!(
        seqs(reading.followed(&after(4_199)).await.unwrap()),
        (4_300..4_305).collect::<Vec<_>>()
    );
    pipeline.close(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_read_in_elasticsearch_and_here_while_that_is_down() {
    let mut node = Node::start("").await;
    let folder = tempfile::tempdir().unwrap();
    let local = EmbeddedLogs::open(&folder.path().join("log.db")).await.unwrap();
    let remote = ElasticsearchLogs::new(&options(&[node.url()], "edge")).unwrap();
    let pipeline = Pipeline::start(
        SpoolOptions::new(folder.path().join("spool")),
        vec![Arc::new(local.clone()), Arc::new(remote.clone())],
    )
    .unwrap();
    let reading = Reading::new(pipeline.clone(), local, Some(remote), true);
    pipeline
        .write(&(0..50).map(record).collect::<Vec<_>>())
        .await
        .unwrap();
    // Read at once: what was written is found.
    assert_eq!(reading.page(&all(1)).await.unwrap().entries.len(), 50);
    // An action that another server ran is in Elasticsearch alone.
    let mut other = record(7);
    other.action = id(2);
    let theirs = ElasticsearchLogs::new(&options(&[node.url()], "edge")).unwrap();
    edgewise::logs::sink::Sink::take(&theirs, &[other]).await.unwrap();
    assert_eq!(reading.page(&all(2)).await.unwrap().entries.len(), 1);
    assert_eq!(reading.last_seq(id(2)).await.unwrap(), Some(7));

    node.kill();
    pipeline
        .write(&(50..60).map(record).collect::<Vec<_>>())
        .await
        .unwrap();
    assert_eq!(
        reading.page(&all(1)).await.unwrap().entries.len(),
        60,
        "what this server wrote"
    );
    assert_eq!(reading.last_seq(id(1)).await.unwrap(), Some(59));
    assert!(
        reading.page(&all(2)).await.is_err(),
        "what it knows nothing of is not said to be nothing"
    );
    assert!(pipeline.figures().trouble.contains_key("elasticsearch"));
    node.begin_again().await;
    assert!(pipeline.drained(PATIENCE).await.is_empty());
    assert_eq!(reading.page(&all(2)).await.unwrap().entries.len(), 1);
    pipeline.close(PATIENCE).await;
}
