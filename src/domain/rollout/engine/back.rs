//! The way back: every touched target returns to the version it had, newest touched first, under the same
//! window and the same promise to its pools.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::plan::Work as StepWork;
use crate::domain::rollout::event::Way;
use crate::domain::rollout::progress::StepState;

use super::state::{Course, Doing, Purpose, Work};
use super::{Rollout, Turn};

impl Rollout {
    /// Turns the whole rollout round. What runs ends its running step and joins the others.
    pub(super) fn turn_back(&mut self, turn: &mut Turn) {
        self.leave_the_way_forth(turn);
        self.state.course = Course::Back;
        self.state.turned = true;
        self.state.last_progress = turn.now;
        self.interrupt(turn);
        for place in 0..self.state.touched.len() {
            self.join_the_way_back(self.state.touched[place]);
        }
    }

    /// Lets every target end its running step and start no further one but `always` steps.
    pub(super) fn interrupt(&mut self, turn: &mut Turn) {
        let active: Vec<u32> = self.state.active.iter().copied().collect();
        for target in active {
            self.interrupt_one(target, turn);
        }
    }

    fn interrupt_one(&mut self, target: u32, turn: &mut Turn) {
        let run = &mut self.state.runs[target as usize];
        match &run.work {
            Work::Idle => {}
            Work::Asking { .. } => self.rest(target),
            Work::Step(doing) => {
                // A failing one goes on with its `always` steps; a look ends by itself.
                if doing.purpose == Purpose::Steps && run.failing.is_none() {
                    run.stopping = true;
                }
            }
            Work::Retry(doing, _) => {
                let doing = *doing;
                self.interrupt_retry(target, doing, turn);
            }
            Work::Window { .. } => self.stopped_unproven(target, turn),
        }
    }

    fn interrupt_retry(&mut self, target: u32, doing: Doing, turn: &mut Turn) {
        let run = &mut self.state.runs[target as usize];
        match doing.purpose {
            Purpose::Steps if run.failing.is_some() => {}
            Purpose::Steps => {
                run.stopping = true;
                self.steps_mut(target, doing.way)[doing.step as usize].state = StepState::Failed;
                if self.is_turning_back(target, doing.way) {
                    self.stopped(target, doing.way, doing.step + 1, turn);
                } else {
                    self.advance(target, doing.way, doing.step + 1, turn);
                }
            }
            Purpose::WindowLook | Purpose::SoakLook => {
                self.steps_mut(target, doing.way)[doing.step as usize].state = StepState::Failed;
                run_failed_look(self, target, turn);
            }
        }
    }

    /// Nothing further is started where it goes: back, or to an end that was asked for.
    pub(super) fn starts_nothing(&self) -> bool {
        matches!(
            self.state.course,
            Course::Back
                | Course::Halt {
                    end: ActionStatus::ManualFailed
                }
        )
    }

    /// Whether this target leaves its way forth to go back at once.
    pub(super) fn is_turning_back(&self, target: u32, way: Way) -> bool {
        way == Way::Forth
            && self.is_going_back()
            && self.state.runs[target as usize].stopping
            && self.facts.way_back(target).is_some()
    }

    /// It was stopped on its way forth: the steps from this one on are not run.
    pub(super) fn stopped(&mut self, target: u32, way: Way, from: u32, turn: &mut Turn) {
        for step in self.steps_mut(target, way).iter_mut().skip(from as usize) {
            step.state = StepState::Skipped;
        }
        let why = format!("stopped before it was done: {}", self.what_stopped_it());
        self.state.targets[target as usize].error.get_or_insert(why);
        self.end_failed(target, turn);
    }

    /// All its steps are done, but it did not show itself healthy for its time: that is not good.
    pub(super) fn stopped_unproven(&mut self, target: u32, turn: &mut Turn) {
        let why = format!(
            "stopped before it had been healthy for {} s: {}",
            self.facts.plan.limits.success_window_seconds,
            self.what_stopped_it()
        );
        self.state.targets[target as usize].error.get_or_insert(why);
        self.end_failed(target, turn);
    }

    fn what_stopped_it(&self) -> &'static str {
        if self.is_going_back() {
            "the rollout went back"
        } else {
            "the rollout was aborted"
        }
    }

    /// Puts a touched target that rests among those that wait to go back. One without a way back holds.
    pub(super) fn join_the_way_back(&mut self, target: u32) {
        let progress = &mut self.state.targets[target as usize];
        let (Some(touched), true) = (progress.touched, matches!(self.state.course, Course::Back)) else {
            return;
        };
        if progress.way == Some(Way::Back) || self.state.runs[target as usize].work != Work::Idle {
            return;
        }
        if self.facts.way_back(target).is_some() {
            self.wait_for_turn(target, -(touched as i32));
        } else {
            progress
                .back_error
                .get_or_insert("it has no version to go back to, so it stays as it is".to_owned());
        }
    }

    pub(super) fn end_back(&mut self, target: u32, turn: &mut Turn) {
        self.rest(target);
        self.is_back_in_service(target);
        self.state.last_progress = turn.now;
        self.set_state(target, TargetState::RolledBack, turn.now);
        if let Some(back) = self.facts.way_back(target) {
            self.state.targets[target as usize]
                .version
                .clone_from(&back.version);
        }
        turn.effects.extend(self.version_record(target));
    }

    /// Whether only its `always` steps are left of its way back.
    pub(super) fn is_cut_short_on_its_way_back(&self, target: u32, way: Way) -> bool {
        let run = &self.state.runs[target as usize];
        way == Way::Back && (run.failing.is_some() || run.stopping)
    }

    /// The `once` steps of others do not count.
    pub(super) fn did_all_of_its_way_forth(&self, target: u32) -> bool {
        let steps = self.facts.shape(target, Way::Forth).iter();
        let mut forth = self.state.targets[target as usize].forth.iter().zip(steps);
        forth.all(|(step, shape)| {
            step.state == StepState::Succeeded || (shape.once && step.state == StepState::Skipped)
        })
    }

    pub(super) fn did_all_of_its_way_back(&self, target: u32) -> bool {
        let back = &self.state.targets[target as usize].back;
        back.iter().all(|step| step.state == StepState::Succeeded)
    }

    pub(super) fn end_failed_back(&mut self, target: u32, turn: &mut Turn) {
        let failing = self.state.runs[target as usize].failing;
        self.rest(target);
        self.set_state(target, failing.unwrap_or(TargetState::Failed), turn.now);
        let serves = self.how_it_serves(target);
        let error = self.state.targets[target as usize]
            .back_error
            .get_or_insert("stopped on its way back: the rollout was aborted".to_owned());
        if let Some(serves) = serves {
            error.push_str("; ");
            error.push_str(&serves);
        }
        let error = error.clone();
        let what = format!("{} could not go back", self.facts.name(target));
        self.note(turn, what, error);
    }

    /// In words, whether one whose way back failed was put back in service all the same.
    fn how_it_serves(&self, target: u32) -> Option<String> {
        let steps = self.facts.steps(target, Way::Back);
        let place = steps.iter().rposition(|step| step.work == StepWork::PoolIn)?;
        let back = &self.state.targets[target as usize].back;
        let is_all_that_failed = back[..place]
            .iter()
            .all(|step| step.state == StepState::Succeeded);
        let put_back = &back[place];
        match put_back.state {
            _ if is_all_that_failed => None,
            StepState::Succeeded => Some("it was put back in service all the same".to_owned()),
            StepState::Skipped => None,
            _ => {
                let why = put_back.error.as_deref().unwrap_or("it said no");
                Some(format!("it could not be put back in service either: {why}"))
            }
        }
    }

    /// Everybody who could go back did.
    pub(super) fn finish_back(&mut self, turn: &mut Turn) {
        let back = self.state.counts.of(TargetState::RolledBack);
        let status = if back as usize == self.state.touched.len() {
            ActionStatus::RolledBack
        } else {
            ActionStatus::Failed
        };
        self.finish(status, turn);
    }
}

/// A look whose check said no and may not be tried again.
fn run_failed_look(rollout: &mut Rollout, target: u32, turn: &mut Turn) {
    let run = &mut rollout.state.runs[target as usize];
    run.failing.get_or_insert(TargetState::Failed);
    rollout.state.targets[target as usize]
        .error
        .get_or_insert("a check said no when it was looked at again".to_owned());
    rollout.end_failed(target, turn);
}
