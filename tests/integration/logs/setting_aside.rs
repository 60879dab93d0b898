//! Entries that a place never takes: set aside with the reason, kept until that is possible, shown to people; and a place that
//! stands still holds up no other.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use async_trait::async_trait;
use edgewise::app::ports::{LogHealth as _, LogSearch as _, LogSink as _};
use edgewise::domain::log_entry::LogEntry;
use edgewise::logs::elasticsearch::ElasticsearchLogs;
use edgewise::logs::embedded::EmbeddedLogs;
use edgewise::logs::file::FileSink;
use edgewise::logs::pipeline::Pipeline;
use edgewise::logs::sink::{Refused, Sink, SinkError};
use edgewise::logs::spool::SpoolOptions;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::elasticsearch::options;
use super::world::{id, line};
use crate::support::shop::until;

const PATIENCE: Duration = Duration::from_mins(2);

/// Takes everything but what is poisoned.
struct Picky;

#[async_trait]
impl Sink for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        let places = entries.iter().enumerate();
        let poisoned = places.filter(|(_, entry)| entry.text.as_str().contains("poison"));
        let why = |place| Refused {
            place,
            why: "it tastes of it".to_owned(),
        };
        Ok(poisoned.map(|(place, _)| why(place)).collect())
    }
}

fn pipeline(folder: &TempDir, sinks: Vec<Arc<dyn Sink>>) -> Pipeline {
    Pipeline::start(SpoolOptions::new(folder.path().join("spool")), sinks).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_cannot_be_set_aside_is_kept_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let aside = folder.path().join("spool/picky.refused.jsonl");
    std::fs::create_dir_all(&aside).unwrap();
    let first = pipeline(&folder, vec![Arc::new(Picky)]);
    let lines = [line(1, 0, "fine"), line(1, 1, "poison"), line(1, 2, "fine too")];
    first.write(&lines).await.unwrap();
    until("the trouble is seen", || {
        let trouble = first.figures().trouble;
        trouble
            .get("picky")
            .is_some_and(|why| why.contains("cannot be set aside"))
    })
    .await;
    // Nor does an end of the server lose it.
    let left = first.close(Duration::from_millis(100)).await;
    assert_eq!(left["picky"], 3);
    drop(first);
    let second = pipeline(&folder, vec![Arc::new(Picky)]);
    until("the trouble is seen again", || {
        !second.figures().trouble.is_empty()
    })
    .await;
    std::fs::remove_dir(&aside).unwrap();
    assert!(second.drained(PATIENCE).await.is_empty());
    assert_eq!(second.figures().refused["picky"], 1);
    let shown = second.set_aside().unwrap();
    let shown: Vec<(u64, &str)> = shown["picky"]
        .iter()
        .map(|one| (one.entry.seq, one.why.as_str()))
        .collect();
    assert_eq!(shown, [(1, "it tastes of it")]);
    until("the trouble is over", || second.figures().trouble.is_empty()).await;
    second.close(PATIENCE).await;
}

/// What stands for Elasticsearch: takes bulks, but fails at what is poisoned, as a bug of its own would have it.
fn ailing(whole: bool) -> String {
    let server = HttpServer::new(move || {
        App::new().default_service(web::to(
            move |request: HttpRequest, body: web::Bytes| async move {
                if request.path() != "/_bulk" {
                    return HttpResponse::Ok().json(json!({"_shards": {"failed": 0}}));
                }
                // It was sent zipped; whoever serves may have unzipped it.
                let text = match body.strip_prefix(&[0x1f, 0x8b]) {
                    Some(_) => std::io::read_to_string(flate2::read::GzDecoder::new(&*body)).unwrap(),
                    None => String::from_utf8(body.to_vec()).unwrap(),
                };
                let documents: Vec<Value> = text
                    .lines()
                    .skip(1)
                    .step_by(2)
                    .map(|line| serde_json::from_str(line).unwrap())
                    .collect();
                let is_poison = |document: &Value| document["message"].as_str().unwrap().contains("poison");
                if whole && documents.iter().any(is_poison) {
                    return HttpResponse::InternalServerError()
                        .json(json!({"error": {"type": "bug", "reason": "so"}}));
                }
                let items: Vec<Value> = documents
                    .iter()
                    .map(|document| {
                        if is_poison(document) {
                            json!({"create": {"status": 500, "error": {"type": "bug", "reason": "so"}}})
                        } else {
                            json!({"create": {"status": 201}})
                        }
                    })
                    .collect();
                HttpResponse::Ok().json(json!({"errors": true, "items": items}))
            },
        ))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    tokio::spawn(server.run());
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_document_at_which_elasticsearch_fails_for_ever_is_set_aside_and_the_rest_arrives() {
    // The server says so of the document, or of all that came with it.
    for whole in [false, true] {
        let url = ailing(whole);
        let folder = tempfile::tempdir().unwrap();
        let logs = ElasticsearchLogs::new(&options(&[&url], "edge")).unwrap();
        let pipeline = pipeline(&folder, vec![Arc::new(logs)]);
        let lines: Vec<LogEntry> = (0..300)
            .map(|seq| line(1, seq, if seq == 123 { "poison" } else { "fine" }))
            .collect();
        pipeline.write(&lines).await.unwrap();
        assert!(pipeline.drained(PATIENCE).await.is_empty(), "whole: {whole}");
        let shown = pipeline.set_aside().unwrap();
        let shown: Vec<u64> = shown["elasticsearch"].iter().map(|one| one.entry.seq).collect();
        assert_eq!(shown, [123], "whole: {whole}");
        // Also where nothing else is on its way.
        pipeline.write(&[line(1, 300, "poison again")]).await.unwrap();
        assert!(pipeline.drained(PATIENCE).await.is_empty(), "whole: {whole}");
        assert_eq!(pipeline.figures().refused["elasticsearch"], 2);
        pipeline.close(PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_whose_disk_hangs_holds_up_no_other_and_no_end() {
    let folder = tempfile::tempdir().unwrap();
    // Opening a pipe that nobody reads takes for ever.
    let pipe = folder.path().join("hangs");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let kept = EmbeddedLogs::open(&folder.path().join("logs.db")).await.unwrap();
    let first = pipeline(
        &folder,
        vec![
            Arc::new(FileSink::new(pipe.clone()).unwrap()),
            Arc::new(kept.clone()),
        ],
    );
    for seq in 0..1000 {
        first.write(&[line(1, seq, "goes on")]).await.unwrap();
    }
    assert!(first.reached("embedded", PATIENCE).await);
    assert_eq!(kept.last_seq(id(1)).await.unwrap(), Some(999));
    let left = tokio::time::timeout(PATIENCE, first.close(Duration::from_millis(200)))
        .await
        .expect("nobody waits for it");
    assert_eq!(left.values().copied().collect::<Vec<_>>(), [1000], "{left:?}");
    drop(first);
    // What waited comes when there is a disk again.
    let reading = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            // The thread that hung writes as well, what was handed to it then.
            let mut reader = std::io::BufReader::new(std::fs::File::open(pipe).unwrap());
            let mut seqs = std::collections::BTreeSet::new();
            let mut text = String::new();
            while seqs.len() < 1000 {
                text.clear();
                if std::io::BufRead::read_line(&mut reader, &mut text).unwrap() > 0 {
                    let json: Value = serde_json::from_str(&text).unwrap();
                    seqs.insert(json["edgewise"]["seq"].as_u64().unwrap());
                }
            }
            seqs.len()
        }
    });
    let second = pipeline(
        &folder,
        vec![Arc::new(FileSink::new(pipe).unwrap()), Arc::new(kept)],
    );
    assert!(second.drained(PATIENCE).await.is_empty());
    assert_eq!(reading.join().unwrap(), 1000);
    second.close(PATIENCE).await;
}
