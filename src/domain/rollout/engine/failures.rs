//! The failure budget, and what is done when it is spent.

use crate::domain::action::ActionStatus;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{OnFailure, OnUnreachable};
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::progress::StageStatus;
use crate::domain::timestamp::Timestamp;

use super::state::{At, Course, Paused, PausedBy, Phase, Verdict, Work};
use super::{Rollout, Turn};

/// What a failure is of, as far as the budgets mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The work on a target.
    OfWork,
    /// A `once` step: every later target relies on it.
    OfOnce,
    /// The way to a target.
    OutOfReach,
}

impl Failure {
    pub fn of(outcome: Outcome) -> Self {
        if outcome.is_out_of_reach() {
            Self::OutOfReach
        } else {
            Self::OfWork
        }
    }
}

impl Rollout {
    /// Counts a target that failed on its way forth, and decides where it was one too many. A `once`
    /// step that failed decides at once: every later target relies on it.
    pub(super) fn count_failure(
        &mut self,
        target: u32,
        policy: OnUnreachable,
        kind: Failure,
        error: &str,
        turn: &mut Turn,
    ) {
        let name = self.facts.name(target).to_string();
        let once = kind == Failure::OfOnce;
        if kind == Failure::OutOfReach && self.count_unreachable(&name, error, turn) {
            if self.is_budget_spent() {
                self.budget_spent(self.judged_in(target), turn);
            }
            return;
        }
        if policy == OnUnreachable::Skip && !once {
            self.note(turn, format!("leave out {name}"), error);
            return;
        }
        self.state.failed += 1;
        self.note(
            turn,
            format!("{name} failed"),
            format!(
                "{error} ({} of {} allowed)",
                self.state.failed, self.facts.plan.limits.max_failed
            ),
        );
        if self.state.failed > self.facts.plan.limits.max_failed || once {
            self.budget_spent(self.judged_in(target), turn);
        }
    }

    /// Counts a target out of reach against the budget of those, where the plan has one; says whether it has.
    pub(super) fn count_unreachable(&mut self, name: &str, error: &str, turn: &mut Turn) -> bool {
        let Some(most) = self.facts.plan.limits.max_unreachable else {
            return false;
        };
        self.state.unreachable += 1;
        let why = format!("{error} ({} of {most} allowed)", self.state.unreachable);
        self.note(turn, format!("{name} is out of reach"), why);
        true
    }

    pub(super) fn is_budget_spent(&self) -> bool {
        let limits = &self.facts.plan.limits;
        let unreachable = limits
            .max_unreachable
            .is_some_and(|most| self.state.unreachable > most);
        unreachable || self.state.failed > limits.max_failed
    }

    pub(super) fn budget_spent(&mut self, stage: u32, turn: &mut Turn) {
        let limits = &self.facts.plan.limits;
        let why = match limits.max_unreachable {
            Some(most) if self.state.unreachable > most => {
                format!("{} cannot be reached, {most} may be", self.state.unreachable)
            }
            _ => format!("{} failed, {} may fail", self.state.failed, limits.max_failed),
        };
        self.decide(stage, &why, turn);
    }

    /// What the stage, else the whole rollout, says is to be done on failure.
    pub(super) fn on_failure(&self, stage: u32) -> OnFailure {
        let own = self.facts.plan.stages.get(stage as usize);
        own.and_then(|stage| stage.on_failure)
            .unwrap_or(self.facts.plan.limits.on_failure)
    }

    /// Does what is to be done on failure of this stage. Once it has turned back or halts, there is nothing left
    /// to decide. While it is paused nothing is started, so what was decided first waits for the end of that.
    pub(super) fn decide(&mut self, stage: u32, why: &str, turn: &mut Turn) {
        if !matches!(self.state.phase, Phase::Running) || !matches!(self.state.course, Course::Forth { .. }) {
            return;
        }
        let on_failure = self.on_failure(stage);
        if on_failure == OnFailure::Pause {
            self.pause_by_itself(turn.now, why, turn);
        } else if self.state.paused.is_none() {
            self.carry_out(on_failure, why, turn);
        } else if self.state.verdict.is_none() {
            let then = self.after_the_pause(on_failure);
            self.note(
                turn,
                "decide after the pause",
                format!("{why}: {then} when it is resumed"),
            );
            self.state.verdict = Some(Verdict {
                stage,
                why: why.to_owned(),
            });
        }
    }

    fn carry_out(&mut self, on_failure: OnFailure, why: &str, turn: &mut Turn) {
        match on_failure {
            // Decided where it pauses.
            OnFailure::Pause => {}
            OnFailure::GoOn => self.note(turn, "go on with the others", why),
            OnFailure::Stop => {
                self.note(turn, "stop", why);
                self.halt(ActionStatus::Failed, turn);
            }
            OnFailure::Rollback if self.can_go_back() => {
                self.note(turn, "go back", why);
                self.condemn(why, turn);
                self.turn_back(turn);
            }
            OnFailure::Rollback => {
                let why = if self.state.touched.is_empty() {
                    format!("{why}; nothing was touched")
                } else {
                    format!("{why}; no touched target has a version to go back to, so it holds")
                };
                self.note(turn, "stop", why);
                self.halt(ActionStatus::Failed, turn);
            }
        }
    }

    /// What a decision that waits for the end of a pause will then do.
    pub(super) fn after_the_pause(&self, on_failure: OnFailure) -> &'static str {
        match on_failure {
            OnFailure::Rollback if self.can_go_back() => "it goes back",
            OnFailure::Rollback | OnFailure::Stop => "it stops",
            OnFailure::Pause | OnFailure::GoOn => "it goes on",
        }
    }

    /// Waits for a person to decide. Where somebody has paused it already, that stays, and says this besides.
    pub(super) fn pause_by_itself(&mut self, since: Timestamp, why: &str, turn: &mut Turn) {
        match &mut self.state.paused {
            None => {
                self.state.paused = Some(Paused {
                    since,
                    why: why.to_owned(),
                    by: PausedBy::Itself,
                    besides: None,
                });
            }
            Some(paused) if paused.by == PausedBy::Command => paused.besides = Some(why.to_owned()),
            Some(_) => return,
        }
        self.note(turn, "pause", why);
    }

    /// Starts nothing more; what runs is finished, then it ends so.
    pub(super) fn halt(&mut self, end: ActionStatus, turn: &mut Turn) {
        self.leave_the_way_forth(turn);
        self.state.course = Course::Halt { end };
        let asking: Vec<u32> = self.state.active.iter().copied().collect();
        for target in asking {
            if matches!(self.state.runs[target as usize].work, Work::Asking { .. }) {
                self.rest(target);
            }
        }
    }

    /// Nobody waits for a turn any more, and the stage is stopped.
    pub(super) fn leave_the_way_forth(&mut self, turn: &Turn) {
        self.state.paused = None;
        self.state.verdict = None;
        self.state.queue.clear();
        if let Some(stage) = self.stage_now() {
            let progress = &mut self.state.stages[stage as usize];
            progress.status = StageStatus::Stopped;
            progress.ended_at = Some(turn.now);
        }
    }

    pub(super) fn can_go_back(&self) -> bool {
        let mut touched = self.state.touched.iter();
        touched.any(|&target| self.facts.way_back(target).is_some())
    }

    /// Arms the timer that watches over progress. It is set anew when it fires, not at every step.
    fn watch_progress(&mut self, seconds: u64, turn: &mut Turn) {
        let at = self.state.last_progress.plus_seconds(seconds);
        self.state.progress_check_at = Some(at);
        turn.effects.push(Effect::Arm {
            timer: Timer::ProgressDeadline,
            at,
        });
    }

    /// Lets the progress deadline's clock run from now on, where it stood still and work goes on.
    pub(super) fn wake_progress(&mut self, turn: &mut Turn) {
        if let Some(seconds) = self.facts.plan.limits.progress_deadline_seconds
            && self.state.progress_check_at.is_none()
            && matches!(self.state.phase, Phase::Running)
            && !matches!(self.state.course, Course::Halt { .. })
            && !self.waits_on_purpose()
        {
            self.state.last_progress = turn.now;
            self.watch_progress(seconds, turn);
        }
    }

    /// No progress is expected while it is paused, soaks, or is at a gate.
    fn waits_on_purpose(&self) -> bool {
        self.state.paused.is_some()
            || matches!(
                self.state.course,
                Course::Forth {
                    at: At::Soaking(_) | At::Gate(_),
                    ..
                }
            )
    }

    pub(super) fn progress_timer(&mut self, turn: &mut Turn) {
        let Some(seconds) = self.facts.plan.limits.progress_deadline_seconds else {
            return;
        };
        let due = self.state.progress_check_at.is_some_and(|at| at <= turn.now);
        if !due || !matches!(self.state.phase, Phase::Running) {
            return;
        }
        if self.waits_on_purpose() {
            self.state.progress_check_at = None;
            return;
        }
        if self.state.last_progress.plus_seconds(seconds) > turn.now {
            self.watch_progress(seconds, turn);
            return;
        }
        self.state.progress_check_at = None;
        let why = format!("no target got any further for {seconds} s");
        match self.state.course {
            Course::Forth { stage, .. } if self.on_failure(stage) != OnFailure::GoOn => {
                // The clock starts again for whatever is decided.
                self.decide(stage, &why, turn);
            }
            Course::Forth { .. } | Course::Back => {
                self.note(turn, "give up going back", why);
                self.halt(ActionStatus::Failed, turn);
            }
            Course::Halt { .. } => {}
        }
    }
}
