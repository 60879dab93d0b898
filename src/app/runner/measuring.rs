//! Asks a monitor once about a metric of a stage's analysis. Whatever goes wrong is the monitor's trouble, never a target's.

use crate::app::ports::{HttpSeen, PROBED_BYTES};
use crate::domain::analysis::{Measurement, MetricSource};

use super::outside::Outside;

/// How long a monitor may take.
const ANSWER_IN_SECONDS: u64 = 10;

/// Asks the source of a metric.
pub(super) async fn measure(outside: &Outside, source: &MetricSource) -> Measurement {
    match source {
        MetricSource::Prometheus { url, query } => {
            let url = format!(
                "{}/api/v1/query?query={}",
                url.trim_end_matches('/'),
                encoded(query)
            );
            // It says in a document, too, why it does not take a query.
            match ask(outside, &url, |status| status < 500).await {
                Ok(document) => Measurement::of_prometheus(&document),
                Err(silence) => silence,
            }
        }
        MetricSource::Http { url, path } => {
            match ask(outside, url, |status| (200..300).contains(&status)).await {
                Ok(document) => Measurement::at(&document, path),
                Err(silence) => silence,
            }
        }
        MetricSource::Command { .. } => Measurement::Unreachable {
            detail: "commands are run on targets alone".to_owned(),
        },
    }
}

/// The document that a monitor answers with, or what there is to say without one.
async fn ask(
    outside: &Outside,
    url: &str,
    answers: impl Fn(u16) -> bool,
) -> Result<serde_json::Value, Measurement> {
    let seen = outside.prober.http("GET", url, ANSWER_IN_SECONDS).await;
    let HttpSeen { status, body, is_cut } = seen.map_err(|detail| Measurement::Unreachable { detail })?;
    if !answers(status) {
        let detail = format!("it answered {status}");
        return Err(Measurement::Unreachable { detail });
    }
    if is_cut {
        let detail = format!(
            "its answer ({status}) is longer than {} KiB, which is the most that is read: ask for less",
            PROBED_BYTES / 1024
        );
        return Err(Measurement::NoData { detail });
    }
    serde_json::from_str(&body).map_err(|error| {
        let detail = format!("it answered {status} with what is no JSON: {error}");
        Measurement::NoData { detail }
    })
}

/// A query as a part of a URL: everything but what RFC 3986 calls unreserved in percents.
fn encoded(query: &str) -> String {
    use std::fmt::Write as _;
    query
        .bytes()
        .fold(String::with_capacity(query.len() * 2), |mut url, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                // A text takes whatever it is given.
                let _ = write!(url, "%{byte:02X}");
            }
            url
        })
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn nothing_in_a_query_ends_it() {
        assert_eq!(
            encoded("rate(x{job=\"a&b\"}[5m]) > 0.5#é"),
            "rate%28x%7Bjob%3D%22a%26b%22%7D%5B5m%5D%29%20%3E%200.5%23%C3%A9"
        );
    }
}
