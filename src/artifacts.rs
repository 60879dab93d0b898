//! What uploads put on hosts: files at the server, and downloads by URL.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use crate::app::ports::Artifacts;
use crate::domain::plan::UploadSource;

/// The largest artifact: it is held in memory once for all targets.
const LARGEST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Reads files of this machine and downloads URLs.
#[derive(Debug, Clone)]
pub struct ArtifactReader {
    client: reqwest::Client,
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
        Ok(Self { client })
    }

    async fn download(&self, url: &str) -> Result<Bytes, String> {
        let told = |error: reqwest::Error| format!("{url}: {error}");
        let mut response = self.client.get(url).send().await.map_err(told)?;
        if !response.status().is_success() {
            return Err(format!("{url} answered {}", response.status()));
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > LARGEST_BYTES {
                return Err(too_large(url));
            }
        }
        Ok(bytes.freeze())
    }

    async fn file(path: &str) -> Result<Bytes, String> {
        let told = |error: std::io::Error| format!("{path}: {error}");
        let known = tokio::fs::metadata(path).await.map_err(told)?;
        if !known.is_file() {
            return Err(format!("{path} is not a file"));
        }
        if known.len() > LARGEST_BYTES {
            return Err(too_large(path));
        }
        tokio::fs::read(path).await.map(Bytes::from).map_err(told)
    }
}

fn too_large(source: &str) -> String {
    format!("{source} is larger than {LARGEST_BYTES} bytes: let the hosts download it (`fetch`)")
}

#[async_trait]
impl Artifacts for ArtifactReader {
    async fn read(&self, source: &UploadSource) -> Result<Bytes, String> {
        match source {
            UploadSource::Path(path) => Self::file(path).await,
            UploadSource::Url(url) => self.download(url).await,
            UploadSource::Content(text) => Ok(Bytes::from(text.clone())),
        }
    }
}
