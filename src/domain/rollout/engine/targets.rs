//! The machine of a target: asking its pools, one step after another, retries, the success window, the end.

use crate::domain::action::TargetState;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{OnUnreachable, Step, Work as StepWork};
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::event::{Event, StepResult, Way};
use crate::domain::rollout::progress::{StepProgress, StepState};
use crate::domain::rollout::refused::Refused;

use super::state::{At, Course, Doing, Once, Purpose, Work};
use super::{Rollout, Turn};

impl Rollout {
    /// The one table of (state of a target, event).
    pub(super) fn take_for_target(
        &mut self,
        target: u32,
        event: &Event,
        turn: &mut Turn,
    ) -> Result<(), Refused> {
        match (&self.state.runs[target as usize].work, event) {
            (Work::Asking { way, then }, Event::PoolsSeen { pools, .. }) => {
                let (way, stale) = (*way, self.has_return_since(target, then));
                let answer = self.weigh_seen(target, pools);
                self.pools_answered(target, way, answer, stale, turn);
                Ok(())
            }
            (Work::Asking { way, then }, Event::PoolsCounted { pools, .. }) => {
                let (way, stale) = (*way, self.has_return_since(target, then));
                let answer = self.weigh_counted(target, then, pools);
                self.pools_answered(target, way, answer, stale, turn);
                Ok(())
            }
            (Work::Asking { .. }, Event::PoolsUnknown { error, .. }) => {
                self.pools_unknown(target, error, turn);
                Ok(())
            }
            // The target moved on while its question was open: the answer comes too late to matter.
            (
                Work::Idle | Work::Step(_) | Work::Retry(..) | Work::Window { .. },
                Event::PoolsSeen { .. } | Event::PoolsCounted { .. } | Event::PoolsUnknown { .. },
            ) => Ok(()),
            (
                Work::Step(doing),
                Event::StepStarted {
                    way, step, attempt, ..
                },
            ) if !doing.started && doing.is(*way, *step, *attempt) => {
                let doing = *doing;
                self.step_started(target, doing, turn);
                Ok(())
            }
            (
                Work::Step(doing),
                Event::StepEnded {
                    way,
                    step,
                    attempt,
                    result,
                    ..
                },
            ) if doing.started && doing.is(*way, *step, *attempt) => {
                let doing = *doing;
                self.step_ended(target, doing, result, turn);
                Ok(())
            }
            (work, event) => Err(Refused::Event {
                machine: format!("target {}", self.facts.name(target)),
                state: work.describe(),
                event: describe(event),
            }),
        }
    }

    /// The pools let it start.
    pub(super) fn begin(&mut self, target: u32, way: Way, turn: &mut Turn) {
        let plan = &self.facts.plan;
        let run = &mut self.state.runs[target as usize];
        run.failing = None;
        run.stopping = false;
        let from = match way {
            Way::Forth => run.resume,
            Way::Back => 0,
        };
        // The way back has no deadline: cutting it short would leave the target worse than it was.
        run.deadline_at = plan
            .limits
            .target_deadline_seconds
            .filter(|_| way == Way::Forth)
            .map(|seconds| turn.now.plus_seconds(seconds));
        if let Some(at) = run.deadline_at {
            turn.effects.push(Effect::Arm {
                timer: Timer::TargetDeadline {
                    target: self.facts.name(target).clone(),
                },
                at,
            });
        }
        let progress = &mut self.state.targets[target as usize];
        progress.way = Some(way);
        if progress.touched.is_none() {
            progress.touched = Some(self.state.touched.len() as u32);
            progress.started_at = Some(turn.now);
            self.state.touched.push(target);
        }
        match way {
            Way::Forth => {
                // A second try of one that was out of reach begins with a clean record.
                progress.error = None;
                let first = self.facts.has_once && self.state.once == Once::Open;
                if first && self.facts.steps(target, way).iter().any(|step| step.once) {
                    self.state.once = Once::Held(target);
                }
            }
            Way::Back => {
                progress.back = vec![StepProgress::PENDING; self.facts.steps(target, way).len()];
            }
        }
        self.set_state(target, TargetState::Running, turn.now);
        self.advance(target, way, from, turn);
    }

    /// Starts the next step that is to be run, from this one on; after the last the way is done.
    pub(super) fn advance(&mut self, target: u32, way: Way, from: u32, turn: &mut Turn) {
        let run = &self.state.runs[target as usize];
        let only_always = run.failing.is_some() || run.stopping;
        let runs_once =
            matches!(self.state.once, Once::Held(holder) | Once::Done(holder) if holder == target);
        let steps = self.facts.steps(target, way);
        let wanted = |step: &Step| (step.always || !only_always) && (runs_once || !step.once);
        let next = (from as usize..steps.len()).find(|&place| wanted(&steps[place]));
        let retries = next.map_or(0, |place| steps[place].retries);
        let until = next.unwrap_or(steps.len());
        let progress = self.steps_mut(target, way);
        for skipped in &mut progress[from as usize..until] {
            skipped.state = StepState::Skipped;
        }
        match next {
            Some(place) => {
                let attempt = progress[place].attempt + 1;
                let doing = Doing {
                    purpose: Purpose::Steps,
                    way,
                    step: place as u32,
                    attempt,
                    started: false,
                    retries,
                    may_repeat: true,
                };
                self.start_attempt(target, doing, turn);
            }
            None => self.end_of_way(target, way, turn),
        }
    }

    pub(super) fn start_attempt(&mut self, target: u32, doing: Doing, turn: &mut Turn) {
        self.state.runs[target as usize].work = Work::Step(doing);
        turn.effects.push(Effect::RunStep {
            target: self.facts.name(target).clone(),
            way: doing.way,
            step: doing.step,
            attempt: doing.attempt,
        });
    }

    fn step_started(&mut self, target: u32, doing: Doing, turn: &Turn) {
        self.state.runs[target as usize].work = Work::Step(Doing {
            started: true,
            ..doing
        });
        let progress = &mut self.steps_mut(target, doing.way)[doing.step as usize];
        progress.state = StepState::Running;
        progress.attempt = doing.attempt;
        progress.started_at.get_or_insert(turn.now);
        progress.ended_at = None;
    }

    fn step_ended(&mut self, target: u32, doing: Doing, result: &StepResult, turn: &mut Turn) {
        let progress = &mut self.steps_mut(target, doing.way)[doing.step as usize];
        progress.state = StepState::of(result.outcome);
        progress.ended_at = Some(turn.now);
        progress.exit_code = result.exit_code.or(progress.exit_code);
        progress.error.clone_from(&result.error);
        if result.outcome == Outcome::Ok {
            self.state.last_progress = turn.now;
            self.step_went_well(target, doing, turn);
        } else if let Some(again) = self.next_attempt(target, doing, result.outcome) {
            let at = turn
                .now
                .plus_seconds(self.step(target, doing.way, doing.step).retry_delay_seconds);
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
        match &self.step(target, doing.way, doing.step).work {
            StepWork::PoolOut => self.has_left(target),
            StepWork::PoolIn => self.is_back_in_service(target),
            _ => {}
        }
        let steps = self.facts.steps(target, doing.way);
        if doing.way == Way::Forth
            && self.state.once == Once::Held(target)
            && !steps[doing.step as usize + 1..].iter().any(|step| step.once)
            && steps[..=doing.step as usize].iter().any(|step| step.once)
        {
            self.state.once = Once::Done(target);
        }
        if self.is_turning_back(target, doing.way) {
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
                self.count_failure(target, policy, once, &error, turn);
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
                    self.count_failure(target, policy, false, &error, turn);
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

    pub(super) fn defer(&mut self, target: u32, resume: u32) {
        let run = &mut self.state.runs[target as usize];
        run.deferred = true;
        run.resume = resume;
        self.state.deferred.push(target);
    }

    fn defer_under_way(&mut self, target: u32, step: u32, error: String, turn: &mut Turn) {
        let what = format!("try {} again last", self.facts.name(target));
        self.note(turn, what, error.clone());
        self.state.targets[target as usize].error = Some(error);
        self.release_once(target);
        self.rest(target);
        self.set_state(target, TargetState::Unreachable, turn.now);
        self.defer(target, step);
    }

    /// The last step of a way is done, or none is left to be run.
    fn end_of_way(&mut self, target: u32, way: Way, turn: &mut Turn) {
        let run = &self.state.runs[target as usize];
        let (failing, stopping) = (run.failing.is_some(), run.stopping);
        match way {
            Way::Back if failing || stopping => self.end_failed_back(target, turn),
            Way::Back => self.end_back(target, turn),
            Way::Forth if failing => self.end_failed(target, turn),
            Way::Forth if stopping => self.stopped(target, way, u32::MAX, turn),
            Way::Forth => {
                let seconds = self.facts.plan.limits.success_window_seconds;
                if seconds == 0 {
                    self.succeed(target, turn);
                } else {
                    let until = turn.now.plus_seconds(seconds);
                    self.state.runs[target as usize].work = Work::Window { until };
                    turn.effects.push(Effect::Arm {
                        timer: Timer::Success {
                            target: self.facts.name(target).clone(),
                        },
                        at: until,
                    });
                }
            }
        }
    }

    pub(super) fn succeed(&mut self, target: u32, turn: &mut Turn) {
        self.rest(target);
        self.is_back_in_service(target);
        self.release_once(target);
        self.state.last_progress = turn.now;
        self.set_state(target, TargetState::Succeeded, turn.now);
        if let Some(version) = &self.facts.target(target).version {
            self.state.targets[target as usize].version = Some(version.clone());
        }
        turn.effects.extend(self.version_record(target));
        self.join_the_way_back(target);
    }

    /// The end of the way forth for one that failed; its `always` steps are done.
    pub(super) fn end_failed(&mut self, target: u32, turn: &mut Turn) {
        let state = self.state.runs[target as usize]
            .failing
            .unwrap_or(TargetState::Failed);
        self.rest(target);
        self.release_once(target);
        self.is_out_no_more_if_it_never_left(target);
        self.set_state(target, state, turn.now);
        self.join_the_way_back(target);
    }

    /// No longer active; whoever held a place in the window gives it back.
    pub(super) fn rest(&mut self, target: u32) {
        let run = &mut self.state.runs[target as usize];
        let work = std::mem::replace(&mut run.work, Work::Idle);
        run.deadline_at = None;
        if self.state.active.remove(&target) {
            self.state.asking -= u32::from(matches!(work, Work::Asking { .. }));
            if Self::is_look(&work) {
                self.state.looks -= 1;
            } else {
                self.state.in_progress -= 1;
            }
        }
    }

    /// A holder that ends before its `once` steps are done leaves them to the next one.
    fn release_once(&mut self, target: u32) {
        if self.state.once == Once::Held(target) {
            self.state.once = Once::Open;
        }
    }

    pub(super) fn version_record(&self, target: u32) -> Option<Effect> {
        let progress = &self.state.targets[target as usize];
        let back = progress.state == TargetState::RolledBack;
        let installs = self.facts.plan.version.is_some() && self.facts.target(target).version.is_some();
        if !installs || !(back || progress.state == TargetState::Succeeded) {
            return None;
        }
        Some(Effect::RecordVersion {
            target: progress.name.clone(),
            version: progress.version.clone()?,
            rolled_back: back,
        })
    }

    pub(super) fn target_timer(&mut self, target: u32, timer: &Timer, turn: &mut Turn) {
        let run = &self.state.runs[target as usize];
        match (&run.work, timer) {
            (Work::Retry(doing, at), Timer::Retry { .. }) if *at <= turn.now => {
                let doing = *doing;
                self.start_attempt(target, doing, turn);
            }
            (Work::Window { until }, Timer::Success { .. }) if *until <= turn.now => {
                match self.facts.next_check(target, 0) {
                    Some(check) => self.start_look(target, check, Purpose::WindowLook, turn),
                    None => self.succeed(target, turn),
                }
            }
            (Work::Step(_) | Work::Retry(..) | Work::Window { .. }, Timer::TargetDeadline { .. })
                if run.deadline_at.is_some_and(|at| at <= turn.now) && run.failing.is_none() =>
            {
                self.deadline_passed(target, turn);
            }
            (Work::Idle, Timer::Pools { .. }) => self.ask_again(target),
            // Everything else is a timer of a moment that no longer matters.
            _ => {}
        }
    }

    fn deadline_passed(&mut self, target: u32, turn: &mut Turn) {
        let seconds = self.facts.plan.limits.target_deadline_seconds.unwrap_or(0);
        let error = format!("not done within its deadline of {seconds} s");
        let run = &mut self.state.runs[target as usize];
        run.deadline_at = None;
        run.failing = Some(TargetState::Failed);
        self.state.targets[target as usize]
            .error
            .get_or_insert(error.clone());
        match &run.work {
            Work::Retry(doing, _) if doing.purpose == Purpose::Steps => {
                let doing = *doing;
                self.steps_mut(target, Way::Forth)[doing.step as usize].state = StepState::Failed;
                self.advance(target, Way::Forth, doing.step + 1, turn);
            }
            Work::Retry(..) | Work::Window { .. } => self.end_failed(target, turn),
            Work::Step(_) | Work::Idle | Work::Asking { .. } => {}
        }
        self.count_failure(target, OnUnreachable::Fail, false, &error, turn);
    }

    pub(super) fn steps_mut(&mut self, target: u32, way: Way) -> &mut Vec<StepProgress> {
        let progress = &mut self.state.targets[target as usize];
        match way {
            Way::Forth => &mut progress.forth,
            Way::Back => &mut progress.back,
        }
    }

    /// Whether nobody but the one that runs the `once` steps may be in progress.
    pub(super) fn once_keeps_others_waiting(&self) -> bool {
        self.facts.has_once
            && !matches!(self.state.once, Once::Done(_))
            && matches!(
                self.state.course,
                Course::Forth {
                    at: At::Working | At::Deferred,
                    ..
                }
            )
    }
}

/// Everything but a free command can be done twice to the same effect.
fn may_repeat(step: &Step) -> bool {
    step.idempotent || !matches!(step.work, StepWork::Run { .. })
}

impl Doing {
    fn is(self, way: Way, step: u32, attempt: u32) -> bool {
        (self.way, self.step, self.attempt) == (way, step, attempt)
    }
}

impl Work {
    fn describe(&self) -> String {
        match self {
            Self::Step(doing) | Self::Retry(doing, _) => format!(
                "{} ({:?} step {} attempt {})",
                self.as_str(),
                doing.way,
                doing.step,
                doing.attempt
            ),
            Self::Idle | Self::Asking { .. } | Self::Window { .. } => self.as_str().to_owned(),
        }
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::StepStarted {
            way, step, attempt, ..
        }
        | Event::StepEnded {
            way, step, attempt, ..
        } => format!("{} ({way:?} step {step} attempt {attempt})", event.as_str()),
        _ => event.as_str().to_owned(),
    }
}
