//! What an action uploads: each source is looked at once for all targets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::app::ports::{Artifacts, Payload};
use crate::app::uploads;
use crate::domain::plan::{Carried, UploadSource};

type Cell = Arc<OnceCell<Result<Payload, String>>>;

/// The payloads of one action.
pub(super) struct Payloads {
    artifacts: Arc<dyn Artifacts>,
    read: Mutex<HashMap<String, Cell>>,
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
        let key = match source {
            UploadSource::Content(text) => return Ok(Payload::of_bytes(Bytes::from(text.clone()))),
            UploadSource::Path(path) => path,
            UploadSource::Url(url) => url,
        };
        let cell = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(read.entry(key.clone()).or_default())
        };
        let result = cell.get_or_init(|| self.artifacts.read(source)).await.clone();
        if result.is_err() {
            // A later attempt may find it.
            self.read
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(key);
        }
        result
    }

    /// The texts of a source that a later step may run. What cannot be read (any more) has none: its digest is that of
    /// the plan, which was judged with them.
    pub(super) async fn texts(&self, source: &UploadSource) -> Vec<Carried> {
        match self.get(source).await {
            Ok(payload) => uploads::carried(&payload).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }
}
