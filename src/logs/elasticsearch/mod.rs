//! Elasticsearch, and what speaks like it (OpenSearch): dated indices with explicit mappings, written by `create` under ids of
//! our own, so that a repeat is harmless.

mod bulk;
mod error;
mod foreign;
mod indices;
mod nodes;
mod retention;
mod search;
mod template;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::sink::Portion;

pub use error::ElasticsearchError;
pub use indices::{Indices, Period};

use bulk::BulkSize;
use nodes::Nodes;

/// How to reach it, and how its indices are named.
#[derive(Clone)]
pub struct ElasticsearchOptions {
    /// Its nodes; the next one is asked where one does not answer. They may hold a name and a password.
    pub urls: Vec<String>,
    /// How to sign in.
    pub login: Option<Login>,
    /// Certificates (PEM) to trust beside the usual ones.
    pub ca: Option<Vec<u8>>,
    /// How the indices are named.
    pub indices: Indices,
    /// Bytes of one bulk before it is compressed, about.
    pub bulk_bytes: usize,
    /// How long one request may take.
    pub timeout: Duration,
}

/// How to sign in.
#[derive(Clone)]
pub enum Login {
    /// By name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// By an API key: as it was handed out (`id:key`, or that in Base64).
    ApiKey(String),
}

impl ElasticsearchOptions {
    /// These nodes, with everything else as usual.
    #[must_use]
    pub fn new(urls: Vec<String>) -> Self {
        Self {
            urls,
            login: None,
            ca: None,
            indices: Indices {
                prefix: "edge".to_owned(),
                period: Period::Day,
            },
            bulk_bytes: 1 << 20,
            timeout: Duration::from_secs(30),
        }
    }
}

/// Log entries in Elasticsearch. Cheap to clone.
#[derive(Clone)]
pub struct ElasticsearchLogs {
    nodes: Arc<Nodes>,
    indices: Indices,
    size: Arc<BulkSize>,
    /// The templates are known to be there.
    prepared: Arc<AtomicBool>,
}

/// Whether index names may begin so.
fn is_prefix(prefix: &str) -> bool {
    let mut bytes = prefix.bytes();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    bytes.next().is_some_and(plain)
        && bytes.all(|byte| plain(byte) || matches!(byte, b'-' | b'_' | b'.'))
        && prefix.len() <= 100
}

/// Bulks that are under way at once: one is read there while the next is on its way.
const AT_ONCE: usize = 2;
/// Bulks of a portion: the last goes alone, since the next portion waits for it, and is to be a small part of it.
const OF_A_PORTION: usize = 16;

impl ElasticsearchLogs {
    /// Speaks to nobody yet.
    ///
    /// # Errors
    /// [`ElasticsearchError`] where a URL or a certificate is none.
    pub fn new(options: &ElasticsearchOptions) -> Result<Self, ElasticsearchError> {
        if !is_prefix(&options.indices.prefix) {
            return Err(ElasticsearchError::Setting {
                key: "index_prefix",
                why: "use lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or a digit"
                    .to_owned(),
            });
        }
        Ok(Self {
            nodes: Arc::new(Nodes::new(options)?),
            indices: options.indices.clone(),
            size: Arc::new(BulkSize::new(options.bulk_bytes)),
            prepared: Arc::default(),
        })
    }

    fn portion_of(bulk_bytes: usize) -> Portion {
        Portion {
            entries: 20_000,
            bytes: bulk_bytes * OF_A_PORTION,
        }
    }
}
