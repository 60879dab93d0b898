//! The one error of Elasticsearch.

use crate::app::ports::LogError;

/// What can go wrong with Elasticsearch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElasticsearchError {
    /// A setting that is of no use.
    #[error("elasticsearch.{key}: {why}")]
    Setting {
        /// Its name in the section.
        key: &'static str,
        /// What is wrong with it, without its value.
        why: String,
    },
    /// No node answers.
    #[error("Elasticsearch does not answer: {0}")]
    Unreachable(String),
    /// It answered that it will not.
    #[error("Elasticsearch answered {status}: {why}")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// Its reason.
        why: String,
    },
    /// An answer that is none.
    #[error("Elasticsearch answered what cannot be understood: {0}")]
    Nonsense(String),
}

impl From<ElasticsearchError> for LogError {
    fn from(error: ElasticsearchError) -> Self {
        Self(error.to_string())
    }
}
