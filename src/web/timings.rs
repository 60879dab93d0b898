//! The histogram `edgewise_http_request_seconds`, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets, in seconds.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How long requests took, by method, route and class of status. A route is its pattern, so that no name
/// of a space, host or user gets into a label.
#[derive(Debug, Default)]
pub struct Timings {
    series: Mutex<BTreeMap<(String, String, u16), Series>>,
}

#[derive(Debug, Default, Clone)]
struct Series {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Timings {
    /// Counts one request. Methods that nobody serves share one label, so that callers cannot invent series.
    pub fn record(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = match method {
            "GET" | "POST" | "HEAD" => method,
            _ => "other",
        };
        let route = match route.trim_end_matches('/') {
            "" => "/",
            trimmed => trimmed,
        };
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = all
            .entry((method.to_owned(), route.to_owned(), status / 100))
            .or_default();
        let seconds = took.as_secs_f64();
        for (bucket, bound) in series.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        series.count += 1;
        series.seconds += seconds;
    }

    /// The metrics text, empty before the first request.
    pub fn text(&self) -> String {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::new();
        if all.is_empty() {
            return text;
        }
        text.push_str(
            "# HELP edgewise_http_request_seconds Time from a request to the head of its answer.\n",
        );
        text.push_str("# TYPE edgewise_http_request_seconds histogram\n");
        for ((method, route, class), series) in all {
            let labels = format!(r#"method="{method}",route="{route}",status="{class}xx""#);
            let bounds = BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
            let counts = series.buckets.iter().copied().chain([series.count]);
            // Writing to a String cannot fail.
            for (bound, count) in bounds.zip(counts) {
                let _ = writeln!(
                    text,
                    r#"edgewise_http_request_seconds_bucket{{{labels},le="{bound}"}} {count}"#
                );
            }
            let _ = writeln!(
                text,
                "edgewise_http_request_seconds_sum{{{labels}}} {}",
                series.seconds
            );
            let _ = writeln!(
                text,
                "edgewise_http_request_seconds_count{{{labels}}} {}",
                series.count
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Timings;
    use std::time::Duration;

    #[test]
    fn buckets_are_cumulative_and_end_in_the_count() {
        let timings = Timings::default();
        assert_eq!(timings.text(), "");
        timings.record("GET", "/space/{space}/", 200, Duration::from_millis(7));
        timings.record("GET", "/space/{space}", 204, Duration::from_secs(20));
        timings.record("BREW", "none", 405, Duration::ZERO);
        let text = timings.text();
        let labels = r#"method="GET",route="/space/{space}",status="2xx""#;
        for line in [
            format!(r#"edgewise_http_request_seconds_bucket{{{labels},le="0.005"}} 0"#),
            format!(r#"edgewise_http_request_seconds_bucket{{{labels},le="0.01"}} 1"#),
            format!(r#"edgewise_http_request_seconds_bucket{{{labels},le="10"}} 1"#),
            format!(r#"edgewise_http_request_seconds_bucket{{{labels},le="+Inf"}} 2"#),
            format!("edgewise_http_request_seconds_sum{{{labels}}} 20.007"),
            format!("edgewise_http_request_seconds_count{{{labels}}} 2"),
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\nnot in\n{text}");
        }
        assert!(text.contains(r#"method="other",route="none",status="4xx""#));
    }
}
