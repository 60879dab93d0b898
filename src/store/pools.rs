//! Connections to either database, and the two macros that let each query be written once.
//!
//! SQLite has one writing connection, so that writers queue here rather than on the file's lock, and a few
//! reading ones that no writer ever blocks (WAL). PostgreSQL has one pool for both.
//!
//! `reading!` and `writing!` expand their body once for each backend: the connections are of different
//! types, and a function that is generic over both would need a page of bounds for each query.

use std::time::Duration;

use diesel::connection::AnsiTransactionManager;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{
    AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager,
};
use futures_util::FutureExt;

use super::StoreError;
use super::place::Place;

/// A connection to SQLite.
pub(super) type SqliteConn = SyncConnectionWrapper<SqliteConnection>;

/// How many SQLite connections read beside the one that writes.
const SQLITE_READERS: u32 = 4;
/// How many connections PostgreSQL is asked for at most.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long to wait for a free connection, and for another process's lock on the SQLite file.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every SQLite connection is told first. `synchronous = NORMAL` with WAL survives the end of the
/// process at any moment; see docs/decisions for what a power cut may undo.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;";

/// The connections of a store.
#[derive(Clone)]
pub(super) enum Pools {
    Sqlite {
        readers: Pool<SqliteConn>,
        writer: Pool<SqliteConn>,
    },
    Postgres(Pool<AsyncPgConnection>),
}

impl Pools {
    pub(super) async fn connect(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::Sqlite(path) => {
                let url = path.to_str().ok_or(StoreError::Url("the path is not UTF-8"))?;
                Ok(Self::Sqlite {
                    writer: sqlite_pool(url, 1).await?,
                    readers: sqlite_pool(url, SQLITE_READERS).await?,
                })
            }
            Place::Postgres(url) => Pool::builder()
                .max_size(POSTGRES_CONNECTIONS)
                .connection_timeout(PATIENCE)
                .build(AsyncDieselConnectionManager::new(url))
                .await
                .map(Self::Postgres)
                .map_err(StoreError::from),
        }
    }
}

impl Pools {
    /// SQL for the elements of the JSON array in parameter `$number`: rows with a column `value`, of which
    /// `value ->> 0` is an element's own first element. Many rows go into a table this way in one statement,
    /// which Diesel writes for PostgreSQL alone.
    pub(super) fn elements_of(&self, number: u8) -> String {
        match self {
            Self::Sqlite { .. } => format!("json_each(${number})"),
            Self::Postgres(_) => format!("json_array_elements(${number}::json)"),
        }
    }
}

async fn sqlite_pool(url: &str, size: u32) -> Result<Pool<SqliteConn>, StoreError> {
    let mut config = ManagerConfig::<SqliteConn>::default();
    config.custom_setup = Box::new(|url| {
        let url = url.to_owned();
        async move {
            let mut conn = SqliteConn::establish(&url).await?;
            conn.batch_execute(SQLITE_SETTINGS)
                .await
                .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder()
        .max_size(size)
        .min_idle(1)
        .connection_timeout(PATIENCE)
        // A file does not hang up, so there is nothing to test; and connections are worth keeping.
        .test_on_check_out(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .build(manager)
        .await
        .map_err(StoreError::from)
}

/// What must not be decided by two writers at once. SQLite has one writer anyway; on PostgreSQL the
/// transaction takes an advisory lock of this number, which ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alone {
    /// Nothing: the rows' own keys are enough.
    No,
    /// Changes of configuration.
    Configuration,
    /// Who may have which targets.
    Targets,
}

impl Alone {
    fn lock_number(self) -> Option<i64> {
        match self {
            Self::No => None,
            Self::Configuration => Some(0x6564_6765_0001),
            Self::Targets => Some(0x6564_6765_0002),
        }
    }
}

/// Begins a transaction that writes.
pub(super) trait BeginWriting {
    async fn begin_writing(&mut self, alone: Alone) -> Result<(), StoreError>;
}

impl BeginWriting for SqliteConn {
    async fn begin_writing(&mut self, _: Alone) -> Result<(), StoreError> {
        // IMMEDIATE takes the file's write lock at once: a transaction that reads first and finds the lock
        // taken when it wants to write could only fail.
        self.spawn_blocking(|conn| AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"))
            .await
            .map_err(StoreError::from)
    }
}

impl BeginWriting for AsyncPgConnection {
    async fn begin_writing(&mut self, alone: Alone) -> Result<(), StoreError> {
        <Self as AsyncConnection>::TransactionManager::begin_transaction(self).await?;
        if let Some(number) = alone.lock_number() {
            diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
                .bind::<BigInt, _>(number)
                .execute(self)
                .await?;
        }
        Ok(())
    }
}

/// Commits what went well, undoes what did not. Where the future is dropped before, the pool sees the open
/// transaction and closes the connection, which undoes it too.
pub(super) async fn finish<C, T, E>(conn: &mut C, outcome: Result<T, E>) -> Result<T, E>
where
    C: AsyncConnection,
    E: From<StoreError>,
{
    match outcome {
        Ok(value) => C::TransactionManager::commit_transaction(conn)
            .await
            .map(|()| value)
            .map_err(|error| E::from(error.into())),
        Err(error) => {
            // The first error is the one that tells something; a failed undoing closes the connection.
            let _ = C::TransactionManager::rollback_transaction(conn).await;
            Err(error)
        }
    }
}

/// Evaluates `$body` with a connection that only reads. The body may use `?`.
macro_rules! reading {
    ($store:expr, $conn:ident => $body:expr) => {
        match &$store.pools {
            $crate::store::pools::Pools::Sqlite { readers, .. } => {
                let mut pooled = readers.get().await.map_err($crate::store::StoreError::from)?;
                let $conn = &mut *pooled;
                $body
            }
            $crate::store::pools::Pools::Postgres(pool) => {
                let mut pooled = pool.get().await.map_err($crate::store::StoreError::from)?;
                let $conn = &mut *pooled;
                $body
            }
        }
    };
}

/// Evaluates `$body` in one transaction that writes, committed where the body's value is `Ok`. The value of
/// the whole is the body's. `?` inside ends the body, not the function.
macro_rules! writing {
    ($store:expr, $alone:expr, $conn:ident => $body:block) => {
        match &$store.pools {
            $crate::store::pools::Pools::Sqlite { writer, .. } => {
                let mut pooled = writer.get().await.map_err($crate::store::StoreError::from)?;
                let $conn = &mut *pooled;
                $crate::store::pools::BeginWriting::begin_writing($conn, $alone).await?;
                let outcome = async { $body }.await;
                $crate::store::pools::finish($conn, outcome).await
            }
            $crate::store::pools::Pools::Postgres(pool) => {
                let mut pooled = pool.get().await.map_err($crate::store::StoreError::from)?;
                let $conn = &mut *pooled;
                $crate::store::pools::BeginWriting::begin_writing($conn, $alone).await?;
                let outcome = async { $body }.await;
                $crate::store::pools::finish($conn, outcome).await
            }
        }
    };
}

pub(super) use {reading, writing};
