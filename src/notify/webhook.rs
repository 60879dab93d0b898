//! A webhook: the whole notice as JSON, signed with HMAC-SHA256 over the moment of sending and the body, so that the
//! receiver knows who sent it and that it is not an old one sent again.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use sha2::Sha256;

use crate::app::ports::Delivery;

/// The header with the signature: `t=<Unix seconds>,v1=<hex>`.
const SIGNATURE: &str = "Edgewise-Signature";
/// The header with the notice's own id: the same in every attempt.
const ID: &str = "Edgewise-Id";
/// The header with the word for the occasion.
const EVENT: &str = "Edgewise-Event";
/// The header with the number of the attempt, from 1.
const ATTEMPT: &str = "Edgewise-Attempt";

pub(super) fn request(client: &Client, delivery: &Delivery) -> Result<RequestBuilder, String> {
    let secret = delivery
        .secret
        .as_deref()
        .filter(|secret| !secret.is_empty())
        .ok_or("the webhook's secret is empty")?;
    let body = serde_json::to_string(&delivery.notice).map_err(|error| error.to_string())?;
    let seconds = delivery.at.as_millis().div_euclid(1000);
    Ok(client
        .post(&delivery.url)
        .header(CONTENT_TYPE, "application/json")
        .header(ID, &delivery.notice.id)
        .header(EVENT, delivery.notice.event.as_str())
        .header(ATTEMPT, delivery.attempt)
        .header(
            SIGNATURE,
            format!("t={seconds},v1={}", signature(secret, seconds, &body)),
        )
        .body(body))
}

/// HMAC-SHA256 (RFC 2104) with `secret` over `<seconds>.<body>`, in hex.
fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn it_is_what_openssl_says() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac s3cret
        assert_eq!(
            signature("s3cret", 1_700_000_000, r#"{"a":1}"#),
            "1698a50bc74d1ff1db85c4e0a5297c2ad9fdba245d5737cdb789e4cc6e098940"
        );
    }
}
