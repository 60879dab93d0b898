//! The file: its settings, its schema, its connections.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{Connection, ConnectionError};
use diesel_async::AsyncConnection;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt;

use super::{Connections, EmbeddedLogError, words};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/logs");

/// WAL lets readers read while a batch is written. FULL forces each batch to the disk before it counts as delivered: the spool
/// forgets it then, so that after a power cut nobody would write it again.
const SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864;";

fn unavailable(error: impl std::fmt::Display) -> EmbeddedLogError {
    EmbeddedLogError::Unavailable(error.to_string())
}

fn text(path: &Path) -> Result<&str, EmbeddedLogError> {
    path.to_str().ok_or_else(|| unavailable("its path is not UTF-8"))
}

/// Makes the file where there is none, for its owner only, and runs the migrations that are missing.
pub(super) async fn migrate(path: PathBuf) -> Result<(), EmbeddedLogError> {
    tokio::task::spawn_blocking(move || {
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| unavailable(format!("{}: {error}", path.display())))?;
        let mut conn = SqliteConnection::establish(text(&path)?).map_err(unavailable)?;
        // Before the first table: room that retention frees can be given back in parts.
        conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA auto_vacuum = INCREMENTAL;")?;
        conn.batch_execute(SETTINGS)?;
        conn.exclusive_transaction(|conn| {
            let known: Vec<String> = MigrationSource::<Sqlite>::migrations(&MIGRATIONS)
                .map_err(unavailable)?
                .iter()
                .map(|migration| migration.name().version().to_string())
                .collect();
            let applied = conn.applied_migrations().map_err(unavailable)?;
            let newer = applied
                .iter()
                .map(ToString::to_string)
                .filter(|version| !known.contains(version))
                .max();
            if let Some(found) = newer {
                return Err(EmbeddedLogError::NewerSchema { found });
            }
            let run = conn.run_pending_migrations(MIGRATIONS).map_err(unavailable)?;
            if !run.is_empty() {
                words::index_all(conn)?;
            }
            Ok(())
        })
    })
    .await
    .map_err(unavailable)?
}

pub(super) async fn connections(path: &Path, size: u32) -> Result<Connections, EmbeddedLogError> {
    let mut config = ManagerConfig::<SyncConnectionWrapper<SqliteConnection>>::default();
    config.custom_setup = Box::new(|url| {
        let url = url.to_owned();
        async move {
            let mut conn = SyncConnectionWrapper::<SqliteConnection>::establish(&url).await?;
            conn.spawn_blocking(|conn| conn.batch_execute(SETTINGS))
                .await
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    Pool::builder()
        .max_size(size)
        .min_idle(1)
        .connection_timeout(Duration::from_secs(30))
        .test_on_check_out(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .build(AsyncDieselConnectionManager::new_with_config(text(path)?, config))
        .await
        .map_err(unavailable)
}
