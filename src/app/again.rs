//! Starting an action anew from a finished one: the rest of it, or its way back.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;
use crate::app::act::Start;
use crate::app::error::AppError;
use crate::app::planning::Planned;
use crate::app::policies;
use crate::app::request::{ActBody, ActRequest, CallerHeaders, SteerBody};
use crate::app::steer::SOLE_APPROVER;
use crate::app::telling::{is_done, retry_word, was_touched};
use crate::app::view::Accepted;
use crate::domain::action::{ActionId, TargetState};
use crate::domain::actor::{Caller, Permission};
use crate::domain::config::MergedConfig;
use crate::domain::name::TargetName;
use crate::domain::plan::{Gate, Plan, Stage};
use crate::domain::rollout::{Rollout, StageStatus, TargetProgress};
use crate::domain::target::goes_back;
use crate::store::{ActionRecord, FrozenAction, InventoryEntry};

/// What `retry` may be told in `only`.
const RETRY_WORDS: [&str; 3] = ["failed", "pending", "unreachable"];

impl App {
    /// The same plan again, for the targets it did not serve.
    pub(super) async fn retry(
        &self,
        caller: &Caller,
        action: &FrozenAction,
        rollout: &Rollout,
        body: &SteerBody,
    ) -> Result<Accepted, AppError> {
        if !rollout.status().is_final() {
            return Err(AppError::Conflict(
                "the action is still under way: retry it when it has ended".to_owned(),
            ));
        }
        if let Some(wrong) = body
            .only
            .iter()
            .find(|word| !RETRY_WORDS.contains(&word.as_str()))
        {
            return Err(AppError::field(
                "only",
                format!("`{wrong}` is none of {}", RETRY_WORDS.join(", ")),
            ));
        }
        let wanted = |word: &str| body.only.is_empty() || body.only.iter().any(|only| only == word);
        let chosen: BTreeSet<TargetName> = rollout
            .targets()
            .filter(|progress| retry_word(progress.state).is_some_and(wanted))
            .map(|progress| progress.name.clone())
            .collect();
        if chosen.is_empty() {
            return Err(AppError::Conflict(
                "no target of the action is in a state to retry".to_owned(),
            ));
        }
        self.check_newest(action, rollout, &chosen).await?;
        let mut body = body.clone();
        let skipped = skipped_gates(&action.plan, rollout, &chosen);
        let skips = |gate: Gate| skipped.iter().find(|stage| stage.gate == gate);
        if let Some(stage) = skips(Gate::Analysis)
            && body.reason.trim().is_empty()
        {
            return Err(AppError::field(
                "reason",
                format!(
                    "the analysis after stage {} has not said yes, and a retry of these targets does not ask it again: say \
                     why they may go on",
                    stage.label
                ),
            ));
        }
        if skips(Gate::Approval).is_some()
            && self
                .check_approver(caller, &action.record, "retry", &body)
                .await?
        {
            body.reason.push_str(SOLE_APPROVER);
        }
        let once_done = once_done(&action.plan, rollout);
        let plan = action.plan.restricted_to(&chosen, &once_done);
        // What went back has nothing to do with what is bad: it was judged when it was asked for.
        if !goes_back(&plan.action) {
            self.check_quarantine(&plan).await?;
        }
        let same = (plan, action.config.clone());
        self.start_again(caller, action, same, &body, "retry").await
    }

    /// Every touched target of a finished action that is not back yet to the version it had, or all of them to a named one.
    pub(super) async fn roll_back_finished(
        &self,
        caller: &Caller,
        action: &FrozenAction,
        rollout: &Rollout,
        body: &SteerBody,
    ) -> Result<Accepted, AppError> {
        let mut touched: Vec<_> = rollout
            .targets()
            .filter(|progress| was_touched(progress))
            .collect();
        touched.sort_by_key(|progress| progress.touched);
        if touched.is_empty() {
            return Err(AppError::Conflict(
                "the action touched no target: there is nothing to go back from".to_owned(),
            ));
        }
        let names = touched.iter().map(|progress| progress.name.clone()).collect();
        self.check_newest(action, rollout, &names).await?;
        let with_versions = |touched: Vec<&TargetProgress>| -> Vec<(TargetName, Option<String>)> {
            touched
                .into_iter()
                .map(|progress| (progress.name.clone(), progress.version.clone()))
                .collect()
        };
        if body.version.is_some() {
            let request = asked_again(&action.record, body);
            let touched = with_versions(touched);
            let ran = (&action.plan, &action.config);
            let Planned { plan, config } = self.plan_back_to(caller, &request, ran, &touched).await?;
            self.check_quarantine(&plan).await?;
            return self
                .start_again(caller, action, (plan, config), body, "rollback")
                .await;
        }
        touched.retain(|progress| progress.state != TargetState::RolledBack);
        if touched.is_empty() {
            return Err(AppError::Conflict(
                "every target that the action touched is back already: name the `version` to go to"
                    .to_owned(),
            ));
        }
        let plan = action.plan.way_back(&with_versions(touched));
        if plan.targets.is_empty() {
            return Err(AppError::Conflict(
                "no target of the action had a version before it: name the `version` to go to".to_owned(),
            ));
        }
        let same = (plan, action.config.clone());
        self.start_again(caller, action, same, body, "rollback").await
    }

    /// Starts what was made of a finished action's plan. Its commands are judged anew: what was allowed then may be
    /// forbidden now.
    async fn start_again(
        &self,
        caller: &Caller,
        action: &FrozenAction,
        (plan, config): (Plan, MergedConfig),
        body: &SteerBody,
        word: &str,
    ) -> Result<Accepted, AppError> {
        may_act(caller, &plan)?;
        let sanitizer = policies::sanitizer(
            &self.store,
            &plan.space,
            &plan.environment,
            self.outside.clock.now(),
        )
        .await?;
        let texts = self.texts_of(&plan).await;
        let plan = plan.judged_by(&sanitizer, &texts);
        self.start(caller, start_of(&action.record, plan, config, body, word))
            .await
    }

    /// Whether these targets still have what the action left them with. Its versions are those of then: where another
    /// action has brought something else since, they would be put over it unseen.
    async fn check_newest(
        &self,
        action: &FrozenAction,
        rollout: &Rollout,
        chosen: &BTreeSet<TargetName>,
    ) -> Result<(), AppError> {
        let record = &action.record;
        // While it ran it held these targets, so whoever came before it was there before it ended; one that never began held none.
        let held_until = rollout.started_at().and(rollout.ended_at());
        let last = held_until.unwrap_or(record.created_at);
        let inventory = self.store.inventory(&record.space, &record.project).await?;
        let later = inventory.into_iter().filter(|entry| {
            entry.since > last && entry.action != record.id && chosen.contains(&entry.target)
        });
        let later: BTreeMap<ActionId, InventoryEntry> = later.map(|entry| (entry.action, entry)).collect();
        if later.is_empty() {
            return Ok(());
        }
        let first = self.first_of(record.id).await?;
        for (id, entry) in later {
            if self.first_of(id).await? != first {
                return Err(AppError::Conflict(format!(
                    "action {id} has put {} on `{}` since this one ended: retry or roll back that action, or deploy the \
                     version that you want",
                    entry.installed.version, entry.target
                )));
            }
        }
        Ok(())
    }

    /// The action that this one was made from, over however many others.
    async fn first_of(&self, id: ActionId) -> Result<ActionId, AppError> {
        let mut first = id;
        while let Some(before) = self
            .store
            .action_record(first)
            .await?
            .and_then(|record| record.retry_of)
        {
            first = before;
        }
        Ok(first)
    }
}

/// Who starts an action anew starts what it is called now: to roll a restart back is more than to restart.
fn may_act(caller: &Caller, plan: &Plan) -> Result<(), AppError> {
    if caller.may(Permission::Act(&plan.action), plan.space.as_str()) {
        Ok(())
    } else {
        Err(AppError::Forbidden(format!(
            "your role in {} does not allow {}",
            plan.space, plan.action
        )))
    }
}

/// The request that the action was made from, for another version. What it set in the configuration is in the action's.
fn asked_again(record: &ActionRecord, body: &SteerBody) -> ActRequest {
    ActRequest {
        space: record.space.to_string(),
        project: record.project.to_string(),
        action: record.action.clone(),
        body: ActBody {
            version: body.version.clone(),
            reason: Some(body.reason.clone()),
            ..ActBody::default()
        },
        headers: CallerHeaders::default(),
    }
}

fn start_of(record: &ActionRecord, plan: Plan, config: MergedConfig, body: &SteerBody, word: &str) -> Start {
    let reason = if body.reason.is_empty() {
        format!("{word} of {}", record.id)
    } else {
        body.reason.clone()
    };
    Start {
        plan,
        config,
        countdown: 0,
        on_behalf: record.on_behalf.clone(),
        reason,
        queue: false,
        retry_of: Some(record.id),
        headers: CallerHeaders::default(),
        digest: String::new(),
    }
}

/// The stages with a gate that was not passed and that a retry of these targets goes on behind: where nobody of its stage is
/// retried the stage falls away, and the gate with it.
fn skipped_gates<'a>(plan: &'a Plan, rollout: &Rollout, chosen: &BTreeSet<TargetName>) -> Vec<&'a Stage> {
    let is_retried = |stage: &Stage| stage.targets.iter().any(|name| chosen.contains(name));
    let Some(last) = plan.stages.iter().rposition(is_retried) else {
        return Vec::new();
    };
    let before = plan.stages.iter().zip(rollout.stages()).take(last);
    before
        .filter(|(stage, progress)| progress.status != StageStatus::Done && !is_retried(stage))
        .map(|(stage, _)| stage)
        .collect()
}

/// The names of the `once` steps that have done their work.
fn once_done(plan: &Plan, rollout: &Rollout) -> BTreeSet<String> {
    plan.targets
        .iter()
        .zip(rollout.targets())
        .flat_map(|(planned, progress)| planned.steps.iter().zip(&progress.forth))
        .filter(|(step, progress)| step.once && is_done(progress))
        .map(|(step, _)| step.name.clone())
        .collect()
}
