//! What uploads put on hosts: files and folders at the server, and downloads by URL.

mod file;
mod folder;
mod pieces;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::app::ports::{Artifacts, Payload};
use crate::domain::plan::UploadSource;

use file::FileContent;
use pieces::Pieces;

/// The largest download: it lies in the folder for temporary files as long as its action runs.
const LARGEST_DOWNLOAD_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// Reads files and folders of this machine and downloads URLs.
#[derive(Debug, Clone)]
pub struct ArtifactReader {
    client: reqwest::Client,
    pieces: Arc<Pieces>,
}

impl ArtifactReader {
    /// # Errors
    /// Where the TLS roots cannot be loaded.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(15))
            .read_timeout(Duration::from_mins(1))
            .user_agent(concat!("edgewise/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            pieces: Arc::default(),
        })
    }

    async fn download(&self, url: &str) -> Result<Payload, String> {
        let told = |error: reqwest::Error| format!("{url}: {error}");
        let kept = |error: std::io::Error| format!("{url} cannot be kept: {error}");
        let mut response = self.client.get(url).send().await.map_err(told)?;
        if !response.status().is_success() {
            return Err(format!("{url} answered {}", response.status()));
        }
        let (file, path) = tempfile::NamedTempFile::new().map_err(kept)?.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let (mut hash, mut size) = (Sha256::new(), 0);
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            size += chunk.len() as u64;
            if size > LARGEST_DOWNLOAD_BYTES {
                return Err(format!(
                    "{url} is larger than {LARGEST_DOWNLOAD_BYTES} bytes: let the hosts download it (`fetch`)"
                ));
            }
            hash.update(&chunk);
            file.write_all(&chunk).await.map_err(kept)?;
        }
        file.flush().await.map_err(kept)?;
        Ok(Payload::File {
            content: Arc::new(FileContent::of_temporary(path, &self.pieces)?),
            sha256: data_encoding::HEXLOWER.encode(&hash.finalize()),
        })
    }

    async fn look(&self, path: &str) -> Result<Payload, String> {
        let (place, pieces) = (PathBuf::from(path), Arc::clone(&self.pieces));
        let looking = tokio::task::spawn_blocking(move || {
            if place.is_dir() {
                return Ok(Payload::Folder(Arc::new(folder::look(&place, &pieces)?)));
            }
            let (content, sha256) = FileContent::look(&place, &pieces)?;
            Ok(Payload::File {
                content: Arc::new(content),
                sha256,
            })
        });
        looking
            .await
            .unwrap_or_else(|error| Err(format!("{path}: {error}")))
    }
}

#[async_trait]
impl Artifacts for ArtifactReader {
    async fn read(&self, source: &UploadSource) -> Result<Payload, String> {
        match source {
            UploadSource::Path(path) => self.look(path).await,
            UploadSource::Url(url) => self.download(url).await,
            UploadSource::Content(text) => Ok(Payload::of_bytes(Bytes::from(text.clone()))),
        }
    }
}
