//! The attempts of a step: how they start and end, when there is another, and what a failure of the last means.

use crate::domain::action::TargetState;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{OnUnreachable, Step, Work as StepWork};
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::event::{StepResult, Way};
use crate::domain::rollout::progress::StepState;
use crate::domain::rollout::shape::Kind;

use super::failures::Failure;
use super::state::{Course, Doing, Once, Purpose, Work};
use super::{Rollout, Turn};

impl Rollout {
    pub(super) fn start_attempt(&mut self, target: u32, doing: Doing, turn: &mut Turn) {
        self.state.runs[target as usize].work = Work::Step(doing);
        turn.effects.push(Effect::RunStep {
            target: self.facts.name(target).clone(),
            way: doing.way,
            step: doing.step,
            attempt: doing.attempt,
        });
    }

    pub(super) fn step_started(&mut self, target: u32, doing: Doing, turn: &Turn) {
        self.state.runs[target as usize].work = Work::Step(Doing {
            started: true,
            ..doing
        });
        let progress = &mut self.steps_mut(target, doing.way)[doing.step as usize];
        if progress.state == StepState::Succeeded {
            // A look at it again has a time of its own: it says nothing of how long the step took, nor of the pause between.
            progress.started_at = None;
        }
        progress.state = StepState::Running;
        progress.attempt = doing.attempt;
        progress.started_at.get_or_insert(turn.now);
        progress.ended_at = None;
    }

    pub(super) fn step_ended(&mut self, target: u32, doing: Doing, result: &StepResult, turn: &mut Turn) {
        let progress = &mut self.steps_mut(target, doing.way)[doing.step as usize];
        progress.state = StepState::of(result.outcome);
        progress.ended_at = Some(turn.now);
        progress.exit_code = result.exit_code.or(progress.exit_code);
        progress.error = result.error.as_deref().map(Into::into);
        if result.outcome == Outcome::Ok {
            self.state.last_progress = turn.now;
            self.step_went_well(target, doing, turn);
        } else if let Some(again) = self.next_attempt(target, doing, result.outcome) {
            let step = self.step(target, doing.way, doing.step);
            let at = turn
                .now
                .plus_seconds(step.wait_before(step.retries.saturating_sub(again.retries)));
            self.steps_mut(target, doing.way)[doing.step as usize].state = StepState::Running;
            if at == turn.now {
                self.start_attempt(target, again, turn);
            } else {
                self.state.runs[target as usize].work = Work::Retry(again, at);
                turn.effects.push(Effect::Arm {
                    timer: Timer::Retry {
                        target: self.facts.name(target).clone(),
                    },
                    at,
                });
            }
        } else {
            self.step_failed(target, doing, result, turn);
        }
    }

    fn step_went_well(&mut self, target: u32, doing: Doing, turn: &mut Turn) {
        if doing.purpose != Purpose::Steps {
            self.look_went_well(target, doing, turn);
            return;
        }
        match self.facts.shape(target, doing.way)[doing.step as usize].kind {
            Kind::PoolIn if self.is_cut_short_on_its_way_back(target, doing.way) => {
                self.is_back_in_service_unproven(target);
            }
            Kind::PoolIn => self.is_back_in_service(target),
            Kind::PoolOut | Kind::Check | Kind::Other => {}
        }
        let steps = self.facts.shape(target, doing.way);
        if doing.way == Way::Forth
            && self.state.once == Once::Held(target)
            && !steps[doing.step as usize + 1..].iter().any(|step| step.once)
            && steps[..=doing.step as usize].iter().any(|step| step.once)
        {
            self.state.once = Once::Done(target);
        }
        let is_last = doing.step as usize + 1 == steps.len();
        if self.is_turning_back(target, doing.way) && !is_last {
            self.stopped(target, doing.way, doing.step + 1, turn);
        } else {
            self.advance(target, doing.way, doing.step + 1, turn);
        }
    }

    /// The next attempt of a step that ended badly, where one is allowed.
    fn next_attempt(&self, target: u32, doing: Doing, outcome: Outcome) -> Option<Doing> {
        let step = self.step(target, doing.way, doing.step);
        let run = &self.state.runs[target as usize];
        let goes_on = step.always || (run.failing.is_none() && !run.stopping);
        let again = Doing {
            attempt: doing.attempt + 1,
            started: false,
            ..doing
        };
        match outcome {
            Outcome::Failed | Outcome::Timeout | Outcome::Unreachable if goes_on && doing.retries > 0 => {
                Some(Doing {
                    retries: doing.retries - 1,
                    ..again
                })
            }
            Outcome::Unknown if goes_on && may_repeat(step) && doing.retries > 0 => Some(Doing {
                retries: doing.retries - 1,
                ..again
            }),
            Outcome::Unknown if goes_on && may_repeat(step) && doing.may_repeat => Some(Doing {
                may_repeat: false,
                ..again
            }),
            _ => None,
        }
    }

    fn step_failed(&mut self, target: u32, doing: Doing, result: &StepResult, turn: &mut Turn) {
        let reason = result.error.as_deref().unwrap_or(result.outcome.as_str());
        let error = format!(
            "step `{}`: {reason}",
            self.step_name(target, doing.way, doing.step)
        );
        let state = match result.outcome {
            Outcome::Unknown => TargetState::Unknown,
            outcome if outcome.is_out_of_reach() => TargetState::Unreachable,
            _ => TargetState::Failed,
        };
        let failed_before = self.state.runs[target as usize].failing.is_some();
        match (doing.purpose, doing.way) {
            (_, Way::Back) => {
                let run = &mut self.state.runs[target as usize];
                run.failing.get_or_insert(state);
                self.state.targets[target as usize]
                    .back_error
                    .get_or_insert(error);
                self.advance(target, Way::Back, doing.step + 1, turn);
            }
            (Purpose::Steps, Way::Forth) if failed_before => {
                self.advance(target, Way::Forth, doing.step + 1, turn);
            }
            (Purpose::Steps, Way::Forth) => {
                let policy = self.policy_for(target, result.outcome);
                if policy == OnUnreachable::Defer {
                    self.defer_under_way(target, doing.step, error, turn);
                    return;
                }
                // One out of reach never began it, so the next target may.
                let once = state != TargetState::Unreachable && self.step(target, doing.way, doing.step).once;
                self.state.runs[target as usize].failing = Some(state);
                self.state.targets[target as usize].error = Some(error.clone());
                self.advance(target, Way::Forth, doing.step + 1, turn);
                let kind = if once {
                    Failure::OfOnce
                } else {
                    Failure::of(result.outcome)
                };
                self.count_failure(target, policy, kind, &error, turn);
            }
            (Purpose::WindowLook | Purpose::SoakLook, Way::Forth) => {
                let policy = match self.policy_for(target, result.outcome) {
                    OnUnreachable::Skip => OnUnreachable::Skip,
                    OnUnreachable::Fail | OnUnreachable::Defer => OnUnreachable::Fail,
                };
                self.state.runs[target as usize].failing = Some(state);
                self.state.targets[target as usize]
                    .error
                    .get_or_insert(error.clone());
                self.end_failed(target, turn);
                if !failed_before {
                    self.count_failure(target, policy, Failure::of(result.outcome), &error, turn);
                }
            }
        }
    }

    /// What a failure of this kind does here. Skipping and deferring are for hosts out of reach alone,
    /// and the second chance comes once.
    fn policy_for(&self, target: u32, outcome: Outcome) -> OnUnreachable {
        let run = &self.state.runs[target as usize];
        match self.facts.plan.limits.on_unreachable {
            _ if !outcome.is_out_of_reach() => OnUnreachable::Fail,
            OnUnreachable::Skip => OnUnreachable::Skip,
            OnUnreachable::Defer
                if !run.deferred && !run.stopping && matches!(self.state.course, Course::Forth { .. }) =>
            {
                OnUnreachable::Defer
            }
            OnUnreachable::Fail | OnUnreachable::Defer => OnUnreachable::Fail,
        }
    }
}

/// Everything but a free command can be done twice to the same effect.
fn may_repeat(step: &Step) -> bool {
    step.idempotent || !matches!(step.work, StepWork::Run { .. })
}
