//! The built-in log store: the suite, and what is its own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl};
use edgewise::app::ports::{LogQuery, LogSearch, LogSink};
use edgewise::domain::log_entry::LogStream;
use edgewise::domain::name::TargetName;
use edgewise::domain::outcome::Outcome;
use edgewise::domain::timestamp::Timestamp;
use edgewise::logs::embedded::{EmbeddedLogError, EmbeddedLogs, LogRetention};

use super::suite;
use super::world::{all, at, id, line, output_of, seqs, with_words};

suite::for_each_case!(open);

async fn open() -> (EmbeddedLogs, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (
        EmbeddedLogs::open(&folder.path().join("logs.db")).await.unwrap(),
        folder,
    )
}

fn connection(folder: &Path) -> SqliteConnection {
    SqliteConnection::establish(folder.join("logs.db").to_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_opening_again() {
    let (logs, folder) = open().await;
    logs.write(&[line(1, 1, "kept")]).await.unwrap();
    drop(logs);
    let path = folder.path().join("logs.db");
    let logs = EmbeddedLogs::open(&path).await.unwrap();
    assert_eq!(seqs(&logs, &all(1)).await, [1]);
    assert_eq!(
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_written_whole_or_not_at_all() {
    let (logs, _folder) = open().await;
    let too_far = line(1, 1 << 40, "no number for it");
    assert!(logs.write(&[line(1, 1, "a"), too_far]).await.is_err());
    assert_eq!(logs.last_seq(id(1)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_file_is_refused() {
    let (logs, folder) = open().await;
    drop(logs);
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")
        .execute(&mut connection(folder.path()))
        .unwrap();
    assert!(matches!(
        EmbeddedLogs::open(&folder.path().join("logs.db")).await,
        Err(EmbeddedLogError::NewerSchema { found }) if found == "29990101000000"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_forgets_whole_actions_and_their_words() {
    let (logs, folder) = open().await;
    for action in 1..=4 {
        let lines: Vec<_> = (0..3000)
            .map(|seq| line(action, seq, "the same words in each line"))
            .collect();
        logs.write(&lines).await.unwrap();
    }
    // The third spoke last.
    logs.write(&[line(3, 9000, "late")]).await.unwrap();
    let size = || std::fs::metadata(folder.path().join("logs.db")).unwrap().len();
    let all_of_them = LogRetention {
        not_before: at(0),
        max_bytes: u64::MAX,
    };
    assert_eq!(logs.prune(all_of_them, &[]).await.unwrap(), 0);

    let by_age = LogRetention {
        not_before: at(5000),
        max_bytes: u64::MAX,
    };
    assert_eq!(
        logs.prune(by_age, &[id(2)]).await.unwrap(),
        2,
        "all but what runs and what is young"
    );
    for (action, left) in [(1, 0), (2, 3000), (3, 3001), (4, 0)] {
        let query = LogQuery {
            limit: 10_000,
            ..all(action)
        };
        assert_eq!(seqs(&logs, &query).await.len(), left);
        let searched = with_words(query, "same");
        assert_eq!(seqs(&logs, &searched).await.len(), left.min(3000));
    }
    diesel::sql_query("INSERT INTO words (words) VALUES ('integrity-check')")
        .execute(&mut connection(folder.path()))
        .expect("the index of words is whole");

    let by_size = LogRetention {
        not_before: at(0),
        max_bytes: 500_000,
    };
    assert_eq!(logs.prune(by_size, &[]).await.unwrap(), 1, "the older of the two");
    assert_eq!(logs.last_seq(id(2)).await.unwrap(), None);
    assert_eq!(logs.last_seq(id(3)).await.unwrap(), Some(9000));

    let nothing = LogRetention {
        not_before: at(i64::from(u32::MAX)),
        max_bytes: 0,
    };
    assert_eq!(logs.prune(nothing, &[]).await.unwrap(), 1);
    diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection(folder.path()))
        .unwrap();
    assert!(size() < 500_000, "room is given back: {}", size());
    // What was forgotten may be written again.
    logs.write(&[line(1, 1, "again")]).await.unwrap();
    assert_eq!(seqs(&logs, &all(1)).await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_an_older_edgewise_is_taken_over_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut conn = connection(folder.path());
    conn.batch_execute(include_str!(
        "../../../migrations/logs/2026-11-21-000000_begin/up.sql"
    ))
    .unwrap();
    conn.batch_execute(&format!(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20261121000000');
         INSERT INTO actions VALUES (1, '{}', 1000, 5);
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 11999)
         INSERT INTO entries SELECT (1 << 36) + n, 1, n, CASE n WHEN 0 THEN 'basic' ELSE 'detail' END,
             CASE WHEN n > 0 THEN 'web-' || (n % 2) END, CASE WHEN n > 0 THEN 'start' END, NULL,
             CASE n WHEN 0 THEN 'story' ELSE 'stdout' END, 'line ' || n, CASE n WHEN 7 THEN 'failed' END, NULL, n * 10 FROM n;",
        id(1)
    ))
    .unwrap();
    drop(conn);
    let logs = EmbeddedLogs::open(&folder.path().join("logs.db")).await.unwrap();
    let everything = LogQuery {
        limit: 20_000,
        ..all(1)
    };
    assert_eq!(seqs(&logs, &everything).await, (0..12_000).collect::<Vec<u64>>());
    assert_eq!(seqs(&logs, &with_words(all(1), "LINE 77")).await, [77]);
    let failed = LogQuery {
        outcome: Some(Outcome::Failed),
        target: Some("web-1".into()),
        ..all(1)
    };
    assert_eq!(seqs(&logs, &failed).await, [7]);
    let read = logs.output_read(&output_of(1, "start")).await.unwrap();
    assert_eq!(read.bytes.stdout, 119_990, "the last line of web-1");
    // It is written on.
    logs.write(&[line(1, 12_000, "more")]).await.unwrap();
    assert_eq!(logs.last_seq(id(1)).await.unwrap(), Some(12_000));
    drop(logs);
    let mut conn = connection(folder.path());
    for back in [
        include_str!("../../../migrations/logs/2026-11-29-000001_blocks/down.sql"),
        include_str!("../../../migrations/logs/2026-11-29-000000_places/down.sql"),
    ] {
        conn.batch_execute(back).expect("there is a way back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_larger_blocks_is_searched_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut conn = connection(folder.path());
    conn.batch_execute(include_str!(
        "../../../migrations/logs/2026-11-21-000000_begin/up.sql"
    ))
    .unwrap();
    conn.batch_execute(include_str!(
        "../../../migrations/logs/2026-11-29-000000_places/up.sql"
    ))
    .unwrap();
    // Blocks 0 to 19 of 256, said to be indexed.
    conn.batch_execute(&format!(
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20261121000000'), ('20261129000000');
         INSERT INTO actions VALUES (1, '{}', 1000, 5, NULL);
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 5119)
         INSERT INTO entries (number, time, level, stream, text)
             SELECT (1 << 36) + n, n, 'detail', 'stdout', 'line ' || n || ' round ' || (n / 10000) FROM n;
         INSERT INTO blocks SELECT number / 256, min(time), max(time), 1 FROM entries GROUP BY number / 256;",
        id(1)
    ))
    .unwrap();
    drop(conn);
    let logs = EmbeddedLogs::open(&folder.path().join("logs.db")).await.unwrap();
    for wanted in [77, 3000, 5119] {
        assert_eq!(
            seqs(&logs, &with_words(all(1), &format!("LINE {wanted}"))).await,
            [wanted]
        );
    }
    let second = LogQuery {
        from: Some(Timestamp::from_millis(4000)),
        until: Some(Timestamp::from_millis(4010)),
        ..all(1)
    };
    assert_eq!(seqs(&logs, &second).await, (4000..4010).collect::<Vec<u64>>());
}

#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[test]
fn the_pages_that_people_read_most_use_their_index() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_logs, folder) = runtime.block_on(open());
    let mut conn = connection(folder.path());
    let table = [
        (
            "level = 'basic' AND number > 1 AND number < 9",
            "entries_of_the_story",
        ),
        ("place = 3 AND number > 1 AND number < 9", "entries_by_place"),
        (
            "place IN (3, 4) AND number > 1 AND number < 9",
            "entries_by_place",
        ),
    ];
    for (filter, index) in table {
        let plan: Vec<PlanLine> = diesel::sql_query(format!(
            "EXPLAIN QUERY PLAN SELECT * FROM entries WHERE {filter} ORDER BY number LIMIT 5"
        ))
        .load(&mut conn)
        .unwrap();
        assert!(plan[0].detail.contains(index), "{filter}: {}", plan[0].detail);
    }
}

#[tokio::test]
async fn what_each_target_wrote_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let logs = EmbeddedLogs::open(&folder.path().join("logs.db")).await.unwrap();
    let of = |seq: u64, target: &str, stream: LogStream, text: &str| {
        let mut entry = line(1, seq, text);
        entry.target = Some(TargetName::parse(target).unwrap());
        entry.stream = stream;
        entry.attempt = Some(1 + u32::try_from(seq % 2).unwrap());
        entry
    };
    let entries = [
        of(1, "web-1", LogStream::Stdout, "four"),
        of(2, "web-1", LogStream::Stderr, "f\u{fc}nf"),
        of(3, "web-1", LogStream::Command, "not what it wrote"),
        of(4, "web-2", LogStream::Stdout, "one"),
        line(2, 1, "of another action"),
    ];
    logs.write(&entries).await.unwrap();
    let said = logs.said(id(1)).await.unwrap();
    let of = |name: &str| said[&TargetName::parse(name).unwrap()];
    assert_eq!((of("web-1").lines, of("web-1").bytes), (2, 4 + 5));
    assert_eq!((of("web-2").lines, of("web-2").bytes), (1, 3));
    assert_eq!(said.len(), 2);
    assert!(logs.said(id(9)).await.unwrap().is_empty());
}
