//! The nodes, one after another: where one does not answer, the next is asked.

use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use elasticsearch::http::{Method, Url};
use serde::de::DeserializeOwned;

use super::{ElasticsearchError, ElasticsearchOptions, Login};

/// All nodes of one cluster.
pub(super) struct Nodes {
    all: Vec<Transport>,
    /// The one that answered last.
    current: AtomicUsize,
    timeout: Duration,
}

/// What is asked.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Body>,
}

/// What is sent along.
pub(super) enum Body {
    Json(serde_json::Value),
    /// Lines of JSON, compressed.
    GzippedLines(Bytes),
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn new(method: Method, path: impl Into<String>, body: Option<serde_json::Value>) -> Self {
        Self {
            method,
            path: path.into(),
            body: body.map(Body::Json),
        }
    }
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer's JSON; anything but a success is an error.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ElasticsearchError> {
        if !self.is_success() {
            return Err(ElasticsearchError::Answer {
                status: self.status,
                why: self.reason(),
            });
        }
        serde_json::from_slice(&self.body).map_err(|error| ElasticsearchError::Nonsense(error.to_string()))
    }

    /// Why it did not succeed, as it says, in one short line.
    pub(super) fn reason(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let error = &json["error"];
        let said = match (error["type"].as_str(), error["reason"].as_str()) {
            (Some(kind), Some(reason)) => format!("{kind}: {reason}"),
            _ => match error.as_str() {
                Some(text) => text.to_owned(),
                None => String::from_utf8_lossy(&self.body).trim().to_owned(),
            },
        };
        match said.char_indices().nth(300) {
            Some((end, _)) => format!("{}...", &said[..end]),
            None if said.is_empty() => "no reason given".to_owned(),
            None => said,
        }
    }
}

impl Nodes {
    pub(super) fn new(options: &ElasticsearchOptions) -> Result<Self, ElasticsearchError> {
        let nodes: Vec<Transport> = options
            .urls
            .iter()
            .map(|url| transport(url, options))
            .collect::<Result<_, _>>()?;
        if nodes.is_empty() {
            return Err(setting("url", "give at least one"));
        }
        Ok(Self {
            all: nodes,
            current: AtomicUsize::new(0),
            timeout: options.timeout,
        })
    }

    /// Asks the node that answered last, then the others; a node that says that it is not fit at the moment is passed over
    /// like one that does not answer.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, ElasticsearchError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut last = Err(ElasticsearchError::Unreachable("it has no node".to_owned()));
        for turn in 0..self.all.len() {
            let place = (first + turn) % self.all.len();
            last = self.ask(&self.all[place], request).await;
            if last
                .as_ref()
                .is_ok_and(|answer| !matches!(answer.status, 502..=504))
            {
                self.current.store(place, Ordering::Relaxed);
                break;
            }
        }
        last
    }

    async fn ask(&self, node: &Transport, request: &Request) -> Result<Answer, ElasticsearchError> {
        let told = |error: elasticsearch::Error| ElasticsearchError::Unreachable(whole(&error));
        let mut headers = HeaderMap::new();
        let body = match &request.body {
            None => None,
            Some(Body::Json(json)) => Some(Bytes::from(json.to_string())),
            Some(Body::GzippedLines(bytes)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                Some(bytes.clone())
            }
        };
        let response = node
            .send(
                request.method,
                &request.path,
                headers,
                None::<&()>,
                body,
                Some(self.timeout),
            )
            .await
            .map_err(told)?;
        let status = response.status_code().as_u16();
        let body = response.bytes().await.map_err(told)?;
        Ok(Answer { status, body })
    }
}

/// The error with its causes: the outermost says no more than that sending failed.
fn whole(error: &elasticsearch::Error) -> String {
    let mut said = String::new();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !said.ends_with(&text) {
            if !said.is_empty() {
                said.push_str(": ");
            }
            said.push_str(&text);
        }
        next = error.source();
    }
    if said.is_empty() { error.to_string() } else { said }
}

fn setting(key: &'static str, why: impl Into<String>) -> ElasticsearchError {
    ElasticsearchError::Setting { key, why: why.into() }
}

fn transport(url: &str, options: &ElasticsearchOptions) -> Result<Transport, ElasticsearchError> {
    // The URL may hold a password, so that it is not repeated.
    let mut url =
        Url::parse(url).map_err(|error| setting("url", format!("one of them is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(setting("url", "begin each with http:// or https://"));
    }
    let mut credentials = match &options.login {
        None => None,
        Some(Login::Basic { username, password }) => {
            Some(Credentials::Basic(username.clone(), password.clone()))
        }
        Some(Login::ApiKey(key)) => Some(match key.split_once(':') {
            Some((id, key)) => Credentials::ApiKey(id.to_owned(), key.to_owned()),
            None => Credentials::EncodedApiKey(key.clone()),
        }),
    };
    if let Some(Credentials::EncodedApiKey(key)) = &credentials
        && HeaderValue::from_str(key).is_err()
    {
        return Err(setting("api_key", "it holds what no header can"));
    }
    if !url.username().is_empty() {
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let of_url = Credentials::Basic(
            decoded(url.username()),
            decoded(url.password().unwrap_or_default()),
        );
        credentials.get_or_insert(of_url);
        // Only a URL that cannot have them refuses; then there are none.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url))
        .enable_meta_header(false)
        .timeout(options.timeout);
    if let Some(credentials) = credentials {
        builder = builder.auth(credentials);
    }
    if let Some(pem) = &options.ca {
        let told = |error: elasticsearch::Error| setting("ca_file", error.to_string());
        let chain = Certificate::from_pem(pem).map_err(told)?;
        builder = builder.cert_validation(CertificateValidation::Full(chain));
    }
    builder.build().map_err(|error| setting("url", error.to_string()))
}
