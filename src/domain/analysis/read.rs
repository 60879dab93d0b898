//! An analysis as it is written in configuration, read and checked.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Analysis, Metric, MetricSource};

/// A definition that is none. The message names the metric and the key at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AnalysisError(String);

fn wrong<T>(message: impl Into<String>) -> Result<T, AnalysisError> {
    Err(AnalysisError(message.into()))
}

const KEYS: [&str; 9] = [
    "name",
    "prometheus",
    "http",
    "command",
    "success",
    "interval_seconds",
    "count",
    "failure_limit",
    "inconclusive_limit",
];
/// Seconds from one question to the next where the metric does not say.
const INTERVAL_SECONDS: u64 = 10;
/// So many questions may stay without a number where the metric does not say.
const INCONCLUSIVE_LIMIT: u32 = 2;
const MOST_METRICS: usize = 50;
const MOST_MEASUREMENTS: u64 = 10_000;
const LONGEST_INTERVAL: u64 = 24 * 3600;

impl Analysis {
    /// Reads a definition: a list of metrics, or an object whose `metrics` is that list. A metric is
    /// `{"name", "prometheus": {"url", "query"} | "http": {"url", "path"} | "command": {"run"}, "success",
    /// "interval_seconds", "count", "failure_limit", "inconclusive_limit"}`.
    ///
    /// # Errors
    /// [`AnalysisError`] with the metric, the key and what would be right.
    pub fn read(value: &Value) -> Result<Self, AnalysisError> {
        let list = match value {
            Value::Array(list) => list,
            Value::Object(fields) => match (fields.get("metrics"), fields.len()) {
                (Some(Value::Array(list)), 1) => list,
                _ => return wrong("must be a list of metrics, or an object with the key `metrics` alone"),
            },
            other => return wrong(format!("must be a list of metrics, not {other}")),
        };
        if list.is_empty() {
            return wrong("has no metric: there is nothing to measure");
        }
        if list.len() > MOST_METRICS {
            return wrong(format!(
                "{} metrics are absurd: at most {MOST_METRICS}",
                list.len()
            ));
        }
        let metrics = list
            .iter()
            .enumerate()
            .map(|(place, metric)| read_metric(place, metric))
            .collect::<Result<Vec<_>, _>>()?;
        let mut seen = HashSet::new();
        match metrics.iter().find(|metric| !seen.insert(&metric.name)) {
            Some(twice) => wrong(format!("two metrics have the name `{}`", twice.name)),
            None => Ok(Self { metrics }),
        }
    }
}

fn read_metric(place: usize, value: &Value) -> Result<Metric, AnalysisError> {
    let Value::Object(fields) = value else {
        return wrong(format!("metric {} must be an object, not {value}", place + 1));
    };
    let name = match fields.get("name").and_then(Value::as_str).map(str::trim) {
        Some(name) if !name.is_empty() && name.len() <= 100 && !name.contains(char::is_control) => name,
        _ => return wrong(format!("metric {} needs a `name` of 1 to 100 letters", place + 1)),
    };
    let named = |error: AnalysisError| AnalysisError(format!("metric `{name}`: {error}"));
    read_fields(name, fields).map_err(named)
}

fn read_fields(name: &str, fields: &Map<String, Value>) -> Result<Metric, AnalysisError> {
    known(fields, &KEYS)?;
    let count = number(fields, "count", 1, MOST_MEASUREMENTS)?.unwrap_or(1);
    let failure_limit = number(fields, "failure_limit", 0, MOST_MEASUREMENTS)?.unwrap_or(0);
    if failure_limit >= count {
        return wrong(format!(
            "`failure_limit` {failure_limit} of `count` {count} lets every measurement be bad: it could never \
             say no. Use at most {}",
            count - 1
        ));
    }
    let success = match fields.get("success") {
        Some(Value::String(text)) => text
            .parse()
            .map_err(|error| AnalysisError(format!("`success` {error}")))?,
        Some(other) => {
            return wrong(format!(
                "`success` must be a text such as \"<= 0.05\", not {other}"
            ));
        }
        None => return wrong("needs `success`: what the number must be, such as \"<= 0.05\""),
    };
    Ok(Metric {
        name: name.to_owned(),
        source: read_source(fields)?,
        success,
        interval_seconds: number(fields, "interval_seconds", 1, LONGEST_INTERVAL)?
            .unwrap_or(INTERVAL_SECONDS),
        // Bounded above, so neither is cut.
        count: count as u32,
        failure_limit: failure_limit as u32,
        inconclusive_limit: number(fields, "inconclusive_limit", 0, MOST_MEASUREMENTS)?
            .map_or(INCONCLUSIVE_LIMIT, |limit| limit as u32),
    })
}

fn read_source(fields: &Map<String, Value>) -> Result<MetricSource, AnalysisError> {
    let given: Vec<&str> = ["prometheus", "http", "command"]
        .into_iter()
        .filter(|kind| fields.contains_key(*kind))
        .collect();
    let [kind] = given[..] else {
        return wrong("needs exactly one of `prometheus`, `http` and `command`");
    };
    let Some(Value::Object(source)) = fields.get(kind) else {
        return wrong(format!("`{kind}` must be an object"));
    };
    let inside = |error: AnalysisError| AnalysisError(format!("`{kind}`: {error}"));
    let keys: &[&str] = match kind {
        "prometheus" => &["url", "query"],
        "http" => &["url", "path"],
        _ => &["run"],
    };
    known(source, keys).map_err(inside)?;
    let text = |key: &str| text(source, key).map_err(inside);
    let url = || text("url").and_then(|url| checked_url(url).map_err(inside));
    Ok(match kind {
        "prometheus" => MetricSource::Prometheus {
            url: url()?,
            query: text("query")?,
        },
        "http" => MetricSource::Http {
            url: url()?,
            path: checked_pointer(source.get("path")).map_err(inside)?,
        },
        _ => MetricSource::Command {
            run: text("run")?,
            verdict: None,
            rules: Vec::new(),
        },
    })
}

fn known(fields: &Map<String, Value>, keys: &[&str]) -> Result<(), AnalysisError> {
    match fields.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(unknown) => wrong(format!(
            "`{unknown}` is not known here; there are {}",
            keys.join(", ")
        )),
        None => Ok(()),
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<String, AnalysisError> {
    match fields.get(key).and_then(Value::as_str).map(str::trim) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => wrong(format!("`{key}` must be a text that is not empty")),
    }
}

fn checked_url(url: String) -> Result<String, AnalysisError> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if host.is_empty() || url.contains(char::is_whitespace) {
        return wrong(format!(
            "`url` must begin with http:// or https:// and name a host, not `{url}`"
        ));
    }
    Ok(url)
}

/// RFC 6901: empty, or parts that each begin with a slash; `~` only as `~0` and `~1`.
fn checked_pointer(path: Option<&Value>) -> Result<String, AnalysisError> {
    let pointer = match path {
        None | Some(Value::Null) => return Ok(String::new()),
        Some(Value::String(pointer)) => pointer,
        Some(other) => {
            return wrong(format!(
                "`path` must be a JSON pointer such as \"/data/rate\", not {other}"
            ));
        }
    };
    let escaped = pointer
        .split('~')
        .skip(1)
        .all(|part| part.starts_with(['0', '1']));
    if (pointer.is_empty() || pointer.starts_with('/')) && escaped {
        Ok(pointer.clone())
    } else {
        wrong(format!(
            "`path` must be a JSON pointer such as \"/data/rate\", not `{pointer}`"
        ))
    }
}

fn number(
    fields: &Map<String, Value>,
    key: &str,
    least: u64,
    most: u64,
) -> Result<Option<u64>, AnalysisError> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => wrong(format!(
                "`{key}` must be a whole number from {least} to {most}, not {value}"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Analysis;
    use crate::domain::analysis::MetricSource;
    use serde_json::{Value, json};

    fn errors() -> Value {
        json!({"name": "errors", "prometheus": {"url": "http://p:9090", "query": "rate"}, "success": "<= 0.05"})
    }

    fn with(key: &str, value: Value) -> Value {
        let mut metric = errors();
        metric[key] = value;
        json!([metric])
    }

    #[test]
    fn a_list_and_an_object_with_a_list_are_the_same_and_survive_their_json() {
        let metrics = json!([
            errors(),
            {"name": "queue", "http": {"url": "https://h/x", "path": "/a~1b/0"}, "success": "< 10",
             "interval_seconds": 30, "count": 5, "failure_limit": 1, "inconclusive_limit": 0},
            {"name": "smoke", "command": {"run": "smoke-test --rate"}, "success": ">= 0.99"},
        ]);
        let analysis = Analysis::read(&metrics).unwrap();
        assert_eq!(Analysis::read(&json!({"metrics": metrics})), Ok(analysis.clone()));
        let [errors, queue, smoke] = &analysis.metrics[..] else {
            panic!("{analysis:?}")
        };
        assert_eq!(
            (errors.count, errors.failure_limit, errors.inconclusive_limit),
            (1, 0, 2)
        );
        assert_eq!(
            (queue.interval_seconds, queue.count, queue.failure_limit),
            (30, 5, 1)
        );
        assert!(matches!(&smoke.source, MetricSource::Command { run, .. } if run == "smoke-test --rate"));
        let json = serde_json::to_value(&analysis).unwrap();
        assert_eq!(json["metrics"][0]["prometheus"]["query"], "rate");
        assert_eq!(json["metrics"][1]["success"], "< 10");
        assert_eq!(serde_json::from_value::<Analysis>(json).unwrap(), analysis);
    }

    #[test]
    fn what_cannot_be_measured_is_refused_with_the_key() {
        for (definition, wanted) in [
            (json!("errors"), "must be a list of metrics"),
            (json!({"metrics": 1}), "must be a list of metrics"),
            (json!([]), "has no metric"),
            (json!([3]), "metric 1 must be an object"),
            (json!([{"success": "< 1"}]), "metric 1 needs a `name`"),
            (json!([errors(), errors()]), "two metrics have the name `errors`"),
            (
                with("sucess", json!("< 1")),
                "metric `errors`: `sucess` is not known here",
            ),
            (
                with("success", json!(0.05)),
                "`success` must be a text such as \"<= 0.05\"",
            ),
            (
                with("success", json!("0.05")),
                "`success` `0.05` begins with no comparison",
            ),
            (
                with("count", json!(0)),
                "`count` must be a whole number from 1 to 10000, not 0",
            ),
            (with("count", json!(-1)), "`count` must be a whole number from 1"),
            (
                with("interval_seconds", json!(0)),
                "`interval_seconds` must be a whole number from 1",
            ),
            (
                with("failure_limit", json!(1)),
                "it could never say no. Use at most 0",
            ),
            (
                with("inconclusive_limit", json!("2")),
                "`inconclusive_limit` must be a whole number",
            ),
            (
                with("http", json!({"url": "http://h"})),
                "exactly one of `prometheus`, `http` and `command`",
            ),
            (
                with("prometheus", json!("http://p")),
                "`prometheus` must be an object",
            ),
            (
                with("prometheus", json!({"url": "http://p"})),
                "`prometheus`: `query` must be a text",
            ),
            (
                with("prometheus", json!({"url": "p:9090", "query": "q"})),
                "`prometheus`: `url` must begin with",
            ),
            (
                with("prometheus", json!({"url": "http:///x", "query": "q"})),
                "name a host",
            ),
            (
                with("prometheus", json!({"url": "http://p", "query": "q", "path": ""})),
                "`path` is not known here",
            ),
            (
                json!([{"name": "a", "http": {"url": "http://h", "path": "a.b"}, "success": "< 1"}]),
                "`path` must be a JSON pointer",
            ),
            (
                json!([{"name": "a", "http": {"url": "http://h", "path": "/a~2"}, "success": "< 1"}]),
                "`path` must be a JSON pointer",
            ),
            (
                json!([{"name": "a", "command": {"run": " "}, "success": "< 1"}]),
                "`command`: `run` must be a text",
            ),
        ] {
            let error = Analysis::read(&definition).unwrap_err().to_string();
            assert!(error.contains(wanted), "{definition}: {error}");
        }
    }
}
