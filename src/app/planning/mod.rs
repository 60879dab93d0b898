//! From a request to a plan: nothing is run, nothing is written.

mod layout;
mod targets;
mod uploads;
mod verdicts;
mod versions;
mod way_back;

use std::collections::HashSet;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::app::error::{AppError, FieldError};
use crate::app::policies;
use crate::app::ports::{ScriptError, ScriptFacts, ScriptText};
use crate::app::request::{ActBody, ActRequest};
use crate::domain::actor::{Caller, Permission};
use crate::domain::config::{ConfigError, MergedConfig, check, check_approvals, merge};
use crate::domain::environment::Environment;
use crate::domain::name::Name;
use crate::domain::plan::{Draft, Plan, PlanInputs, ScriptContext, ScriptTarget, Texts};
use crate::domain::project::Project;
use crate::domain::sanitize::Sanitizer;
use crate::domain::space::Space;

pub(crate) use verdicts::{asked, denied};

use layout::lay_out;
use targets::Chosen;
use versions::{is_version, version_form, wanted_version};

/// A plan with the configuration it was made from.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) config: MergedConfig,
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
        let Chosen {
            targets,
            pools,
            in_service,
            places,
        } = self.targets(&config, &request.body).await?;
        let version = wanted_version(&request.action, &request.body, &config)?;
        let targets = self
            .with_versions(&subject, request, targets, version.as_deref())
            .await?;

        let Drawn {
            draft,
            script_digest,
            sanitizer,
            texts,
        } = self
            .draw(caller, &subject, request, &config, &targets, version.as_deref())
            .await?;
        let laid = lay_out(&config, &draft, &targets, &pools, &in_service, &places)?;

        let plan = Plan::build(
            PlanInputs {
                space: subject.space.name,
                project: subject.project.name,
                environment: subject.environment.name,
                action: request.action.clone(),
                script_digest,
                script: subject.script.name,
                version,
                targets: &targets,
                pools,
                stages: laid.stages,
                limits: laid.limits,
                order: laid.order,
                sanitizer: &sanitizer,
                texts: &texts,
            },
            draft,
        );
        Ok(Planned { plan, config })
    }

    /// What the script makes of the request for these targets, with all that judges it.
    async fn draw(
        &self,
        caller: &Caller,
        subject: &Subject,
        request: &ActRequest,
        config: &MergedConfig,
        targets: &[ScriptTarget],
        version: Option<&str>,
    ) -> Result<Drawn, AppError> {
        let context = ScriptContext {
            space: request.space.clone(),
            project: request.project.clone(),
            action: request.action.clone(),
            config: config.for_script(&subject.facts.keys),
            targets: targets.to_vec(),
            version: version.map(str::to_owned),
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
        let sanitizer = policies::sanitizer(
            &self.store,
            &subject.space.name,
            &subject.environment.name,
            self.outside.clock.now(),
        )
        .await?;
        let texts = self.digest_uploads(&mut draft, &sanitizer).await?;
        Ok(Drawn {
            draft,
            script_digest: data_encoding::HEXLOWER.encode(&Sha256::digest(subject.script.text.as_bytes())),
            sanitizer,
            texts,
        })
    }
}

/// What a script made of a request.
struct Drawn {
    draft: Draft,
    /// SHA-256 (hex) of the script's text.
    script_digest: String,
    sanitizer: Sanitizer,
    texts: Texts,
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
    match (!body.servers.is_empty(), body.all, !body.selection().is_empty()) {
        (false, false, false) => wrong(
            "servers",
            "name the servers, choose them by `labels`, `zones`, `pools` or `match`, or ask for the whole fleet with \
             `\"all\": true`"
                .to_owned(),
        ),
        (true, true, _) => wrong(
            "all",
            "give either `servers` or `\"all\": true`, not both".to_owned(),
        ),
        (true, false, true) => wrong(
            "servers",
            "give either `servers`, or `labels`, `zones`, `pools` and `match` to choose them by, not both".to_owned(),
        ),
        (false, true, true) => wrong(
            "all",
            "give either `\"all\": true`, or `labels`, `zones`, `pools` and `match` to choose by, not both".to_owned(),
        ),
        (true, false, false) | (false, true, false) | (false, false, true) => {}
    }
    let mut named = HashSet::new();
    for (at, name) in body.servers.iter().enumerate() {
        if !named.insert(name.as_str()) {
            wrong(&format!("servers[{at}]"), format!("`{name}` is named twice"));
        }
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

impl Subject {
    /// The configuration with what a request sets, checked.
    pub(crate) fn config(&self, request: &Map<String, Value>) -> Result<MergedConfig, AppError> {
        let configured = merge(&self.environment.config, &self.project.config, &Map::new());
        let lost = check_approvals(&configured, request);
        if !lost.is_empty() {
            return Err(invalid_config(lost));
        }
        let merged = merge(&self.environment.config, &self.project.config, request);
        check(merged, &self.facts.keys).map_err(invalid_config)
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
