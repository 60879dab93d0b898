//! Tells people and programs outside of actions, over HTTP: signed webhooks, and sentences for a chat.

mod chat;
mod webhook;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};

use crate::app::ports::{Delivery, Notifier};
use crate::domain::notice::Medium;

/// How long a receiver may usually take for one notice.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Sends over HTTP.
#[derive(Debug, Clone)]
pub struct HttpNotifier {
    client: Client,
}

impl HttpNotifier {
    /// One that gives a receiver so long for a notice, and follows no redirects: a notice goes to whom the configuration
    /// names, or to nobody.
    ///
    /// # Errors
    /// Where the TLS roots cannot be loaded.
    pub fn new(patience: Duration) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(patience)
            .user_agent(concat!("edgewise/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }
}

/// How each medium puts a notice into a request.
fn request(client: &Client, delivery: &Delivery) -> Result<RequestBuilder, String> {
    match delivery.kind {
        Medium::Webhook => webhook::request(client, delivery),
        Medium::Chat => Ok(chat::request(client, delivery)),
    }
}

#[async_trait]
impl Notifier for HttpNotifier {
    async fn send(&self, delivery: &Delivery) -> Result<(), String> {
        let response = request(&self.client, delivery)?
            .send()
            .await
            .map_err(|error| reason(&error))?;
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(format!("the receiver answered {status}"))
        }
    }
}

/// The innermost cause, without the URL.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    if error.is_builder() {
        return "the URL is not one that can be called".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
