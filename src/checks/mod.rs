//! Health checks that the server makes itself: HTTP and TCP.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use tokio::net::TcpStream;

use crate::app::ports::{HttpSeen, PROBED_BYTES, Prober};

/// Probes over this machine's network.
#[derive(Debug, Clone)]
pub struct NetworkProber {
    client: reqwest::Client,
}

impl NetworkProber {
    /// A prober that follows no redirects (the answer is what the application says, not what it points to)
    /// and uses no proxy (the path to a host is the one that its users' balancer takes).
    ///
    /// # Errors
    /// Where the TLS roots cannot be loaded.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .user_agent(concat!("edgewise/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Prober for NetworkProber {
    async fn http(&self, method: &str, url: &str, timeout_seconds: u64) -> Result<HttpSeen, String> {
        let told = |error: reqwest::Error| format!("{method} {url}: {}", reason(&error));
        let verb = method
            .parse()
            .map_err(|_| format!("`{method}` is not an HTTP method"))?;
        let request = self
            .client
            .request(verb, url)
            .timeout(Duration::from_secs(timeout_seconds));
        let mut response = request.send().await.map_err(told)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while body.len() <= PROBED_BYTES {
            match response.chunk().await.map_err(told)? {
                Some(chunk) => body.extend_from_slice(&chunk),
                None => break,
            }
        }
        let is_cut = body.len() > PROBED_BYTES;
        body.truncate(PROBED_BYTES);
        Ok(HttpSeen {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
            is_cut,
        })
    }

    async fn tcp(&self, address: &str, port: u16, timeout_seconds: u64) -> Result<(), String> {
        let connecting = TcpStream::connect((address, port));
        match tokio::time::timeout(Duration::from_secs(timeout_seconds), connecting).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("{address}:{port}: {error}")),
            Err(_) => Err(format!("{address}:{port}: no answer within {timeout_seconds} s")),
        }
    }
}

/// The innermost cause: "connection refused" rather than "error sending request".
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
