//! The schema: brought up to date, or refused where it is newer than this binary.

use diesel::connection::SimpleConnection;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, RunQueryDsl};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::StoreError;
use super::place::Place;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Runs the migrations that are missing, all or none, and says which they were.
pub(super) async fn migrate(place: Place) -> Result<Vec<String>, StoreError> {
    // Migrations are synchronous; PostgreSQL's run through a wrapper that may block its thread.
    tokio::task::spawn_blocking(move || match place {
        Place::Sqlite(path) => {
            let url = path.to_str().ok_or(StoreError::Url("the path is not UTF-8"))?;
            create_privately(&path)?;
            let mut conn = SqliteConnection::establish(url)?;
            conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;")?;
            // Of two processes that open a new file at once, the second finds everything done.
            conn.exclusive_transaction(|conn| run(conn, SQLITE))
        }
        Place::Postgres(url) => {
            let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::establish(&url)?;
            // Of two servers that start at once, the second waits and finds everything done.
            conn.transaction(|conn| {
                diesel::sql_query("SELECT pg_advisory_xact_lock(111540027031552)").execute(conn)?;
                run(conn, POSTGRES)
            })
        }
    })
    .await
    .map_err(|error| StoreError::Migration(error.to_string()))?
}

/// The store holds password hashes and configuration: a new file is for its owner only. SQLite gives the
/// files beside it (`-wal`, `-shm`) the same permissions.
fn create_privately(path: &std::path::Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
}

fn run<DB, C>(conn: &mut C, known: EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Migration(error.to_string());
    let mut versions: Vec<String> = MigrationSource::<DB>::migrations(&known)
        .map_err(failed)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    versions.sort();
    let applied = conn.applied_migrations().map_err(failed)?;
    if let Some(newer) = applied
        .iter()
        .map(ToString::to_string)
        .filter(|version| !versions.contains(version))
        .max()
    {
        return Err(StoreError::NewerSchema {
            found: newer,
            known: versions.pop().unwrap_or_default(),
        });
    }
    let run = conn.run_pending_migrations(known).map_err(failed)?;
    Ok(run.iter().map(MigrationVersion::to_string).collect())
}
