//! The machine of a target: asking its pools, one step after another, retries, the success window, the end.

use crate::domain::action::TargetState;
use crate::domain::plan::OnUnreachable;
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::event::{Event, Way};
use crate::domain::rollout::progress::{StepProgress, StepState};
use crate::domain::rollout::refused::Refused;
use crate::domain::rollout::shape::StepShape;

use super::failures::Failure;
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
            (Work::Asking { way, then }, Event::PoolsCounted { pools, .. }) => {
                let (way, stale) = (*way, self.has_return_since(target, then));
                let answer = self.weigh(target, pools);
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
                Event::PoolsCounted { .. } | Event::PoolsUnknown { .. },
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
                if first && self.facts.shape(target, way).iter().any(|step| step.once) {
                    self.state.once = Once::Held(target);
                }
            }
            Way::Back => {
                progress.back = vec![StepProgress::PENDING; self.facts.shape(target, way).len()];
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
        let steps = self.facts.shape(target, way);
        let wanted = |step: &StepShape| (step.always || !only_always) && (runs_once || !step.once);
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

    pub(super) fn defer(&mut self, target: u32, resume: u32) {
        let run = &mut self.state.runs[target as usize];
        run.deferred = true;
        run.resume = resume;
        self.state.deferred.push_back(target);
    }

    pub(super) fn defer_under_way(&mut self, target: u32, step: u32, error: String, turn: &mut Turn) {
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
            // An abort that came in its last step changes nothing: it is back.
            Way::Back if failing || (stopping && !self.did_all_of_its_way_back(target)) => {
                self.end_failed_back(target, turn);
            }
            Way::Back => self.end_back(target, turn),
            Way::Forth if failing => self.end_failed(target, turn),
            Way::Forth if stopping && !self.did_all_of_its_way_forth(target) => {
                self.stopped(target, way, u32::MAX, turn);
            }
            Way::Forth => {
                if let Some(version) = &self.facts.target(target).version {
                    self.state.targets[target as usize].version = Some(version.clone());
                }
                let seconds = self.facts.plan.limits.success_window_seconds;
                if seconds == 0 {
                    self.succeed(target, turn);
                } else if stopping {
                    self.stopped_unproven(target, turn);
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
        // The old ones of a blue-green rollout stay out.
        if !self.only_leaves(self.facts.stage_of(target)) {
            self.is_back_in_service(target);
        }
        self.release_once(target);
        self.state.last_progress = turn.now;
        self.set_state(target, TargetState::Succeeded, turn.now);
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
        // It may have failed with the new version on it, after its last step.
        turn.effects.extend(self.version_record(target));
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
        let planned = self.facts.target(target);
        // A rollback names no version of its own: each target goes to the one it had. A restart names none and
        // changes none.
        let installs = planned.version.is_some()
            && (self.facts.plan.version.is_some() || planned.version != planned.version_before);
        // Whoever has another version than before has it since all steps of a way were done.
        let known =
            back || progress.state == TargetState::Succeeded || progress.version != planned.version_before;
        if !installs || !known {
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
        self.count_failure(target, OnUnreachable::Fail, Failure::OfWork, &error, turn);
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
