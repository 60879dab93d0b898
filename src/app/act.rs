//! Starting an action: plan, check, write, answer.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::app::App;
use crate::app::error::{AppError, HeldBy};
use crate::app::planning::{Planned, asked, denied};
use crate::app::request::{ActRequest, CallerHeaders};
use crate::app::runner::first_notices;
use crate::app::view::{Accepted, PlanView, QuarantineView};
use crate::domain::action::{ActionId, ActionStatus};
use crate::domain::actor::Caller;
use crate::domain::config::MergedConfig;
use crate::domain::notice::add_receivers;
use crate::domain::plan::Plan;
use crate::domain::rollout::{Event, Rollout};
use crate::store::{
    ActionRecord, ConflictRule, Correlation, CreateError, Created, FrozenAction, Idempotency, NewAction,
};

/// What is the same for a first start, a retry and the rollback of a finished action.
pub(crate) struct Start {
    pub(crate) plan: Plan,
    pub(crate) config: MergedConfig,
    pub(crate) countdown: u64,
    pub(crate) on_behalf: Option<String>,
    pub(crate) reason: String,
    pub(crate) queue: bool,
    pub(crate) retry_of: Option<ActionId>,
    pub(crate) headers: CallerHeaders,
    /// SHA-256 of the request, so that a repeat with the same key can be told from another request.
    pub(crate) digest: String,
}

impl App {
    /// The plan of a request: nothing is run, nothing is written. A denied command is shown with its verdict, a version in
    /// quarantine with the reason.
    pub async fn plan(&self, caller: &Caller, request: &ActRequest) -> Result<PlanView, AppError> {
        let planned = self.make_plan(caller, request).await?;
        check_hash(request, &planned.plan)?;
        let refusal = self.refusal(&planned.plan).await?;
        Ok(PlanView {
            quarantine: refusal.as_ref().map(QuarantineView::from),
            ..PlanView::from(&planned.plan)
        })
    }

    /// Starts an action. With the `Idempotency-Key` of an earlier request it answers with that one's action.
    pub async fn act(&self, caller: &Caller, request: &ActRequest) -> Result<Accepted, AppError> {
        let digest = digest(request);
        if let Some(first) = self.repeated(caller, request, &digest).await? {
            return Ok(first);
        }
        let Planned { plan, config } = self.make_plan(caller, request).await?;
        check_hash(request, &plan)?;
        self.check_quarantine(&plan).await?;
        self.start(
            caller,
            Start {
                plan,
                config,
                countdown: request.body.countdown,
                on_behalf: request.body.user.clone(),
                reason: request.body.reason.clone().unwrap_or_default(),
                queue: request.body.queue,
                retry_of: None,
                headers: request.headers.clone(),
                digest,
            },
        )
        .await
    }

    /// Writes the action with its first event, and sets it going.
    pub(crate) async fn start(&self, caller: &Caller, start: Start) -> Result<Accepted, AppError> {
        let denied = denied(&start.plan);
        if !denied.is_empty() {
            return Err(AppError::Denied(denied));
        }
        if let Some(why) = self.outside.log_health.refusal() {
            return Err(AppError::Unavailable(format!(
                "no action may begin while it could not be logged whole (log.audit is strict): {why}"
            )));
        }
        let mut config = start.config;
        if let Some(space) = self.store.space(&start.plan.space).await? {
            add_receivers(&mut config, &space.notify);
        }
        let now = self.outside.clock.now();
        let id = ActionId::from_parts(now, rand::random());
        let due_at = now.plus_seconds(start.countdown);
        let needs_approval = asked(&start.plan);
        let targets = start
            .plan
            .targets
            .iter()
            .map(|planned| {
                (
                    self.outside.hosts.lease_key(&planned.target),
                    planned.target.name.clone(),
                )
            })
            .collect();
        let plan = std::sync::Arc::new(start.plan);
        let created = Event::Created {
            due_at,
            needs_approval,
            queued_behind: None,
            settings: self.settings.rollout.clone(),
        };
        let mut rollout = Rollout::new(std::sync::Arc::clone(&plan));
        rollout
            .apply(&created, now)
            .map_err(|refused| AppError::Internal(refused.to_string()))?;
        let frozen = FrozenAction {
            record: ActionRecord {
                id,
                space: plan.space.clone(),
                project: plan.project.clone(),
                environment: plan.environment.clone(),
                action: plan.action.clone(),
                version: plan.version.clone(),
                actor: caller.actor.clone(),
                on_behalf: start.on_behalf,
                reason: Some(start.reason).filter(|reason| !reason.is_empty()),
                created_at: now,
                due_at,
                started_at: None,
                ended_at: None,
                status: rollout.status(),
                waiting_for: rollout.waiting_for(),
                plan_hash: plan.plan_hash.clone(),
                retry_of: start.retry_of,
                queued_behind: None,
                correlation: Correlation {
                    correlation_id: start.headers.correlation_id,
                    traceparent: start.headers.traceparent,
                },
            },
            plan: plan.as_ref().clone(),
            config,
        };
        let accepted = accepted(&frozen.record);
        let idempotency = start.headers.idempotency_key.map(|key| Idempotency {
            key,
            body_hash: start.digest,
        });
        let notices = first_notices(&frozen, &rollout);
        let new = NewAction {
            notices,
            action: frozen,
            targets,
            event0: created,
            idempotency,
        };
        let rule = if start.queue {
            ConflictRule::Queue
        } else {
            ConflictRule::Refuse
        };
        match self.store.create_action(&new, rule).await {
            Ok(Created::New { queued_behind }) => {
                // Behind another it gets on as the store has it, not as it would have without.
                let answer = match queued_behind {
                    Some(_) => self.first(id).await,
                    None => Ok(accepted),
                };
                self.bell.ring();
                self.runner.start(id);
                answer
            }
            Ok(Created::Repeated(first)) => self.first(first).await,
            Err(CreateError::Held(held)) => Err(AppError::Held(Box::new(HeldBy {
                action: held.holder,
                actor: held.actor.to_string(),
                since: held.since,
                targets: held.targets.iter().map(ToString::to_string).collect(),
            }))),
            Err(CreateError::KeyReused(_)) => Err(other_body()),
            Err(CreateError::Store(error)) => Err(error.into()),
        }
    }

    async fn first(&self, id: ActionId) -> Result<Accepted, AppError> {
        let record = self.store.action_record(id).await?;
        record.as_ref().map(accepted).ok_or_else(|| {
            AppError::Conflict("the first action with this Idempotency-Key is gone".to_owned())
        })
    }

    /// The answer to a request that was made before with the same key, without planning it again: the state
    /// it was planned on is not the state now.
    async fn repeated(
        &self,
        caller: &Caller,
        request: &ActRequest,
        digest: &str,
    ) -> Result<Option<Accepted>, AppError> {
        let Some(key) = &request.headers.idempotency_key else {
            return Ok(None);
        };
        if key.is_empty() || key.len() > 255 {
            return Err(AppError::field("Idempotency-Key", "use 1 to 255 characters"));
        }
        let now = self.outside.clock.now();
        let path = format!("{}/{}/{}", request.space, request.project, request.action);
        match self.store.answered_before(&caller.actor, &path, key, now).await? {
            None => Ok(None),
            Some((_, before)) if before != digest => Err(other_body()),
            Some((first, _)) => self.first(first).await.map(Some),
        }
    }
}

fn other_body() -> AppError {
    AppError::field(
        "Idempotency-Key",
        "this key came before with another request: use a new key for a new request",
    )
}

fn accepted(record: &ActionRecord) -> Accepted {
    Accepted {
        action_id: record.id,
        project: record.project.to_string(),
        space: record.space.to_string(),
        action: record.action.clone(),
        status: record.status,
        url: format!("/space/{}/actions/{}", record.space, record.id),
        plan_hash: record.plan_hash.to_string(),
        // That it waits for its own beginning is no news.
        waiting_for: record
            .waiting_for
            .clone()
            .filter(|_| record.status != ActionStatus::Scheduled),
        retry_of: record.retry_of,
    }
}

fn check_hash(request: &ActRequest, plan: &Plan) -> Result<(), AppError> {
    match &request.body.plan_hash {
        Some(wanted) if wanted != plan.plan_hash.as_str() => Err(AppError::Conflict(format!(
            "the plan is not the one that was agreed on: its hash is now {}; look at it again",
            plan.plan_hash
        ))),
        _ => Ok(()),
    }
}

/// What a request asks for, as a digest: the order of its servers does not matter.
fn digest(request: &ActRequest) -> String {
    let body = &request.body;
    let servers: BTreeSet<&String> = body.servers.iter().collect();
    let asked = serde_json::json!([
        request.space,
        request.project,
        request.action,
        servers,
        body.all,
        body.labels,
        body.zones,
        body.pools,
        body.patterns,
        body.user,
        body.countdown,
        body.version,
        body.reason,
        body.queue,
        body.plan_hash,
        body.config,
    ]);
    data_encoding::HEXLOWER.encode(&Sha256::digest(asked.to_string().as_bytes()))
}
