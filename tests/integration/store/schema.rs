//! The schema: the same on both backends, and never older than the binary thinks; one server on one file.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use diesel::backend::Backend;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use edgewise::store::{Store, StoreError};
use tokio_postgres::NoTls;

use super::world;
use crate::support::port::Port;
use crate::support::postgres;

/// For each table and column: its type and whether it may be null. The primary key's columns in order; the
/// columns of foreign keys with what they refer to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    columns: BTreeMap<(String, String), (String, bool)>,
    keys: BTreeMap<String, Vec<String>>,
    references: BTreeMap<(String, String), String>,
    indexes: BTreeMap<String, Vec<String>>,
}

#[derive(QueryableByName)]
struct SqliteColumn {
    #[diesel(sql_type = Text)]
    in_table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    is: String,
    #[diesel(sql_type = BigInt)]
    required: i64,
    #[diesel(sql_type = BigInt)]
    key_place: i64,
}

#[derive(QueryableByName)]
struct SqliteReference {
    #[diesel(sql_type = Text)]
    in_table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    refers_to: String,
}

#[derive(QueryableByName)]
struct SqliteIndex {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    on_column: String,
}

const OURS: &str =
    "m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";

fn sqlite_shape(path: &std::path::Path) -> Shape {
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let mut shape = Shape::default();
    let columns: Vec<SqliteColumn> = diesel::sql_query(format!(
        "SELECT m.name AS in_table, c.name AS name, c.type AS \"is\", c.\"notnull\" AS required, \
         c.pk AS key_place FROM sqlite_master m, pragma_table_info(m.name) c WHERE {OURS} ORDER BY c.pk"
    ))
    .load(&mut conn)
    .unwrap();
    for column in columns {
        // SQLite's way to say "counts up by itself": an integer of 64 bits.
        let counts_up = column.is == "INTEGER" && column.key_place == 1;
        let is = if counts_up { "BIGINT".to_owned() } else { column.is };
        if column.key_place > 0 {
            shape
                .keys
                .entry(column.in_table.clone())
                .or_default()
                .push(column.name.clone());
        }
        shape.columns.insert(
            (column.in_table, column.name),
            (is, counts_up || column.required == 1),
        );
    }
    let references: Vec<SqliteReference> = diesel::sql_query(format!(
        "SELECT m.name AS in_table, f.\"from\" AS name, \
         f.\"table\" || '.' || f.\"to\" || ' ' || f.on_delete AS refers_to \
         FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE {OURS}"
    ))
    .load(&mut conn)
    .unwrap();
    for reference in references {
        shape
            .references
            .insert((reference.in_table, reference.name), reference.refers_to);
    }
    let indexes: Vec<SqliteIndex> = diesel::sql_query(
        "SELECT m.name AS name, i.name AS on_column FROM sqlite_master m, pragma_index_info(m.name) i \
         WHERE m.type = 'index' AND m.sql IS NOT NULL ORDER BY m.name, i.seqno",
    )
    .load(&mut conn)
    .unwrap();
    for index in indexes {
        shape.indexes.entry(index.name).or_default().push(index.on_column);
    }
    shape
}

async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn postgres_shape(url: &str) -> Shape {
    let client = client(url).await;
    let mut shape = Shape::default();
    let ours = "n.nspname = 'public' AND t.relkind = 'r' AND t.relname NOT LIKE '\\_\\_%'";
    let columns = format!(
        "SELECT t.relname::text, a.attname::text, upper(format_type(a.atttypid, a.atttypmod)), a.attnotnull \
         FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE {ours}"
    );
    for row in client.query(&columns, &[]).await.unwrap() {
        shape
            .columns
            .insert((row.get(0), row.get(1)), (row.get(2), row.get(3)));
    }
    let keys = format!(
        "SELECT t.relname::text, a.attname::text FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'p' \
         JOIN LATERAL unnest(c.conkey) WITH ORDINALITY k(attnum, place) ON true \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum WHERE {ours} ORDER BY t.relname, k.place"
    );
    for row in client.query(&keys, &[]).await.unwrap() {
        shape.keys.entry(row.get(0)).or_default().push(row.get(1));
    }
    let references = format!(
        "SELECT t.relname::text, a.attname::text, r.relname || '.' || b.attname || ' ' || \
         CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'NO ACTION' END \
         FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' JOIN pg_class r ON r.oid = c.confrelid \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] \
         JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = c.confkey[1] WHERE {ours}"
    );
    for row in client.query(&references, &[]).await.unwrap() {
        shape.references.insert((row.get(0), row.get(1)), row.get(2));
    }
    let indexes = format!(
        "SELECT x.relname::text, a.attname::text FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_index i ON i.indrelid = t.oid AND NOT i.indisunique JOIN pg_class x ON x.oid = i.indexrelid \
         JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, place) ON true \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum WHERE {ours} ORDER BY x.relname, k.place"
    );
    for row in client.query(&indexes, &[]).await.unwrap() {
        shape.indexes.entry(row.get(0)).or_default().push(row.get(1));
    }
    shape
}

#[tokio::test(flavor = "multi_thread")]
async fn both_schemas_are_the_same() {
    let (_store, folder) = world::sqlite().await;
    let url = postgres::fresh_database().await;
    Store::open(&url).await.unwrap();
    let sqlite = sqlite_shape(&folder.path().join("edgewise.db"));
    assert!(sqlite.columns.len() > 80 && sqlite.keys.len() > 12 && sqlite.references.len() > 7);
    assert_eq!(sqlite, postgres_shape(&url).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_is_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("edgewise.db");
    for url in [
        format!("sqlite:{}", file.display()),
        postgres::fresh_database().await,
    ] {
        // Two servers that start at once on a new store.
        let (a, b) = tokio::join!(Store::open_and_migrate(&url), Store::open_and_migrate(&url));
        let (store, mut run) = a.unwrap();
        run.extend(b.unwrap().1);
        let all = std::fs::read_dir("migrations/sqlite").unwrap().count();
        assert_eq!(run.len(), all, "{run:?}");
        assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
        store.ping().await.unwrap();
    }
    for name in ["edgewise.db", "edgewise.db-wal", "edgewise.db-shm"] {
        if let Ok(facts) = std::fs::metadata(folder.path().join(name)) {
            assert_eq!(facts.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_migration_goes_back_and_forth() {
    fn back_and_forth<DB: Backend>(conn: &mut impl MigrationHarness<DB>, folder: &str) {
        let migrations = || FileBasedMigrations::from_path(folder).unwrap();
        let forth = conn.run_pending_migrations(migrations()).unwrap().len();
        assert!(forth > 0);
        assert_eq!(conn.revert_all_migrations(migrations()).unwrap().len(), forth);
        assert_eq!(conn.run_pending_migrations(migrations()).unwrap().len(), forth);
    }
    for folder in ["migrations/sqlite", "migrations/logs"] {
        back_and_forth(&mut SqliteConnection::establish(":memory:").unwrap(), folder);
    }
    let url = postgres::fresh_database().await;
    tokio::task::spawn_blocking(move || {
        let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::establish(&url).unwrap();
        back_and_forth(&mut conn, "migrations/postgres");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused() {
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
    let (store, folder) = world::sqlite().await;
    drop(store);
    let file = folder.path().join("edgewise.db");
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    diesel::sql_query(newer).execute(&mut conn).unwrap();

    let url = postgres::fresh_database().await;
    Store::open(&url).await.unwrap();
    client(&url).await.batch_execute(newer).await.unwrap();

    for url in [format!("sqlite:{}", file.display()), url] {
        let refused = Store::open(&url).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::NewerSchema { found, known }
                if found == "29990101000000" && known < found),
            "{refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_out_of_reach_says_so_without_its_password() {
    let nobody = Port::hold();
    let table = [
        "mysql://root:hunter2@localhost/x".to_owned(),
        "sqlite:/dev/null/hunter.db".to_owned(),
        format!("postgres://edgewise:hunter2@{}/x", nobody.address()),
    ];
    for url in table {
        let error = Store::open(&url).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Url(_) | StoreError::Unavailable(_)),
            "{url}: {error:?}"
        );
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_serves_a_file_and_several_a_database() {
    let (store, folder) = world::sqlite().await;
    let claim = store.claim_server().unwrap();
    let beside = Store::open(&format!("sqlite:{}", folder.path().join("edgewise.db").display()))
        .await
        .unwrap();
    assert!(matches!(beside.claim_server(), Err(StoreError::AlreadyServed(_))));
    assert_eq!(
        beside.spaces().await.unwrap(),
        [],
        "the command line may work beside a server"
    );
    drop(claim);
    let _claim = beside.claim_server().unwrap();

    let store = world::postgres().await;
    let _first = store.claim_server().unwrap();
    let _second = store.clone().claim_server().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hung_up_is_called_again() {
    let url = postgres::fresh_database().await;
    let store = Store::open(&url).await.unwrap();
    store.ping().await.unwrap();
    let hang_up = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = client(&url).await.query(hang_up, &[]).await.unwrap();
    assert!(!ended.is_empty());
    assert_eq!(store.spaces().await.unwrap(), []);
}
