//! The store, opened by this process itself: also beside a running server, which sees a change at its next request.

use super::exit::{Exit, Failure};
use crate::boot;
use crate::domain::actor::Actor;
use crate::domain::timestamp::Timestamp;
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// Opens the store that the settings name, and brings its schema up to date; which migrations were run.
pub async fn open(settings: &Settings) -> Result<(Store, Vec<String>), Failure> {
    make_data_folder(settings)?;
    Store::open_and_migrate(settings.store.url.reveal())
        .await
        .map_err(Failure::from)
}

/// The data folder, where the default store is in it.
fn make_data_folder(settings: &Settings) -> Result<(), Failure> {
    let folder = &settings.server.data_dir;
    let wanted = format!("sqlite:{}/", folder.display());
    if !settings.store.url.reveal().starts_with(&wanted) || folder.is_dir() {
        return Ok(());
    }
    boot::make_data_folder(folder)
        .map_err(|error| Failure::failed(format!("cannot make the folder {}: {error}", folder.display())))
}

/// Who is at the console, for revisions and tokens.
#[must_use]
pub fn console() -> Actor {
    let name = ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|variable| std::env::var(variable).ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    Actor::Console { name }
}

/// The moment it is.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Url(_) | StoreError::Missing(_) | StoreError::Unstorable(_) => Exit::Usage,
            StoreError::Unavailable(_) => Exit::OutOfReach,
            StoreError::Conflict(_) | StoreError::AlreadyServed(_) => Exit::Refused,
            StoreError::NewerSchema { .. }
            | StoreError::Migration(_)
            | StoreError::Corrupt { .. }
            | StoreError::TakenOver
            | StoreError::Contradicted(_)
            | StoreError::Query(_) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}
