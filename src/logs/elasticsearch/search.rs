//! Reading: pages of an action's entries by `search_after`, which knows no last page that may be asked for.

use std::time::Duration;

use async_trait::async_trait;
use elasticsearch::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::nodes::Request;
use super::{ElasticsearchError, ElasticsearchLogs};
use crate::app::ports::{
    LogError, LogOrder, LogPage, LogQuery, LogSearch, OutputOf, OutputRead, StreamOffsets,
};
use crate::domain::action::ActionId;
use crate::domain::log_entry::{LogEntry, LogStream};
use crate::domain::mask::MASK;
use crate::domain::text_query::TextQuery;
use crate::logs::document::Source;

/// Documents of one answer, at most: of what an index allows, not all is needed at once.
const MOST: u32 = 5000;

/// The first pause before a search is tried again, and the longest; twice as long each time.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

#[derive(Deserialize)]
struct Found {
    hits: Hits,
    #[serde(default)]
    aggregations: Value,
    #[serde(rename = "_shards", default)]
    shards: Shards,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_source")]
    source: Source,
}

#[derive(Deserialize, Default)]
struct Shards {
    #[serde(default)]
    failed: u32,
}

impl ElasticsearchLogs {
    /// Makes everything that was written before searchable at once.
    ///
    /// # Errors
    /// [`ElasticsearchError`] where it does not answer.
    pub async fn refresh(&self) -> Result<(), ElasticsearchError> {
        let path = format!(
            "{}/_refresh?ignore_unavailable=true&allow_no_indices=true",
            self.indices.patterns()
        );
        let request = Request::new(Method::Post, path, None);
        let _: Value = self.nodes.send(&request).await?.json()?;
        Ok(())
    }

    async fn search(&self, body: Value) -> Result<Found, ElasticsearchError> {
        let path = format!(
            "{}/_search?ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false",
            self.indices.patterns()
        );
        let request = Request::new(Method::Post, path, Some(body));
        let mut answer = self.nodes.send(&request).await?;
        let mut pause = PAUSE;
        // An index that was made a moment ago has no shard yet that answers.
        while answer.status == 503 && pause <= LONGEST_PAUSE {
            tokio::time::sleep(pause).await;
            pause *= 2;
            answer = self.nodes.send(&request).await?;
        }
        let found: Found = answer.json()?;
        if found.shards.failed > 0 {
            return Err(ElasticsearchError::Unreachable(format!(
                "{} of its shards failed",
                found.shards.failed
            )));
        }
        Ok(found)
    }

    /// So many entries after `after`, without a look at the signs.
    async fn some(
        &self,
        query: &LogQuery,
        after: Option<u64>,
        size: u32,
    ) -> Result<Vec<LogEntry>, ElasticsearchError> {
        let order = match query.order {
            LogOrder::OldestFirst => "asc",
            LogOrder::NewestFirst => "desc",
        };
        let mut body = json!({
            "size": size,
            "track_total_hits": false,
            "query": {"bool": {"filter": filters(query)}},
            "sort": [{"edgewise.seq": {"order": order, "unmapped_type": "long"}}],
        });
        if let Some(after) = after {
            body["search_after"] = json!([after]);
        }
        let found = self.search(body).await?;
        Ok(found.hits.hits.into_iter().map(|hit| hit.source.into()).collect())
    }
}

/// What must hold of every entry.
fn filters(query: &LogQuery) -> Vec<Value> {
    let mut filters = vec![json!({"term": {"correlation": query.action}})];
    let words = [
        (
            "edgewise.level",
            query.level.map(|level| level.as_str().to_owned()),
        ),
        ("edgewise.target", query.target.clone()),
        ("edgewise.step", query.step.clone()),
        ("edgewise.stage", query.stage.clone()),
        (
            "edgewise.outcome",
            query.outcome.map(|outcome| outcome.as_str().to_owned()),
        ),
        (
            "edgewise.stream",
            query.stream.map(|stream| stream.as_str().to_owned()),
        ),
    ];
    for (field, word) in words {
        if let Some(word) = word {
            filters.push(json!({"term": {field: word}}));
        }
    }
    if let Some(from) = query.from {
        filters.push(json!({"range": {"@timestamp": {"gte": from}}}));
    }
    if let Some(until) = query.until {
        filters.push(json!({"range": {"@timestamp": {"lt": until}}}));
    }
    for phrase in query.text.iter().flat_map(TextQuery::phrases) {
        filters.push(json!({"match_phrase": {"edgewise.words": phrase.join(" ")}}));
    }
    filters
}

#[async_trait]
impl LogSearch for ElasticsearchLogs {
    async fn page(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        let limit = query.limit.max(1) as usize;
        let signs = query.text.as_ref().map_or(&[][..], |text| text.signs());
        // One more, to know whether there is one.
        let size = if signs.is_empty() {
            (query.limit.max(1) + 1).min(MOST)
        } else {
            MOST
        };
        let mut page = LogPage::default();
        // Nothing has a number that Elasticsearch has none for.
        let mut after = query.after;
        if after.is_some_and(|after| i64::try_from(after).is_err()) {
            match query.order {
                LogOrder::OldestFirst => return Ok(page),
                LogOrder::NewestFirst => after = None,
            }
        }
        loop {
            let some = self.some(query, after, size).await?;
            let is_last = some.len() < size as usize;
            for entry in some {
                after = Some(entry.seq);
                // The index of words has no signs.
                if signs
                    .iter()
                    .all(|sign| entry.text.as_str().contains(sign.as_str()))
                {
                    if page.entries.len() == limit {
                        page.next = page.entries.last().map(|entry| entry.seq);
                        return Ok(page);
                    }
                    page.entries.push(entry);
                }
            }
            if is_last {
                return Ok(page);
            }
        }
    }

    async fn last_seq(&self, action: ActionId) -> Result<Option<u64>, LogError> {
        let mut query = LogQuery::of(action, 1);
        query.order = LogOrder::NewestFirst;
        let some = self.some(&query, None, 1).await?;
        Ok(some.first().map(|entry| entry.seq))
    }

    async fn output_read(&self, of: &OutputOf) -> Result<OutputRead, LogError> {
        let stream = |stream: LogStream| {
            json!({
                "filter": {"term": {"edgewise.stream": stream}},
                "aggs": {
                    "offset": {"max": {"field": "edgewise.offset"}},
                    "line": {"max": {"field": "edgewise.line"}},
                    "last": {"top_hits": {
                        "size": 1,
                        // Somebody else's index of that name may know no such field.
                        "sort": [{"edgewise.offset": {"order": "desc", "unmapped_type": "long"}}],
                        "_source": ["message", "edgewise.dropped"],
                    }},
                },
            })
        };
        let body = json!({
            "size": 0,
            "track_total_hits": false,
            "query": {"bool": {"filter": [
                {"term": {"correlation": of.action}},
                {"term": {"edgewise.target": of.target}},
                {"term": {"edgewise.step": of.step}},
                {"term": {"edgewise.attempt": of.attempt}},
            ]}},
            "aggs": {"stdout": stream(LogStream::Stdout), "stderr": stream(LogStream::Stderr)},
        });
        let found = self.search(body).await?;
        let most = |stream: &str, field: &str| {
            // A number of JSON, which is exact up to 2^53.
            found.aggregations[stream][field]["value"]
                .as_f64()
                .map_or(0, |value| value as u64)
        };
        let is_hidden = |stream: &str| {
            let last = &found.aggregations[stream]["last"]["hits"]["hits"][0]["_source"];
            last["message"].as_str().is_some_and(|text| text.ends_with(MASK))
                || !last["edgewise"]["dropped"].is_null()
        };
        Ok(OutputRead {
            bytes: StreamOffsets {
                stdout: most("stdout", "offset"),
                stderr: most("stderr", "offset"),
            },
            stdout_lines: most("stdout", "line"),
            stderr_lines: most("stderr", "line"),
            stdout_hidden: is_hidden("stdout"),
            stderr_hidden: is_hidden("stderr"),
        })
    }
}
