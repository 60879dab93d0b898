//! From a request to a plan: nothing is run, nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::app::error::{AppError, DeniedStep, FieldError};
use crate::app::policies;
use crate::app::ports::{ScriptError, ScriptFacts, ScriptText};
use crate::app::request::{ActBody, ActRequest};
use crate::domain::actor::{Caller, OPERATOR_ACTIONS, Permission};
use crate::domain::config::{ConfigError, MergedConfig, check, merge, rollout_keys_of};
use crate::domain::environment::Environment;
use crate::domain::name::{Name, TargetName};
use crate::domain::plan::{Draft, Gate, Plan, PlanInputs, ScriptContext, ScriptTarget, UploadSource, Work};
use crate::domain::project::Project;
use crate::domain::rollout::strategy::{self, TargetFacts};
use crate::domain::sanitize::Decision;
use crate::domain::space::Space;
use crate::domain::target::{Pool, Target, Topology};

/// The keys of the configuration that bound every rollout, whatever strategy a script names itself.
const LIMIT_KEYS: [&str; 8] = [
    "max_failed",
    "on_failure",
    "on_unreachable",
    "on_inconclusive",
    "success_window_seconds",
    "target_deadline_seconds",
    "progress_deadline_seconds",
    "zones",
];

/// A plan with the configuration it was made from.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) config: MergedConfig,
}

/// Where a project lives, as far as the configuration and the balancer say.
pub(crate) struct Whereabouts {
    /// Zones, servers and pools.
    pub(crate) topology: Topology,
    /// The pools with what must stay in service.
    pub(crate) pools: Vec<Pool>,
    /// Who is in service now.
    pub(crate) in_service: BTreeSet<TargetName>,
}

/// A project with everything that interprets it.
pub(crate) struct Subject {
    pub(crate) space: Space,
    pub(crate) project: Project,
    pub(crate) environment: Environment,
    pub(crate) script: ScriptText,
    pub(crate) facts: ScriptFacts,
}

impl App {
    /// The project of the request, if the caller may see it.
    pub(crate) async fn subject(
        &self,
        caller: &Caller,
        space: &str,
        project: &str,
    ) -> Result<Subject, AppError> {
        let unknown = || AppError::NotFound(format!("project {space}/{project}"));
        if !caller.may(Permission::See, space) {
            return Err(unknown());
        }
        let space = Name::parse(space).map_err(|_| unknown())?;
        let project = Name::parse(project).map_err(|_| unknown())?;
        let space = self.store.space(&space).await?.ok_or_else(unknown)?;
        let project = self
            .store
            .project(&space.name, &project)
            .await?
            .ok_or_else(unknown)?;
        let environment = self
            .store
            .environment(&project.environment)
            .await?
            .ok_or_else(|| {
                AppError::Conflict(format!(
                    "the environment `{}` of the project is gone",
                    project.environment
                ))
            })?;
        let text = self.store.script(&environment.script).await?.ok_or_else(|| {
            AppError::Conflict(format!(
                "the script `{}` of the environment is gone",
                environment.script
            ))
        })?;
        let script = ScriptText {
            name: environment.script.clone(),
            text,
        };
        let facts = self
            .interpreter
            .describe(&script)
            .await
            .map_err(|error| script_error(&error))?;
        Ok(Subject {
            space,
            project,
            environment,
            script,
            facts,
        })
    }

    /// Makes the plan that this request asks for. Commands that the sanitizer denies are in it; see [`denied`].
    pub(crate) async fn make_plan(&self, caller: &Caller, request: &ActRequest) -> Result<Planned, AppError> {
        let subject = self.subject(caller, &request.space, &request.project).await?;
        if !subject.facts.actions.contains(&request.action) {
            return Err(AppError::NotFound(format!(
                "action `{}` in {}; it has {}",
                request.action,
                subject.script.name,
                subject.facts.actions.join(", ")
            )));
        }
        if !caller.may(Permission::Act(&request.action), &request.space) {
            return Err(AppError::Forbidden(format!(
                "your role in {} does not allow {}",
                request.space, request.action
            )));
        }
        check_body(&request.body)?;
        let config = subject.config(&request.body.config)?;
        let (targets, pools, in_service) = self.targets(&config, &request.body).await?;
        let version = wanted_version(&request.action, &request.body, &config)?;
        let targets = self
            .with_versions(&subject, request, targets, version.as_deref())
            .await?;

        let context = ScriptContext {
            space: request.space.clone(),
            project: request.project.clone(),
            action: request.action.clone(),
            config: config.for_script(&subject.facts.keys),
            targets: targets.clone(),
            version: version.clone(),
            reason: request.body.reason.clone().unwrap_or_default(),
            user: request
                .body
                .user
                .clone()
                .unwrap_or_else(|| caller.actor.to_string()),
        };
        let mut draft = self
            .interpreter
            .draft(&subject.script, &context)
            .await
            .map_err(|error| script_error(&error))?;
        self.digest_uploads(&mut draft).await?;
        let laid = lay_out(&config, &draft, &targets, &pools, &in_service)?;

        let sanitizer = policies::sanitizer(
            &self.store,
            subject.space.name.as_str(),
            subject.environment.name.as_str(),
            self.outside.clock.now(),
        )
        .await?;
        let plan = Plan::build(
            PlanInputs {
                space: subject.space.name,
                project: subject.project.name,
                environment: subject.environment.name,
                action: request.action.clone(),
                script_digest: data_encoding::HEXLOWER
                    .encode(&Sha256::digest(subject.script.text.as_bytes())),
                script: subject.script.name,
                version,
                targets: &targets,
                pools,
                stages: laid.stages,
                limits: laid.limits,
                order: laid.order,
                sanitizer: &sanitizer,
            },
            draft,
        );
        Ok(Planned { plan, config })
    }

    /// The chosen targets, the pools they are in, and who of the pools is in service now.
    async fn targets(
        &self,
        config: &MergedConfig,
        body: &ActBody,
    ) -> Result<(Vec<Target>, Vec<Pool>, BTreeSet<TargetName>), AppError> {
        let Whereabouts {
            topology,
            pools,
            mut in_service,
        } = self.topology(config).await?;
        let all = topology.targets(&|name| self.outside.hosts.address_of(name));
        let names: Vec<String> = if body.all {
            all.iter().map(|target| target.name.to_string()).collect()
        } else {
            body.servers.clone()
        };
        let chosen = topology
            .select(names.iter().map(String::as_str))
            .map_err(|unknown| {
                AppError::Invalid(
                    unknown
                        .into_iter()
                        .map(|name| FieldError {
                            field: "servers".to_owned(),
                            message: name.to_string(),
                        })
                        .collect(),
                )
            })?;
        if chosen.is_empty() {
            return Err(AppError::field(
                "servers",
                "the project has no servers yet: see its `server_info`",
            ));
        }
        let chosen: BTreeSet<TargetName> = chosen.into_iter().collect();
        let targets: Vec<Target> = all
            .into_iter()
            .filter(|target| chosen.contains(&target.name))
            .collect();
        for target in &targets {
            if target.pools.is_empty() {
                in_service.insert(target.name.clone());
            }
        }
        let touched: BTreeSet<&String> = targets.iter().flat_map(|target| &target.pools).collect();
        let pools = pools
            .into_iter()
            .filter(|pool| touched.contains(&pool.name))
            .collect();
        Ok((targets, pools, in_service))
    }

    /// The topology with the members of every pool, asked of the balancer where the configuration does not
    /// say them; and who of all of them is in service now.
    pub(crate) async fn topology(&self, config: &MergedConfig) -> Result<Whereabouts, AppError> {
        let topology = Topology::parse(config).map_err(invalid_config)?;
        let mut in_service = BTreeSet::new();
        let mut asked: BTreeMap<(String, String), Vec<TargetName>> = BTreeMap::new();
        for entry in &topology.pools {
            let (zone, pool) = (entry.zone.clone(), entry.name.clone());
            let members = self
                .outside
                .balancer
                .members(&zone, &pool)
                .await
                .map_err(|error| AppError::Unavailable(format!("pool {pool} in {zone}: {error}")))?;
            if let Some(members) = members {
                in_service.extend(members.iter().filter(|m| m.in_service).map(|m| m.name.clone()));
                asked.insert((zone, pool), members.into_iter().map(|m| m.name).collect());
            }
        }
        let topology = topology.with_members(&asked);
        let pools = topology.pools(&|zone, pool| asked.get(&(zone.to_owned(), pool.to_owned())).cloned());
        for pool in &pools {
            // A balancer that cannot be asked: its configured members count as in service.
            if !asked.contains_key(&(pool.zone.clone(), pool.name.clone())) {
                in_service.extend(pool.members.iter().cloned());
            }
        }
        Ok(Whereabouts {
            topology,
            pools,
            in_service,
        })
    }

    /// What each target has, and is to have.
    async fn with_versions(
        &self,
        subject: &Subject,
        request: &ActRequest,
        targets: Vec<Target>,
        version: Option<&str>,
    ) -> Result<Vec<ScriptTarget>, AppError> {
        let inventory = self
            .store
            .inventory(&subject.space.name, &subject.project.name)
            .await?;
        let goes_back = matches!(request.action.as_str(), "rollback" | "hard_rollback");
        let mut missing = Vec::new();
        let targets = targets
            .into_iter()
            .map(|target| {
                let known = inventory.iter().find(|entry| entry.target == target.name);
                let installed = known.map(|entry| entry.version.clone());
                let last_good = known.and_then(|entry| {
                    entry
                        .last_good
                        .clone()
                        .filter(|good| Some(good) != installed.as_ref())
                        .or_else(|| entry.previous_version.clone())
                });
                let wanted = match version {
                    Some(version) => Some(version.to_owned()),
                    None if goes_back => last_good.clone(),
                    None => installed.clone(),
                };
                if goes_back && wanted.is_none() {
                    missing.push(target.name.to_string());
                }
                ScriptTarget {
                    target,
                    version: wanted,
                    installed,
                    last_good,
                }
            })
            .collect();
        if missing.is_empty() {
            Ok(targets)
        } else {
            Err(AppError::field(
                "version",
                format!(
                    "nothing is known to go back to on {}: name a `version`, or set `rollback_version`",
                    missing.join(", ")
                ),
            ))
        }
    }

    /// Fixes the bytes of every upload from a file at the server: the plan's hash covers them.
    async fn digest_uploads(&self, draft: &mut Draft) -> Result<(), AppError> {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let steps = draft.targets.iter_mut().flat_map(|target| {
            target
                .steps
                .iter_mut()
                .chain(target.rollback.iter_mut().flatten())
        });
        for step in steps {
            let Work::Upload {
                source: source @ UploadSource::Path(_),
                sha256,
                ..
            } = &mut step.work
            else {
                continue;
            };
            let UploadSource::Path(path) = source else {
                continue;
            };
            let digest = if let Some(digest) = known.get(path.as_str()) {
                digest.clone()
            } else {
                let bytes = self
                    .outside
                    .artifacts
                    .read(&UploadSource::Path(path.clone()))
                    .await
                    .map_err(|reason| {
                        AppError::field("artifact", format!("step `{}`: {reason}", step.name))
                    })?;
                let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
                known.insert(path.clone(), digest.clone());
                digest
            };
            match sha256 {
                Some(wanted) if !wanted.eq_ignore_ascii_case(&digest) => {
                    return Err(AppError::field(
                        "artifact_sha256",
                        format!("{path} has the SHA-256 {digest}, configured is {wanted}"),
                    ));
                }
                _ => *sha256 = Some(digest),
            }
        }
        Ok(())
    }
}

/// The commands of a plan that the sanitizer denied; the same command of a step on many targets counts once.
pub(crate) fn denied(plan: &Plan) -> Vec<DeniedStep> {
    judged(plan, Decision::Deny)
}

/// The commands of a plan that somebody must approve, as `step: rule ids`.
pub(crate) fn asked(plan: &Plan) -> Vec<String> {
    judged(plan, Decision::Ask)
        .into_iter()
        .map(|step| {
            let ids: Vec<&str> = step.rules.iter().map(|rule| rule.id.as_str()).collect();
            format!("{}/{}: {}", step.target, step.step, ids.join(", "))
        })
        .collect()
}

fn judged(plan: &Plan, decision: Decision) -> Vec<DeniedStep> {
    let forth = plan
        .targets
        .iter()
        .map(|target| (&target.target.name, "forth", &target.steps));
    let back = plan
        .rollback
        .targets
        .iter()
        .map(|target| (&target.name, "back", &target.steps));
    let mut found: Vec<DeniedStep> = Vec::new();
    for (target, way, steps) in forth.chain(back) {
        for step in steps.iter().filter(|step| step.verdict == Some(decision)) {
            let command = step.command.clone().unwrap_or_default();
            let same = |known: &&mut DeniedStep| {
                known.step == step.name && known.command == command && known.way == way
            };
            if let Some(known) = found.iter_mut().find(same) {
                known.targets += 1;
                continue;
            }
            found.push(DeniedStep {
                target: target.to_string(),
                targets: 1,
                step: step.name.clone(),
                way: way.to_owned(),
                command,
                verdict: decision.as_str().to_owned(),
                rules: step.rules.clone(),
            });
        }
    }
    found
}

/// What can be said of a body before anything is looked up.
fn check_body(body: &ActBody) -> Result<(), AppError> {
    const WEEK: u64 = 7 * 24 * 3600;
    let mut errors = Vec::new();
    let mut wrong = |field: &str, message: String| {
        errors.push(FieldError {
            field: field.to_owned(),
            message,
        });
    };
    match (body.servers.is_empty(), body.all) {
        (true, false) => wrong(
            "servers",
            "name the servers, or ask for the whole fleet with `\"all\": true`".to_owned(),
        ),
        (false, true) => wrong(
            "all",
            "give either `servers` or `\"all\": true`, not both".to_owned(),
        ),
        _ => {}
    }
    if body.countdown > WEEK {
        wrong(
            "countdown",
            format!("{} s is more than 7 days ({WEEK} s)", body.countdown),
        );
    }
    if let Some(version) = &body.version
        && !is_version(version)
    {
        wrong("version", version_form(version));
    }
    for (field, text) in [("reason", &body.reason), ("user", &body.user)] {
        if text.as_ref().is_some_and(|text| text.len() > 2000) {
            wrong(field, "at most 2000 bytes".to_owned());
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(AppError::Invalid(errors))
    }
}

fn is_version(text: &str) -> bool {
    let good =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'~' | b':');
    text.len() <= 128
        && text.bytes().all(good)
        && text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
}

fn version_form(text: &str) -> String {
    format!(
        "`{text}` is not a version: use 1 to 128 letters, digits and . _ + - ~ : and begin with a letter or digit"
    )
}

impl Subject {
    /// The configuration with what a request sets, checked.
    pub(crate) fn config(&self, request: &Map<String, Value>) -> Result<MergedConfig, AppError> {
        let merged = merge(&self.environment.config, &self.project.config, request);
        check(merged, &self.facts.keys).map_err(invalid_config)
    }
}

/// The version that the action installs; none for one that installs nothing, or goes back to each target's own.
fn wanted_version(action: &str, body: &ActBody, config: &MergedConfig) -> Result<Option<String>, AppError> {
    let configured = |key: &str| config.values.get(key).and_then(Value::as_str).map(str::to_owned);
    let (version, field) = match action {
        _ if body.version.is_some() => (body.version.clone(), "version"),
        "rollback" | "hard_rollback" => (configured("rollback_version"), "rollback_version"),
        _ if OPERATOR_ACTIONS.contains(&action) || action == "hard_restart" => (None, "version"),
        "deploy" | "hard_deploy" => {
            let Some(version) = configured("version") else {
                return Err(AppError::field(
                    "version",
                    "name the `version` to install: neither the request nor the configuration does",
                ));
            };
            (Some(version), "version")
        }
        _ => (None, "version"),
    };
    match version {
        Some(version) if !is_version(&version) => Err(AppError::field(field, version_form(&version))),
        other => Ok(other),
    }
}

fn lay_out(
    config: &MergedConfig,
    draft: &Draft,
    targets: &[ScriptTarget],
    pools: &[Pool],
    in_service: &BTreeSet<TargetName>,
) -> Result<strategy::Laid, AppError> {
    let configured: Map<String, Value> = config.values.clone().into_iter().collect();
    let mut keys = rollout_keys_of(&configured, draft.targets.len());
    keys.retain(|key, _| LIMIT_KEYS.contains(&key.as_str()));
    keys.extend(draft.rollout.clone());
    if let Some(Value::Array(zones)) = keys.get_mut("zones") {
        // An order names every zone of the project; a selection may leave some of them out.
        zones.retain(|zone| {
            targets
                .iter()
                .any(|seen| zone.as_str() == Some(seen.target.zone.as_str()))
        });
    }
    let facts: Vec<TargetFacts> = draft
        .targets
        .iter()
        .filter_map(|drafted| targets.iter().find(|seen| seen.target.name == drafted.name))
        .map(|seen| TargetFacts {
            name: seen.target.name.clone(),
            zone: seen.target.zone.clone(),
            pools: seen.target.pools.clone(),
            labels: seen.target.labels.clone(),
            group: seen.target.labels.get("group").cloned(),
            ring: seen.target.labels.get("ring").cloned(),
            in_service: in_service.contains(&seen.target.name),
        })
        .collect();
    let laid =
        strategy::lay_out(&keys, &facts, pools).map_err(|error| AppError::field(error.key, error.message))?;
    match laid.stages.iter().find(|stage| stage.gate == Gate::Analysis) {
        Some(stage) => Err(AppError::field(
            "stages",
            format!(
                "stage {} has the gate `analysis`, and no source of metrics is configured",
                stage.label
            ),
        )),
        None => Ok(laid),
    }
}

/// The errors of a configuration as fields at fault.
pub(crate) fn invalid_config(errors: Vec<ConfigError>) -> AppError {
    AppError::Invalid(
        errors
            .into_iter()
            .map(|error| FieldError {
                field: format!("config.{}", error.key),
                message: error.message,
            })
            .collect(),
    )
}

/// A script's error, with its place and the line it points at.
pub(crate) fn script_error(error: &ScriptError) -> AppError {
    let place = error
        .place
        .as_ref()
        .map(|place| format!("{}:{}:{}: ", place.file, place.line, place.column))
        .unwrap_or_default();
    let excerpt = error
        .excerpt
        .as_ref()
        .map(|excerpt| format!("\n{excerpt}"))
        .unwrap_or_default();
    AppError::field("script", format!("{place}{}{excerpt}", error.message))
}
