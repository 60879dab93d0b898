//! What the web side is told by the settings.

use tokio_util::sync::CancellationToken;

/// What the web side is told by the settings.
#[derive(Debug, Clone)]
pub struct Options {
    /// Cookies are only ever sent over https. Set it where people reach the server through a proxy that ends TLS.
    pub https_only: bool,
    /// The server is behind a proxy which sets `X-Forwarded-Proto` and `X-Forwarded-Host` itself and adds to
    /// `X-Forwarded-For`, so that they can be believed. Elsewhere any caller could set them.
    pub trust_forwarded: bool,
    /// Threads that answer requests; none for one a core.
    pub workers: Option<usize>,
    /// How long requests that are being answered may go on after a stop was asked for, in seconds.
    pub shutdown_seconds: u64,
    /// Ends the event streams, which would otherwise go on until `shutdown_seconds` are over.
    pub stopping: CancellationToken,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            https_only: false,
            trust_forwarded: false,
            workers: None,
            shutdown_seconds: 10,
            stopping: CancellationToken::new(),
        }
    }
}
