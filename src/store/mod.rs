//! The store: everything Edgewise must not forget, on SQLite or PostgreSQL by the same code (Diesel).
//!
//! One file for each aggregate, with the rows it keeps to itself; the methods of `Store` speak the domain's
//! types. Every moment is handed in. What belongs together is written in one transaction.

mod action;

mod column;
mod configuration;
mod error;
mod inventory;
mod lease;
mod login_code;
mod migrate;
mod notice;
mod place;
mod pools;
mod quarantine;
mod revision;
mod schema;
mod server_claim;
mod session;
mod steer;
mod token;
mod user;

pub use action::{
    ActionFilter, ActionPage, ActionRecord, ActionUpdate, ConflictRule, Correlation, CreateError, Created,
    FrozenAction, Held, Idempotency, LiveCount, NewAction, PruneRule, ServerId, StatusCount, StoredEvent,
};
pub use configuration::{Applied, ConfigChange, ConfigKey, ConfigKind, ConfigObject, Script, Verb};
pub use error::StoreError;
pub use inventory::{InventoryEntry, RecordedVersion};
pub use lease::{HeldLease, LeaseConflict, TakeLeasesError};
pub use notice::{Fate, NoticeId, OutboxNotice, ToldNotice};
pub use quarantine::{FoundBad, LiftError};
pub use revision::Revision;
pub use server_claim::ServerClaim;
pub use session::Session;
pub use steer::{SteerId, StoredSteer};
pub use token::Token;
pub use user::{PasswordHash, User};

use place::Place;
use pools::Pools;

/// The store. Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    place: Place,
}

impl Store {
    /// Connects to what `url` names (`sqlite:PATH` or `postgres://...`), creating the SQLite file where
    /// there is none, and brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`], [`StoreError::Unavailable`], [`StoreError::NewerSchema`] and
    /// [`StoreError::Migration`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self::open_and_migrate(url).await?.0)
    }

    /// The same, and says which migrations were run: none where the schema was up to date.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_and_migrate(url: &str) -> Result<(Self, Vec<String>), StoreError> {
        let place = Place::parse(url)?;
        let run = migrate::migrate(place.clone()).await?;
        let pools = Pools::connect(&place).await?;
        Ok((Self { pools, place }, run))
    }

    /// Runs the migrations that are missing, all or none, and says which they were.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migrate::migrate(self.place.clone()).await
    }

    /// Whether several servers may work on it: not on an SQLite file.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.place, Place::Postgres(_))
    }

    /// Looks whether the store answers, for `GET /readyz`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        use diesel_async::RunQueryDsl;
        reading!(self, conn => {
            diesel::sql_query("SELECT 1").execute(conn).await?;
            Ok(())
        })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL of a PostgreSQL store may hold a password.
        match &self.place {
            Place::Sqlite(path) => write!(f, "Store({})", path.display()),
            Place::Postgres(_) => f.write_str("Store(postgres)"),
        }
    }
}

use pools::{reading, writing};
