//! Indices that are not as Edgewise makes them: with another's template, mapping or pipeline. Where one takes
//! nothing of a bulk, what it refused is not to blame; where it takes some, each refused document is.

use std::collections::BTreeMap;

use elasticsearch::http::Method;
use serde_json::Value;

use super::nodes::Request;
use super::{ElasticsearchError, ElasticsearchLogs, template};
use crate::domain::log_entry::LogEntry;
use crate::logs::sink::Refused;

/// What one index made of some documents.
#[derive(Default)]
struct Tally<'a> {
    given: usize,
    refused: usize,
    why: &'a str,
}

impl ElasticsearchLogs {
    /// Why an index that took none of the documents that were for it would take no others; none where each refused
    /// document is itself at fault.
    pub(super) async fn nobodys_fault(
        &self,
        entries: &[LogEntry],
        refused: &[Refused],
    ) -> Result<Option<String>, ElasticsearchError> {
        if refused.is_empty() {
            return Ok(None);
        }
        let mut indices: BTreeMap<String, Tally<'_>> = BTreeMap::new();
        let index_of = |entry: &LogEntry| self.indices.of(entry.level, entry.time);
        for entry in entries {
            indices.entry(index_of(entry)).or_default().given += 1;
        }
        for one in refused {
            let Some(entry) = entries.get(one.place) else {
                continue;
            };
            let tally = indices.entry(index_of(entry)).or_default();
            tally.refused += 1;
            tally.why = &one.why;
        }
        for (index, Tally { given, refused, why }) in indices {
            // A moment that no index can be named after is the document's own fault.
            if refused < given || why.contains("invalid_index_name") {
                continue;
            }
            if let Some(what) = self.look_at(&index).await? {
                return Ok(Some(format!("it takes nothing into {index}, {what} ({why})")));
            }
        }
        Ok(None)
    }

    /// In what an index is not as Edgewise makes it.
    async fn look_at(&self, index: &str) -> Result<Option<String>, ElasticsearchError> {
        let request = Request::new(Method::Get, index, None);
        let answer = self.nodes.send(&request).await?;
        if answer.status == 404 {
            return Ok(Some("which cannot be made".to_owned()));
        }
        let found: Value = answer.json()?;
        // Behind an alias it has another name.
        let about = found.as_object().and_then(|found| found.values().next());
        Ok(difference(&template::mappings(), about.unwrap_or(&Value::Null)))
    }
}

/// In what an index differs from one with `ours` for its mapping.
fn difference(ours: &Value, about: &Value) -> Option<String> {
    for key in ["default_pipeline", "final_pipeline"] {
        let pipeline = &about["settings"]["index"][key];
        if pipeline.as_str().is_some_and(|name| name != "_none") {
            return Some(format!("which has somebody's {key} {pipeline}"));
        }
    }
    let theirs = &about["mappings"];
    if theirs["_meta"]["owner"] != template::OWNER {
        return Some(
            "which has a mapping that is not Edgewise's: look for another template that matches it"
                .to_owned(),
        );
    }
    other_field(ours, theirs, "")
        .map(|field| format!("whose mapping has another field `{field}` than Edgewise's"))
}

/// What a field is; one that has fields and no word for itself is an object.
fn kind(field: &Value) -> &str {
    field["type"].as_str().unwrap_or("object")
}

/// The first field that is not in `ours`, or is another there.
fn other_field(ours: &Value, theirs: &Value, path: &str) -> Option<String> {
    // Here everybody may have their own.
    let is_open = ours["dynamic"] == true;
    for (name, field) in theirs["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let known = &ours["properties"][name];
        if known.is_null() {
            if is_open {
                continue;
            }
            return Some(path);
        }
        if kind(known) != kind(field) {
            return Some(path);
        }
        if let Some(other) = other_field(known, field, &path) {
            return Some(other);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::difference;
    use crate::logs::elasticsearch::template;

    type Change<'a> = &'a dyn Fn(&mut Value);

    #[test]
    fn an_index_as_edgewise_makes_it_is_told_from_others() {
        let ours = template::mappings();
        let about = |change: Change<'_>| {
            let mut about =
                json!({"mappings": ours.clone(), "settings": {"index": {"number_of_shards": "1"}}});
            change(&mut about);
            difference(&ours, &about)
        };
        assert_eq!(about(&|_| {}), None);
        assert_eq!(
            about(
                &|about| about["mappings"]["properties"]["labels"]["properties"]["theirs"] =
                    json!({"type": "long"})
            ),
            None,
            "labels are everybody's"
        );
        let cases: [(&str, Change<'_>); 6] = [
            ("not Edgewise's", &|about| about["mappings"]["_meta"] = json!({})),
            ("not Edgewise's", &|about| *about = Value::Null),
            ("`message`", &|about| {
                about["mappings"]["properties"]["message"] = json!({"type": "long"});
            }),
            ("`message`", &|about| {
                about["mappings"]["properties"]["message"] = json!({"type": "object"});
            }),
            ("`host.rack`", &|about| {
                about["mappings"]["properties"]["host"]["properties"]["rack"] = json!({"type": "long"});
            }),
            ("final_pipeline", &|about| {
                about["settings"]["index"]["final_pipeline"] = json!("theirs");
            }),
        ];
        for (word, change) in cases {
            let said = about(change);
            assert!(
                said.as_ref().is_some_and(|said| said.contains(word)),
                "{word}: {said:?}"
            );
        }
    }
}
