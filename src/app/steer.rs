//! Steering an action under way, and starting one anew from a finished one.

use std::collections::BTreeSet;

use crate::app::App;
use crate::app::act::Start;
use crate::app::error::AppError;
use crate::app::planning::Planned;
use crate::app::policies;
use crate::app::request::{ActBody, ActRequest, CallerHeaders, SteerBody};
use crate::app::telling::{action_view, is_done, retry_word, was_touched};
use crate::app::view::{Accepted, ActionView};
use crate::domain::action::{ActionId, TargetState};
use crate::domain::actor::{Caller, Permission};
use crate::domain::config::MergedConfig;
use crate::domain::name::TargetName;
use crate::domain::plan::{Gate, Plan, Stage};
use crate::domain::rollout::{Rollout, StageStatus, Steer, TargetProgress};
use crate::domain::target::goes_back;
use crate::store::{ActionRecord, FrozenAction};

/// What `retry` may be told in `only`.
const RETRY_WORDS: [&str; 3] = ["failed", "pending", "unreachable"];

/// What is added to the reason of one who approves what they asked for themselves.
const SOLE_APPROVER: &str = " (it is their own action, and nobody else may approve here)";

/// What steering did.
#[derive(Debug)]
pub enum Steered {
    /// The action itself, as it is now.
    Same(Box<ActionView>),
    /// A new action.
    New(Box<Accepted>),
}

impl App {
    /// Steers an action by the word in the URL.
    pub async fn steer(
        &self,
        caller: &Caller,
        id: ActionId,
        word: &str,
        body: &SteerBody,
    ) -> Result<Steered, AppError> {
        let action = self.visible_action(caller, id).await?;
        if body.reason.len() > 2000 {
            return Err(AppError::field("reason", "at most 2000 bytes"));
        }
        may_steer(caller, &action.record, word)?;
        takes(word, body)?;
        let (rollout, _) = self.folded(&action).await?;
        match word {
            "retry" => self
                .retry(caller, &action, &rollout, body)
                .await
                .map(|new| Steered::New(Box::new(new))),
            "rollback" if rollout.status().is_final() => self
                .roll_back_finished(caller, &action, &rollout, body)
                .await
                .map(|new| Steered::New(Box::new(new))),
            _ => {
                let steer = steer_of(word, body)?;
                let approves = steer == Steer::Approve || rollout.passes_approval(&steer);
                // At a gate that asks for an approval, to promote is to approve: nothing else passes it.
                let steer = match steer {
                    Steer::Promote { to_end: false } if approves => Steer::Approve,
                    steer => steer,
                };
                rollout
                    .may(&steer)
                    .map_err(|refused| AppError::Conflict(refused.to_string()))?;
                let mut reason = body.reason.clone();
                if approves && self.check_approver(caller, &action.record, word, body).await? {
                    reason.push_str(SOLE_APPROVER);
                }
                self.runner.steer(id, steer, caller.actor.clone(), reason).await?;
                let action = self.visible_action(caller, id).await?;
                let (rollout, seq) = self.folded(&action).await?;
                Ok(Steered::Same(Box::new(action_view(&action, &rollout, seq))))
            }
        }
    }

    /// Who may approve may pass a gate that asks for an approval, by whatever word. Nobody approves what they asked
    /// for themselves, unless nobody else could: then a reason is needed, and the answer is true.
    async fn check_approver(
        &self,
        caller: &Caller,
        record: &ActionRecord,
        word: &str,
        body: &SteerBody,
    ) -> Result<bool, AppError> {
        if !caller.may(Permission::Approve, record.space.as_str()) {
            return Err(AppError::Forbidden(format!(
                "{word} would pass a gate that asks for an approval, which your role in {} cannot give",
                record.space
            )));
        }
        if caller.actor != record.actor {
            return Ok(false);
        }
        if self.others_may_approve(caller, record).await? {
            return Err(AppError::Forbidden(
                "somebody else must approve what you asked for yourself".to_owned(),
            ));
        }
        if body.reason.trim().is_empty() {
            return Err(AppError::field(
                "reason",
                "you are the only one who may approve here, and it is your own action: say why",
            ));
        }
        Ok(true)
    }

    async fn others_may_approve(&self, caller: &Caller, record: &ActionRecord) -> Result<bool, AppError> {
        let Some(space) = self.store.space(&record.space).await? else {
            return Ok(false);
        };
        let users = self.store.users().await?;
        Ok(users.iter().any(|user| {
            let roles = space.roles_of(&user.name, &user.groups);
            let approves = user.server_admin || roles.iter().any(|role| role.allows(Permission::Approve));
            let itself =
                matches!(&caller.actor, crate::domain::actor::Actor::User { name } if *name == user.name);
            !user.disabled && approves && !itself
        }))
    }

    /// The same plan again, for the targets it did not serve.
    async fn retry(
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
        let mut body = body.clone();
        if skips_an_approval(&action.plan, rollout, &chosen)
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
    async fn roll_back_finished(
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
}

/// A field that another word takes is a mistake: whoever sent it believes that it does something.
fn takes(word: &str, body: &SteerBody) -> Result<(), AppError> {
    let given = [
        ("to", body.to.is_some(), "promote"),
        ("rollback", body.rollback, "abort"),
        ("version", body.version.is_some(), "rollback"),
        ("only", !body.only.is_empty(), "retry"),
    ];
    let stray = given
        .into_iter()
        .find(|(_, is_given, of)| *is_given && *of != word);
    stray.map_or(Ok(()), |(field, _, of)| {
        let message = format!("`{word}` does not take it: it belongs to `{of}`");
        Err(AppError::field(field, message))
    })
}

/// Who may start an action may steer it; what waits for approval needs an approver.
fn may_steer(caller: &Caller, record: &ActionRecord, word: &str) -> Result<(), AppError> {
    let wanted = match word {
        "approve" | "reject" => Permission::Approve,
        _ => Permission::Act(&record.action),
    };
    if caller.may(wanted, record.space.as_str()) {
        Ok(())
    } else {
        Err(AppError::Forbidden(format!(
            "your role in {} does not allow {word}",
            record.space
        )))
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

/// Whether a retry of these targets goes on behind a gate that asks for an approval and was not passed: where nobody of its
/// stage is retried the stage falls away, and the gate with it.
fn skips_an_approval(plan: &Plan, rollout: &Rollout, chosen: &BTreeSet<TargetName>) -> bool {
    let is_retried = |stage: &Stage| stage.targets.iter().any(|name| chosen.contains(name));
    let stages = plan.stages.iter().zip(rollout.stages()).enumerate();
    let gates = stages.filter(|(_, (stage, progress))| {
        stage.gate == Gate::Approval && progress.status != StageStatus::Done && !is_retried(stage)
    });
    gates
        .into_iter()
        .any(|(at, _)| plan.stages[at + 1..].iter().any(is_retried))
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

fn steer_of(word: &str, body: &SteerBody) -> Result<Steer, AppError> {
    let to_end = match body.to.as_deref() {
        None => false,
        Some("end") => true,
        Some(other) => return Err(AppError::field("to", format!("`{other}` is not `end`"))),
    };
    match word {
        "pause" => Ok(Steer::Pause),
        "resume" => Ok(Steer::Resume),
        "promote" => Ok(Steer::Promote { to_end }),
        "force" if body.reason.trim().is_empty() => Err(AppError::field(
            "reason",
            "say why soaks, gates and the queue are to be skipped",
        )),
        "force" => Ok(Steer::Force),
        "abort" => Ok(Steer::Abort {
            rollback: body.rollback,
        }),
        "rollback" if body.version.is_some() => Err(AppError::field(
            "version",
            "an action under way goes back to what each target had; abort it, then roll back to a named version",
        )),
        "rollback" => Ok(Steer::Rollback),
        "approve" => Ok(Steer::Approve),
        "reject" => Ok(Steer::Reject),
        other => Err(AppError::NotFound(format!("steering command `{other}`"))),
    }
}
