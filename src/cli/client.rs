//! The server's API, as `plan`, `run` and `actions` speak to it.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::problem;

/// Where the server is, and who asks.
#[derive(Debug, Clone)]
pub struct Server {
    url: String,
    token: Option<String>,
    http: reqwest::Client,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

impl Server {
    /// The server at `url`; the token comes from `EDGEWISE_TOKEN`, never from the command line.
    pub fn new(url: &str) -> Result<Self, Failure> {
        let url = url.trim_end_matches('/');
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::usage(format!(
                "`{url}` is not the address of a server: write it as https://deploy.example.net"
            )));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("edgewise/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Failure::failed(format!("cannot make an HTTP client: {error}")))?;
        Ok(Self {
            url: url.to_owned(),
            token: std::env::var("EDGEWISE_TOKEN")
                .ok()
                .map(|token| token.trim().to_owned())
                .filter(|token| !token.is_empty()),
            http,
        })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A request for a path below the server's address.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Asks, and reads the JSON of a good answer.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        let request = self
            .request(Method::GET, path)
            .query(query)
            .timeout(ANSWER_TIMEOUT);
        self.json(request).await
    }

    /// Sends a body, and reads the JSON of a good answer.
    pub async fn post(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&'static str, String)],
    ) -> Result<Value, Failure> {
        let mut request = self
            .request(Method::POST, path)
            .json(body)
            .timeout(ANSWER_TIMEOUT);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.json(request).await
    }

    /// Sends a request; anything but success is turned into words and an exit code.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.out_of_reach(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.text().await.unwrap_or_default();
        Err(problem::failure(status.as_u16(), &body, self.token.is_some()))
    }

    async fn json(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = self.send(request).await?;
        let body = response
            .bytes()
            .await
            .map_err(|error| self.out_of_reach(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            Failure::failed(format!(
                "{} answered with something that is not JSON ({error}): is it an Edgewise server?",
                self.url
            ))
        })
    }

    fn out_of_reach(&self, error: &reqwest::Error) -> Failure {
        let reason = if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            innermost(error)
        };
        Failure::new(
            Exit::OutOfReach,
            format!(
                "the server at {} is out of reach: {reason}. Its address comes from --url or EDGEWISE_URL.",
                self.url
            ),
        )
    }
}

/// The last cause: `reqwest` wraps what a person can act on in several layers of its own.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Text as one segment of a path.
#[must_use]
pub fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
        out
    })
}
