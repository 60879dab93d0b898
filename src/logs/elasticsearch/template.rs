//! The index templates: every field that is searched is named, and nothing else is guessed.

use serde_json::{Map, Value, json};

use super::Indices;
use crate::domain::log_entry::LogLevel;

/// What the mappings of our indices say about themselves: only such an index is ever deleted.
pub(super) const OWNER: &str = "edgewise";

/// The name of the template of a level.
pub(super) fn name(indices: &Indices, level: LogLevel) -> String {
    format!("{}-{}", indices.prefix, level.as_str())
}

/// The template of a level.
pub(super) fn template(indices: &Indices, level: LogLevel) -> Value {
    json!({
        "index_patterns": [indices.pattern(level)],
        "priority": 200,
        "template": {
            "settings": {
                "index": {
                    // Said outright, or an index that nobody searched for a while would not be searchable at once.
                    "refresh_interval": "1s",
                    "number_of_shards": 1,
                    // None on a single node, so that it is not yellow for ever.
                    "auto_expand_replicas": "0-1",
                }
            },
            "mappings": mappings(),
        },
        "_meta": {"owner": OWNER},
    })
}

/// A value that is found as a whole. Longer ones stay in the document and are not indexed, instead of making it fail.
fn keyword() -> Value {
    json!({"type": "keyword", "ignore_above": 1024})
}

/// Fields of the same kind.
fn fields<const N: usize>(kind: &Value, names: [&str; N]) -> Map<String, Value> {
    names
        .into_iter()
        .map(|name| (name.to_owned(), kind.clone()))
        .collect()
}

/// An object of these fields.
fn object(parts: impl IntoIterator<Item = Map<String, Value>>) -> Value {
    json!({"properties": parts.into_iter().flatten().collect::<Map<String, Value>>()})
}

fn one(name: &str, mapping: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), mapping)])
}

/// The mapping of every index of ours.
pub(super) fn mappings() -> Value {
    let (keyword, integer) = (keyword(), json!({"type": "long"}));
    let (date, text) = (json!({"type": "date"}), json!({"type": "text"}));
    let event = object([
        fields(&keyword, ["action", "dataset", "kind", "outcome"]),
        fields(&integer, ["sequence", "duration"]),
        fields(&date, ["start", "end"]),
    ]);
    let mut labels = object([fields(
        &keyword,
        ["space", "project", "environment", "action", "version"],
    )]);
    labels["dynamic"] = json!(true);
    let command_line = json!({"type": "keyword", "ignore_above": 1024, "fields": {"text": text}});
    let process = object([one("command_line", command_line), fields(&integer, ["exit_code"])]);
    let properties = object([
        fields(&date, ["@timestamp"]),
        fields(&text, ["message"]),
        fields(&keyword, ["correlation"]),
        one("ecs", object([fields(&keyword, ["version"])])),
        one("event", event),
        one("error", object([fields(&text, ["message"])])),
        one("host", object([fields(&keyword, ["name", "hostname"])])),
        one("labels", labels),
        one("process", process),
        one("trace", object([fields(&keyword, ["id"])])),
        one("user", object([fields(&keyword, ["name"])])),
        one("edgewise", own(&keyword, &integer, &date, &text)),
    ]);
    let mut mappings = properties;
    mappings["dynamic"] = json!(false);
    mappings["_meta"] = json!({"owner": OWNER});
    // They can be made again from the message, and are only for the search.
    mappings["_source"] = json!({"excludes": ["edgewise.words"]});
    mappings
}

/// The fields that the schema has none for, and those that the entry is read from again.
fn own(keyword: &Value, integer: &Value, date: &Value, text: &Value) -> Value {
    let run = object([
        fields(keyword, ["method", "status"]),
        fields(integer, ["batch"]),
        fields(date, ["started", "ended"]),
        fields(text, ["error"]),
    ]);
    let context = object([
        fields(
            keyword,
            [
                "actor",
                "user",
                "name",
                "space",
                "project",
                "environment",
                "version",
            ],
        ),
        fields(keyword, ["plan_hash", "trace_id", "correlation_id"]),
    ]);
    object([
        fields(
            keyword,
            [
                "correlation_id",
                "level",
                "event",
                "stream",
                "target",
                "step",
                "stage",
                "outcome",
            ],
        ),
        fields(
            integer,
            [
                "seq",
                "attempt",
                "exit_code",
                "offset",
                "line",
                "sessions",
                "duration_ms",
            ],
        ),
        one("run", run),
        one("dropped", object([fields(integer, ["lines", "bytes"])])),
        one(
            "host",
            object([fields(keyword, ["address"]), fields(integer, ["port"])]),
        ),
        one("context", context),
        one(
            "words",
            json!({"type": "text", "analyzer": "whitespace", "norms": false}),
        ),
    ])
}
