//! What callers may ask for, as data.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::target::Selection;

/// The body of `POST /space/{space}/{project}/{action}/`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActBody {
    /// Names of targets of the project.
    #[serde(default)]
    pub servers: Vec<String>,
    /// The whole fleet instead of `servers`.
    #[serde(default)]
    pub all: bool,
    /// Instead of `servers`: those with all of these labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Instead of `servers`: those in one of these zones.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Instead of `servers`: those in one of these pools.
    #[serde(default)]
    pub pools: Vec<String>,
    /// Instead of `servers`: those whose names fit one of these patterns (`web-*`).
    #[serde(default, rename = "match")]
    pub patterns: Vec<String>,
    /// On whose behalf: recorded beside the actor, grants nothing.
    #[serde(default)]
    pub user: Option<String>,
    /// Seconds until the start; at most 7 days.
    #[serde(default)]
    pub countdown: u64,
    /// The version to install.
    #[serde(default)]
    pub version: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Only plan.
    #[serde(default)]
    pub dry_run: bool,
    /// Wait instead of 409 when targets are held.
    #[serde(default)]
    pub queue: bool,
    /// Run only the plan with this hash.
    #[serde(default)]
    pub plan_hash: Option<String>,
    /// Overrides for the keys that the script declares overridable.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl ActBody {
    /// What the targets are chosen by, where they are neither named nor all.
    #[must_use]
    pub fn selection(&self) -> Selection<'_> {
        Selection {
            labels: Some(&self.labels),
            zones: &self.zones,
            pools: &self.pools,
            patterns: &self.patterns,
        }
    }
}

/// Everything about one request to act.
#[derive(Debug, Clone, PartialEq)]
pub struct ActRequest {
    /// `{space}` of the URL.
    pub space: String,
    /// `{project}` of the URL.
    pub project: String,
    /// `{action}` of the URL.
    pub action: String,
    /// The body.
    pub body: ActBody,
    /// What the caller sent along to find its own request again.
    pub headers: CallerHeaders,
}

/// What a caller sent along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerHeaders {
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `X-Correlation-Id`.
    pub correlation_id: Option<String>,
    /// `traceparent`.
    pub traceparent: Option<String>,
}

/// What to do with an action: `POST /api/v1/actions/{id}/{word}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SteerBody {
    /// Why. Required by `force`.
    #[serde(default)]
    pub reason: String,
    /// `promote`: `"end"`.
    #[serde(default)]
    pub to: Option<String>,
    /// `abort`: go back first.
    #[serde(default)]
    pub rollback: bool,
    /// `rollback`: to this version instead of the one each target had.
    #[serde(default)]
    pub version: Option<String>,
    /// `retry`: which targets: `failed`, `pending`, `unreachable`. All three where empty.
    #[serde(default)]
    pub only: Vec<String>,
}

/// Which version to take out of quarantine: `POST /api/v1/quarantine/{space}/{project}/lift`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiftBody {
    /// The version.
    #[serde(default)]
    pub version: String,
    /// In this environment; the one where the project is, where left out.
    #[serde(default)]
    pub environment: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// Which actions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionQuery {
    /// Of this space.
    pub space: Option<String>,
    /// Of this project.
    pub project: Option<String>,
    /// In this status.
    pub status: Option<String>,
    /// By this actor, or on behalf of this user.
    pub user: Option<String>,
    /// Created at this moment (RFC 3339) or later.
    pub since: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// At most so many (50, at most 200).
    pub limit: Option<u32>,
}

/// Which log entries to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogsQuery {
    /// `basic` or `detail`.
    pub level: Option<String>,
    /// Of this target.
    pub target: Option<String>,
    /// Of this step.
    pub step: Option<String>,
    /// Of targets of this stage.
    pub stage: Option<String>,
    /// That tell of something which ended so: `ok`, `failed` and so on.
    pub outcome: Option<String>,
    /// From this stream: `story`, `command`, `stdout`, `stderr` or `probe`.
    pub stream: Option<String>,
    /// Holding all of these words.
    pub q: Option<String>,
    /// Of this moment (RFC 3339) or later.
    pub from: Option<String>,
    /// Before this moment.
    pub until: Option<String>,
    /// `oldest` first, or `newest` first.
    pub order: Option<String>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    /// At most so many (500, at most 5000).
    pub limit: Option<u32>,
}

/// What of the log to download: as [`LogsQuery`], whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFormat {
    /// `text` (the default): a line an entry; `ndjson`: an object an entry.
    pub format: Option<String>,
    /// `gzip`: packed.
    pub pack: Option<String>,
}

/// Which outputs to fold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoldQuery {
    /// Of this step.
    pub step: Option<String>,
    /// Of targets of this stage.
    pub stage: Option<String>,
    /// `stdout` or `stderr`; both where left out.
    pub stream: Option<String>,
    /// What is passed over in comparing: `space` (at ends of lines), `times`, or both with a comma.
    pub ignore: Option<String>,
}
