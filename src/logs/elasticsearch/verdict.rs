//! What an answer to a bulk means for each of its documents. Pure.

use serde::Deserialize;

/// What becomes of a bulk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What became of each document, in their order.
    Each(Vec<Fate>),
    /// It is too large, or something in it is not understood: in halves, that is found out.
    Halve(String),
    /// It is too much at the moment: later, and in smaller parts.
    Busy(String),
    /// Something went wrong with it: in smaller and smaller parts, to find out whether one document is why.
    Failed(String),
    /// Later, all of it.
    Again(String),
}

/// What became of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there.
    Kept,
    /// Later.
    Again(String),
    /// Something went wrong with it, which may be its own fault.
    Failed(String),
    /// Never.
    Refused(String),
}

#[derive(Deserialize)]
struct Answer {
    errors: bool,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    create: Created,
}

#[derive(Deserialize)]
struct Created {
    status: u16,
    #[serde(default)]
    error: Option<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    reason: String,
}

/// Reads the answer to a bulk of `count` documents; `reason` is what an answer without items says.
pub(super) fn of_answer(status: u16, body: &[u8], reason: impl FnOnce() -> String, count: usize) -> Verdict {
    match status {
        200 => {}
        413 => return Verdict::Halve("Elasticsearch answered 413: too large".to_owned()),
        400 => return Verdict::Halve(format!("Elasticsearch answered 400: {}", reason())),
        429 => return Verdict::Busy(format!("Elasticsearch answered 429: {}", reason())),
        // Nodes that are out of reach behind a proxy (502 to 504) are no document's fault.
        500 | 505..=599 => return Verdict::Failed(format!("Elasticsearch answered {status}: {}", reason())),
        // Also 401 and 403: an operator has to do something, and until then everything waits.
        _ => return Verdict::Again(format!("Elasticsearch answered {status}: {}", reason())),
    }
    match serde_json::from_slice::<Answer>(body) {
        Ok(answer) if !answer.errors => Verdict::Each((0..count).map(|_| Fate::Kept).collect()),
        Ok(answer) if answer.items.len() == count => {
            Verdict::Each(answer.items.into_iter().map(|item| fate(item.create)).collect())
        }
        Ok(answer) => Verdict::Again(format!(
            "Elasticsearch answered for {} of {count} documents",
            answer.items.len()
        )),
        Err(error) => Verdict::Again(format!(
            "Elasticsearch answered what cannot be understood: {error}"
        )),
    }
}

fn fate(created: Created) -> Fate {
    let Created { status, error } = created;
    let error = error.unwrap_or(Reason {
        kind: String::new(),
        reason: String::new(),
    });
    let why = || format!("{status} {}: {}", error.kind, error.reason);
    match status {
        // 409: it was kept before, and only the answer to that was lost.
        200..=299 | 409 => Fate::Kept,
        // An index that may not be written at the moment, or that somebody must make first.
        _ if error.kind.ends_with("cluster_block_exception")
            || matches!(
                error.kind.as_str(),
                "index_not_found_exception" | "index_closed_exception"
            ) =>
        {
            Fate::Again(why())
        }
        // The cluster may not have another index: no document is to blame for that.
        _ if error.kind == "validation_exception" && error.reason.contains("shards") => Fate::Again(why()),
        // 503: a shard that is not there at the moment.
        401 | 403 | 429 | 502..=504 => Fate::Again(why()),
        500..=599 => Fate::Failed(why()),
        _ => Fate::Refused(why()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fate, Verdict, of_answer};

    fn item(status: u16, kind: &str) -> serde_json::Value {
        json!({"create": {"status": status, "error": {"type": kind, "reason": "so"}}})
    }

    #[test]
    fn each_document_has_its_fate() {
        let items = [
            (json!({"create": {"status": 201, "_id": "x"}}), "kept"),
            (item(409, "version_conflict_engine_exception"), "kept"),
            (item(429, "es_rejected_execution_exception"), "again"),
            (item(503, "unavailable_shards_exception"), "again"),
            (item(500, "null_pointer_exception"), "failed"),
            (item(403, "cluster_block_exception"), "again"),
            (item(403, "security_exception"), "again"),
            (item(404, "index_not_found_exception"), "again"),
            (item(400, "index_closed_exception"), "again"),
            (
                json!({"create": {"status": 400, "error": {"type": "validation_exception",
                    "reason": "Validation Failed: 1: this action would add [2] shards, but this cluster currently has \
                               [1000]/[1000] maximum normal shards open;"}}}),
                "again",
            ),
            (item(400, "validation_exception"), "refused"),
            (item(400, "document_parsing_exception"), "refused"),
            (item(400, "illegal_argument_exception"), "refused"),
        ];
        let body = json!({"took": 1, "errors": true, "items": items.iter().map(|(item, _)| item).collect::<Vec<_>>()});
        let verdict = of_answer(200, body.to_string().as_bytes(), String::new, items.len());
        let Verdict::Each(fates) = verdict else {
            panic!("{verdict:?}")
        };
        for (fate, (item, expected)) in fates.iter().zip(&items) {
            let word = match fate {
                Fate::Kept => "kept",
                Fate::Again(_) => "again",
                Fate::Failed(_) => "failed",
                Fate::Refused(_) => "refused",
            };
            assert_eq!(word, *expected, "{item}");
        }
    }

    #[test]
    fn an_answer_without_items_is_for_all_of_them() {
        let why = || "so".to_owned();
        assert!(matches!(of_answer(413, b"", why, 5), Verdict::Halve(_)));
        assert!(matches!(of_answer(400, b"{}", why, 5), Verdict::Halve(_)));
        assert!(matches!(of_answer(429, b"", why, 5), Verdict::Busy(_)));
        assert!(matches!(of_answer(500, b"", why, 5), Verdict::Failed(_)));
        for status in [401, 403, 404, 502, 503, 504] {
            assert!(
                matches!(of_answer(status, b"", why, 5), Verdict::Again(_)),
                "{status}"
            );
        }
        // Cut off, or for others than were asked about.
        assert!(matches!(
            of_answer(200, b"{\"errors\":true,\"items\":[", why, 5),
            Verdict::Again(_)
        ));
        assert!(matches!(
            of_answer(200, b"{\"errors\":true,\"items\":[]}", why, 5),
            Verdict::Again(_)
        ));
        assert!(matches!(of_answer(200, b"", why, 5), Verdict::Again(_)));
    }
}
