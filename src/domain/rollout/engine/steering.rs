//! What a person or program may ask of an action, and what then happens.

use crate::domain::action::ActionStatus;
use crate::domain::plan::{Gate, OnFailure};
use crate::domain::rollout::event::Steer;
use crate::domain::rollout::refused::Refused;

use super::state::{At, Course, Paused, PausedBy, Phase};
use super::{Rollout, Turn};

impl Rollout {
    /// Whether a steering command is allowed now. Changes nothing.
    ///
    /// # Errors
    /// [`Refused::Steer`] with the reason.
    pub fn may(&self, steer: &Steer) -> Result<(), Refused> {
        self.objection(steer).map_or(Ok(()), |reason| {
            Err(Refused::Steer {
                steer: steer.as_str(),
                reason,
            })
        })
    }

    #[expect(
        clippy::match_same_arms,
        reason = "the rules are read from the top: what allows stands where it counts"
    )]
    fn objection(&self, steer: &Steer) -> Option<String> {
        let state = &self.state;
        let started = matches!(state.phase, Phase::Running);
        match &state.phase {
            Phase::New => return Some("the action is not created yet".to_owned()),
            Phase::Ended { status, .. } => return Some(format!("the action has ended {status}")),
            Phase::Before(_) | Phase::Leases(_) | Phase::Hosts | Phase::Running => {}
        }
        let objection = match (steer, &state.course) {
            (
                Steer::Abort { rollback: false },
                Course::Halt {
                    end: ActionStatus::ManualFailed,
                },
            )
            | (Steer::Pause | Steer::Resume, Course::Halt { .. }) => "the action is ending already",
            (Steer::Pause, _) if state.paused.is_some() => "the action is paused already",
            (Steer::Resume, _) if state.paused.is_none() => "the action is not paused",
            (Steer::Pause | Steer::Resume | Steer::Abort { rollback: false }, _) => return None,
            (Steer::Abort { rollback: true } | Steer::Rollback, Course::Back) => {
                "the action is on its way back already"
            }
            (Steer::Abort { rollback: true }, _) if state.touched.is_empty() => return None,
            (Steer::Rollback, _) if state.touched.is_empty() => {
                "no target was touched yet: abort the action instead"
            }
            (Steer::Abort { rollback: true } | Steer::Rollback, _) if !self.can_go_back() => {
                "none of the touched targets has a version to go back to"
            }
            (Steer::Abort { rollback: true } | Steer::Rollback, _) => return None,
            (Steer::Promote { .. } | Steer::Force | Steer::Approve | Steer::Reject, _)
                if state.verdict.is_some() =>
            {
                "what failed has decided, which waits for the end of the pause: resume it, roll it back, or abort it"
            }
            (Steer::Force, Course::Forth { .. }) if state.forced => "the action is forced already",
            (Steer::Force, Course::Forth { .. }) => return None,
            (Steer::Promote { to_end: true }, Course::Forth { .. }) if state.promoted => {
                "the action is promoted to its end already"
            }
            (Steer::Promote { to_end: true }, Course::Forth { .. }) if started => return None,
            (
                Steer::Promote { to_end: false },
                Course::Forth {
                    at: At::Gate(wait), ..
                },
            ) if wait.gate == Gate::Approval => "this gate asks for an approval: approve it",
            (
                Steer::Promote { to_end: false },
                Course::Forth {
                    at: At::Soaking(_) | At::Gate(_),
                    ..
                },
            ) => return None,
            (Steer::Promote { .. }, Course::Forth { .. }) => "no soak or gate is going on",
            (Steer::Force | Steer::Promote { .. }, _) => "the action no longer goes forth",
            (Steer::Approve | Steer::Reject, _) if self.waits_for_approval() => return None,
            (Steer::Approve | Steer::Reject, _) => "nothing waits for an approval",
        };
        Some(objection.to_owned())
    }

    /// Whether `steer` passes a gate that asks for an approval: the one it stands at, or with `force` and a
    /// promotion to the end also one that is still ahead. Who may not approve must not be let do that.
    #[must_use]
    pub fn passes_approval(&self, steer: &Steer) -> bool {
        let Course::Forth { stage, at } = &self.state.course else {
            return false;
        };
        match steer {
            Steer::Promote { to_end: true } | Steer::Force => {
                let ahead = self.facts.plan.stages.iter().skip(*stage as usize);
                ahead.into_iter().any(|stage| stage.gate == Gate::Approval)
            }
            Steer::Promote { to_end: false } => {
                matches!(at, At::Gate(wait) if wait.gate == Gate::Approval)
            }
            Steer::Pause
            | Steer::Resume
            | Steer::Abort { .. }
            | Steer::Rollback
            | Steer::Approve
            | Steer::Reject => false,
        }
    }

    fn waits_for_approval(&self) -> bool {
        match &self.state.phase {
            Phase::Before(before) => !before.approval.is_empty(),
            Phase::Running => match &self.state.course {
                Course::Forth {
                    at: At::Gate(wait), ..
                } => wait.gate == Gate::Approval,
                Course::Forth { .. } | Course::Halt { .. } | Course::Back => false,
            },
            Phase::New | Phase::Leases(_) | Phase::Hosts | Phase::Ended { .. } => false,
        }
    }

    /// Does what was asked; [`Rollout::may`] has said yes.
    pub(super) fn steered(&mut self, steer: &Steer, by: &str, reason: &str, turn: &mut Turn) {
        let why = if reason.is_empty() {
            format!("{by} asked for it")
        } else {
            format!("{by}: {reason}")
        };
        self.note(turn, steer.as_str(), why.clone());
        match steer {
            Steer::Pause => {
                self.state.paused = Some(Paused {
                    since: turn.now,
                    why,
                    by: PausedBy::Command,
                    besides: None,
                });
            }
            Steer::Resume => self.resume(turn),
            Steer::Promote { to_end } => {
                self.state.promoted |= *to_end;
                self.skip_watching(turn);
            }
            Steer::Force => {
                self.state.forced = true;
                if let Phase::Before(before) = &mut self.state.phase {
                    before.behind = None;
                }
                self.skip_watching(turn);
            }
            Steer::Abort { .. } if self.state.touched.is_empty() => {
                self.finish(ActionStatus::Revoked, turn);
            }
            Steer::Abort { rollback: false } => {
                self.halt(ActionStatus::ManualFailed, turn);
                self.interrupt(turn);
            }
            Steer::Abort { rollback: true } => {
                // An abort says nothing about the version; the failures that waited for the end of a pause do.
                if let Some(verdict) = self.state.verdict.take()
                    && self.on_failure(verdict.stage) == OnFailure::Rollback
                {
                    self.condemn(&verdict.why, turn);
                }
                self.turn_back(turn);
            }
            Steer::Rollback => {
                self.condemn(&why, turn);
                self.turn_back(turn);
            }
            Steer::Approve => self.approve(turn),
            Steer::Reject => self.reject(&why, turn),
        }
    }

    fn resume(&mut self, turn: &mut Turn) {
        self.state.paused = None;
        self.state.last_progress = turn.now;
        if let Some(verdict) = self.state.verdict.take() {
            self.decide(verdict.stage, &verdict.why, turn);
            return;
        }
        // An analysis that stopped the rollout is begun anew.
        if let Course::Forth {
            at: At::Gate(wait), ..
        } = &self.state.course
            && wait.verdict.is_some()
        {
            self.begin_analysis(turn);
        }
    }

    /// Leaves the soak for the gate, or the gate for the next stage.
    fn skip_watching(&mut self, turn: &mut Turn) {
        match &self.state.course {
            Course::Forth {
                stage,
                at: At::Soaking(_),
            } => self.begin_gate(*stage, turn),
            Course::Forth {
                stage,
                at: At::Gate(_),
            } => {
                let stage = *stage;
                if matches!(&self.state.paused, Some(paused) if paused.by == PausedBy::Itself) {
                    self.state.paused = None;
                }
                self.pass_stage(stage, turn);
            }
            Course::Forth {
                at: At::Working | At::Deferred,
                ..
            }
            | Course::Halt { .. }
            | Course::Back => {}
        }
    }

    fn approve(&mut self, turn: &mut Turn) {
        match &mut self.state.phase {
            Phase::Before(before) => before.approval.clear(),
            Phase::New | Phase::Leases(_) | Phase::Hosts | Phase::Running | Phase::Ended { .. } => {
                self.skip_watching(turn);
            }
        }
    }

    fn reject(&mut self, why: &str, turn: &mut Turn) {
        if matches!(self.state.phase, Phase::Before(_)) {
            self.finish(ActionStatus::Revoked, turn);
        } else if let Course::Forth { stage, .. } = self.state.course {
            let why = format!("the gate was rejected, {why}");
            self.decide(stage, &why, turn);
        }
    }
}
