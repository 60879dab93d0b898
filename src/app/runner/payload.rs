//! The bytes that an action uploads: each source is read once for all targets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::app::ports::Artifacts;
use crate::domain::plan::UploadSource;

/// Bytes with their SHA-256 (hex).
#[derive(Debug, Clone)]
pub(super) struct Payload {
    pub(super) bytes: Bytes,
    pub(super) sha256: String,
}

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

    /// The bytes of a source. `content` is given with its secrets filled in already.
    pub(super) async fn get(&self, source: &UploadSource) -> Result<Payload, String> {
        let key = match source {
            UploadSource::Content(text) => return Ok(payload(Bytes::from(text.clone()))),
            UploadSource::Path(path) => path,
            UploadSource::Url(url) => url,
        };
        let cell = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(read.entry(key.clone()).or_default())
        };
        let result = cell
            .get_or_init(|| async { self.artifacts.read(source).await.map(payload) })
            .await
            .clone();
        if result.is_err() {
            // A later attempt may find it.
            self.read
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(key);
        }
        result
    }
}

fn payload(bytes: Bytes) -> Payload {
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
    Payload { bytes, sha256 }
}
