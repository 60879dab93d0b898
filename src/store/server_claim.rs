//! One server on one SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use diesel::ExpressionMethods;
use diesel_async::RunQueryDsl;

use super::place::Place;
use super::pools::Alone;
use super::schema::actions;
use super::{Store, StoreError, writing};

/// The right to serve this store, until it is dropped or the process ends in whatever way.
#[derive(Debug)]
pub struct ServerClaim {
    /// Locked while it is open; none on PostgreSQL.
    lock: Option<File>,
}

impl Store {
    /// Makes sure that no other server works on the same SQLite file: a lock on `<file>.serve` beside it,
    /// which the operating system lets go when the process ends. On PostgreSQL several servers may work side by
    /// side, and nothing is locked.
    ///
    /// # Errors
    /// [`StoreError::AlreadyServed`], or [`StoreError::Unavailable`] where the lock file cannot be made.
    pub fn claim_server(&self) -> Result<ServerClaim, StoreError> {
        let Place::Sqlite(path) = &self.place else {
            return Ok(ServerClaim { lock: None });
        };
        let mut beside = path.clone().into_os_string();
        beside.push(".serve");
        let beside = PathBuf::from(beside);
        let unusable =
            |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", beside.display()));
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&beside)
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(ServerClaim { lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyServed(path.clone())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Frees every action that a server before this one left claimed or resting, so that it goes on at once. On SQLite whoever holds
    /// `claim` is alone, and nobody else can be working on them; on PostgreSQL others may be, and the claims of a dead one
    /// end by themselves.
    pub async fn free_left_claims(&self, claim: &ServerClaim) -> Result<(), StoreError> {
        if claim.lock.is_none() {
            return Ok(());
        }
        writing!(self, Alone::No, conn => {
            diesel::update(actions::table)
                .filter(actions::claimed_until.is_not_null())
                .set((actions::claimed_by.eq(None::<String>), actions::claimed_until.eq(None::<i64>)))
                .execute(conn)
                .await?;
            Ok(())
        })
    }
}
