//! What an action uploads: each source is looked at once for all targets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::app::ports::{Artifacts, Payload};
use crate::app::uploads;
use crate::domain::plan::{Carried, UploadSource};

/// A source that is looked at once.
#[derive(Default)]
struct Cell {
    payload: OnceCell<Result<Payload, String>>,
    carried: OnceCell<Vec<Carried>>,
}

/// The payloads of one action.
pub(super) struct Payloads {
    artifacts: Arc<dyn Artifacts>,
    read: Mutex<HashMap<String, Arc<Cell>>>,
}

impl Payloads {
    pub(super) fn new(artifacts: Arc<dyn Artifacts>) -> Self {
        Self {
            artifacts,
            read: Mutex::default(),
        }
    }

    /// What a source holds. `content` is given with its secrets filled in already.
    pub(super) async fn get(&self, source: &UploadSource) -> Result<Payload, String> {
        match source {
            UploadSource::Content(text) => Ok(Payload::of_bytes(Bytes::from(text.clone()))),
            UploadSource::Path(key) | UploadSource::Url(key) => self.filled(key, source).await.1,
        }
    }

    async fn filled(&self, key: &str, source: &UploadSource) -> (Arc<Cell>, Result<Payload, String>) {
        let cell = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(read.entry(key.to_owned()).or_default())
        };
        let reading = cell.payload.get_or_init(|| self.artifacts.read(source));
        let result = reading.await.clone();
        if result.is_err() {
            // A later attempt may find it.
            self.read
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(key);
        }
        (cell, result)
    }

    /// The texts of a source that a later step may run. They are those of its digest: what is there by the time it is
    /// put on a host is compared with that.
    pub(super) async fn carried(&self, source: &UploadSource) -> Result<Vec<Carried>, String> {
        match source {
            UploadSource::Content(text) => Ok(vec![Carried::of("", text.as_bytes(), true)]),
            UploadSource::Path(key) | UploadSource::Url(key) => {
                let (cell, payload) = self.filled(key, source).await;
                let payload = payload?;
                let carried = cell.carried.get_or_try_init(|| uploads::carried(&payload));
                carried.await.cloned()
            }
        }
    }

    /// The same, where what cannot be read (any more) has none: its digest is that of the plan, which was judged with them.
    pub(super) async fn texts(&self, source: &UploadSource) -> Vec<Carried> {
        self.carried(source).await.unwrap_or_default()
    }
}
