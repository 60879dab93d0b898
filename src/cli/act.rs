//! `plan`, `run` and its short forms: ask the server to act.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::client::{Server, segment};
use super::exit::{Exit, Failure};
use super::follow::{Following, follow};
use super::output::{Output, note};
use super::show;
use crate::app::view::{Accepted, PlanView};
use crate::domain::sanitize::Decision;

/// What to act on, and how.
#[derive(Debug, Clone, Args)]
pub struct ActArgs {
    /// The project, with its space
    #[arg(value_name = "SPACE/PROJECT")]
    pub project: ProjectPath,
    #[command(flatten)]
    what: What,
}

/// The action, and what to act on.
#[derive(Debug, Clone, Args)]
pub struct NamedActArgs {
    /// The project, with its space
    #[arg(value_name = "SPACE/PROJECT")]
    project: ProjectPath,
    /// An action of the project's script: deploy, restart ...
    #[arg(value_name = "ACTION")]
    action: String,
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Clone, Args)]
struct What {
    /// Names of targets of the project, with commas between
    #[arg(long, value_delimiter = ',', value_name = "A,B", conflicts_with = "all")]
    servers: Vec<String>,
    /// The whole fleet
    #[arg(long, conflicts_with_all = ["labels", "zones", "pools", "patterns"])]
    all: bool,
    /// Targets with this label, as KEY=VALUE; with several, those that have all of them
    #[arg(long = "label", value_name = "KEY=VALUE", conflicts_with = "servers")]
    labels: Vec<String>,
    /// Targets in one of these zones
    #[arg(
        long = "zone",
        value_delimiter = ',',
        value_name = "A,B",
        conflicts_with = "servers"
    )]
    zones: Vec<String>,
    /// Targets in one of these pools
    #[arg(
        long = "pool",
        value_delimiter = ',',
        value_name = "A,B",
        conflicts_with = "servers"
    )]
    pools: Vec<String>,
    /// Targets whose names fit one of these patterns: * is any text, ? one character
    #[arg(
        long = "match",
        value_delimiter = ',',
        value_name = "PATTERN",
        conflicts_with = "servers"
    )]
    patterns: Vec<String>,
    /// The version to install
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// On whose behalf: recorded, grants nothing
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A key that the script lets a request set, as KEY=VALUE; VALUE is JSON, or else a string
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seconds until the start
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    countdown: u64,
    /// Wait behind an action that holds the targets, instead of being refused
    #[arg(long)]
    queue: bool,
    /// Run only the plan with this hash
    #[arg(long, value_name = "HASH")]
    plan_hash: Option<String>,
}

/// How to go on once the server has accepted.
#[derive(Debug, Clone, Args)]
pub struct FollowArgs {
    /// Follow the action to its end; the exit code then tells how it ended
    #[arg(long, short)]
    follow: bool,
    /// With --follow: log lines too
    #[arg(long, requires = "follow")]
    logs: bool,
    /// With --follow: give up after so many seconds (exit code 6); the action goes on
    #[arg(long, value_name = "SECONDS", requires = "follow")]
    timeout: Option<u64>,
    /// Only plan, like `edgewise plan`
    #[arg(long)]
    dry_run: bool,
    /// The same key with the same request within 24 hours answers with the first action
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// `SPACE/PROJECT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPath {
    space: String,
    project: String,
}

impl ProjectPath {
    /// Space and project as two segments of a path.
    pub fn segments(&self) -> String {
        format!("{}/{}", segment(&self.space), segment(&self.project))
    }
}

impl std::str::FromStr for ProjectPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((space, project)) if !space.is_empty() && !project.is_empty() && !project.contains('/') => {
                Ok(Self {
                    space: space.to_owned(),
                    project: project.to_owned(),
                })
            }
            _ => Err("write it as SPACE/PROJECT, for example payments/web".to_owned()),
        }
    }
}

/// `edgewise plan`: the plan, nothing run. Exit code 5 where the sanitizer denied one of its commands, or its
/// version is in quarantine.
pub async fn plan(server: &Server, args: &NamedActArgs, output: Output) -> Result<Exit, Failure> {
    plan_of(server, &args.project, &args.action, &args.what, output).await
}

/// `edgewise run`.
pub async fn run(
    server: &Server,
    args: &NamedActArgs,
    then: &FollowArgs,
    output: Output,
) -> Result<Exit, Failure> {
    act(server, &args.project, &args.action, &args.what, then, output).await
}

/// `edgewise deploy`, `restart`, `rollback`: the same for an action that needs no naming.
pub async fn short(
    server: &Server,
    action: &str,
    args: &ActArgs,
    then: &FollowArgs,
    output: Output,
) -> Result<Exit, Failure> {
    act(server, &args.project, action, &args.what, then, output).await
}

async fn plan_of(
    server: &Server,
    project: &ProjectPath,
    action: &str,
    what: &What,
    output: Output,
) -> Result<Exit, Failure> {
    let raw = server
        .post(&format!("{}/plan", path(project, action)), &body(what)?, &[])
        .await?;
    let view: PlanView = show::read(&raw, "a plan")?;
    output.print(&raw, || show::plan(&view))?;
    let back = view.rollback.targets.iter().flat_map(|target| &target.steps);
    let mut steps = view.targets.iter().flat_map(|target| &target.steps).chain(back);
    let denied = steps.any(|step| step.verdict == Some(Decision::Deny));
    Ok(if denied || view.quarantine.is_some() {
        Exit::Refused
    } else {
        Exit::Done
    })
}

async fn act(
    server: &Server,
    project: &ProjectPath,
    action: &str,
    what: &What,
    then: &FollowArgs,
    output: Output,
) -> Result<Exit, Failure> {
    if then.dry_run {
        return plan_of(server, project, action, what, output).await;
    }
    let headers: Vec<_> = then
        .idempotency_key
        .iter()
        .map(|key| ("Idempotency-Key", key.clone()))
        .collect();
    let raw = server
        .post(&format!("{}/", path(project, action)), &body(what)?, &headers)
        .await?;
    let accepted: Accepted = show::read(&raw, "an action")?;
    let page = format!("{}{}", server.url(), accepted.url);
    if !then.follow {
        output.print(&raw, || {
            let waits = accepted.waiting_for.as_ref().map_or_else(String::new, |waiting| {
                format!("\nwaits: {} {}", waiting.detail, waiting.unblock)
            });
            format!("{} {}{waits}\n{page}", accepted.action_id, accepted.status)
        })?;
        return Ok(Exit::Done);
    }
    note(&format!("{} {page}", accepted.action_id));
    let how = Following {
        logs: then.logs,
        timeout: then.timeout.map(Duration::from_secs),
    };
    follow(server, &accepted.action_id.to_string(), output, how).await
}

fn path(project: &ProjectPath, action: &str) -> String {
    format!("/space/{}/{}", project.segments(), segment(action))
}

/// The contract's body; what was not given is left out.
fn body(what: &What) -> Result<Value, Failure> {
    let mut body = chosen(what)?;
    let texts = [
        ("version", &what.version),
        ("reason", &what.reason),
        ("user", &what.user),
        ("plan_hash", &what.plan_hash),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    if what.countdown > 0 {
        body["countdown"] = json!(what.countdown);
    }
    if what.queue {
        body["queue"] = json!(true);
    }
    if !what.set.is_empty() {
        body["config"] = Value::Object(overrides(&what.set)?);
    }
    Ok(body)
}

/// What the body says of the targets.
fn chosen(what: &What) -> Result<Value, Failure> {
    let mut body = Map::new();
    if what.all {
        body.insert("all".to_owned(), json!(true));
    }
    if !what.labels.is_empty() {
        let mut labels = Map::new();
        for text in &what.labels {
            let Some((label, value)) = text.split_once('=').filter(|(label, _)| !label.is_empty()) else {
                return Err(Failure::usage(format!(
                    "--label takes KEY=VALUE; `{text}` is not that"
                )));
            };
            if labels.insert(label.to_owned(), json!(value)).is_some() {
                return Err(Failure::usage(format!(
                    "--label {label} is given twice: no target can have both values"
                )));
            }
        }
        body.insert("labels".to_owned(), Value::Object(labels));
    }
    for (key, list) in [
        ("servers", &what.servers),
        ("zones", &what.zones),
        ("pools", &what.pools),
        ("match", &what.patterns),
    ] {
        if !list.is_empty() {
            body.insert(key.to_owned(), json!(list));
        }
    }
    if body.is_empty() {
        return Err(Failure::usage(
            "say what to act on: --servers web-1,web-2, or --label, --zone, --pool and --match to choose by, or --all for \
             the whole fleet",
        ));
    }
    Ok(Value::Object(body))
}

fn overrides(set: &[String]) -> Result<Map<String, Value>, Failure> {
    set.iter()
        .map(|text| match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((
                key.to_owned(),
                serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
            )),
            _ => Err(Failure::usage(format!(
                "--set takes KEY=VALUE; `{text}` is not that"
            ))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ProjectPath, What, body};

    fn what() -> What {
        What {
            servers: Vec::new(),
            all: true,
            labels: Vec::new(),
            zones: Vec::new(),
            pools: Vec::new(),
            patterns: Vec::new(),
            version: None,
            reason: None,
            user: None,
            set: Vec::new(),
            countdown: 0,
            queue: false,
            plan_hash: None,
        }
    }

    #[test]
    fn the_body_holds_what_was_said_and_no_more() {
        assert_eq!(body(&what()).unwrap(), json!({"all": true}));
        let full = What {
            servers: vec!["a".into()],
            all: false,
            version: Some("2".into()),
            set: vec![
                "stages=1,100%".into(),
                "max_parallel=2".into(),
                "check_url=http://x/=y".into(),
            ],
            countdown: 5,
            queue: true,
            ..what()
        };
        assert_eq!(
            body(&full).unwrap(),
            json!({"servers": ["a"], "version": "2", "countdown": 5, "queue": true,
                   "config": {"stages": "1,100%", "max_parallel": 2, "check_url": "http://x/=y"}})
        );
    }

    #[test]
    fn targets_are_chosen_by_what_they_are() {
        let chosen = What {
            all: false,
            labels: vec!["os=debian".into(), "note=a=b".into()],
            zones: vec!["east".into(), "west".into()],
            pools: vec!["front".into()],
            patterns: vec!["web-*".into()],
            ..what()
        };
        assert_eq!(
            body(&chosen).unwrap(),
            json!({"labels": {"os": "debian", "note": "a=b"}, "zones": ["east", "west"], "pools": ["front"],
                   "match": ["web-*"]})
        );
        for wrong in [&["os"][..], &["=debian"], &["os=debian", "os=alma"]] {
            let labels = wrong.iter().map(ToString::to_string).collect();
            let error = body(&What {
                all: false,
                labels,
                ..what()
            })
            .unwrap_err();
            assert_eq!(error.exit.code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn nothing_is_acted_on_by_default() {
        let error = body(&What { all: false, ..what() }).unwrap_err();
        assert_eq!(error.exit.code(), 2);
    }

    #[test]
    fn a_project_has_a_space() {
        assert!("payments/web".parse::<ProjectPath>().is_ok());
        for wrong in ["web", "/web", "payments/", "a/b/c", ""] {
            assert!(wrong.parse::<ProjectPath>().is_err(), "{wrong}");
        }
    }
}
