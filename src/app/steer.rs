//! Steering an action under way.

use crate::app::App;
use crate::app::error::AppError;
use crate::app::request::SteerBody;
use crate::app::telling::action_view;
use crate::app::view::{Accepted, ActionView};
use crate::domain::action::ActionId;
use crate::domain::actor::{Caller, Permission};
use crate::domain::rollout::Steer;
use crate::store::ActionRecord;

/// What is added to the reason of one who approves what they asked for themselves.
pub(super) const SOLE_APPROVER: &str = " (it is their own action, and nobody else may approve here)";

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
    pub(super) async fn check_approver(
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
