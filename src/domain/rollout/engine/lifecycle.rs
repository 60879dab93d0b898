//! The action's machine: from its creation over approval, queue, countdown, leases and the first look at
//! the hosts to the run, and to its end.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::plan::OnUnreachable;
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::event::Event;
use crate::domain::rollout::progress::StageStatus;
use crate::domain::rollout::refused::Refused;

use super::state::{Before, Course, Leases, Phase};
use super::{Rollout, Turn};

impl Rollout {
    /// The one table of (state of the action, event).
    pub(super) fn take(&mut self, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        match (&mut self.state.phase, event) {
            (
                Phase::New,
                Event::Created {
                    due_at,
                    needs_approval,
                    queued_behind,
                    settings,
                },
            ) => {
                self.state.settings.clone_from(settings);
                let due = *due_at <= turn.now;
                if !due {
                    turn.effects.push(Effect::Arm {
                        timer: Timer::Countdown,
                        at: *due_at,
                    });
                }
                self.state.created_at = turn.now;
                self.state.phase = Phase::Before(Before {
                    approval: needs_approval.clone(),
                    behind: *queued_behind,
                    due_at: *due_at,
                    due,
                });
                Ok(())
            }
            (Phase::Before(before), Event::QueueReached) => {
                before.behind = None;
                Ok(())
            }
            (Phase::Before(before), Event::QueueMoved { behind }) => {
                if !self.state.forced {
                    before.behind = Some(*behind);
                }
                Ok(())
            }
            // Somebody forced it past the queue; the queue says later what no longer matters.
            (
                Phase::Leases(_) | Phase::Hosts | Phase::Running,
                Event::QueueReached | Event::QueueMoved { .. },
            ) if self.state.forced => Ok(()),
            (Phase::Leases(leases), Event::LeasesHeld { holder, targets }) if leases.next_try.is_none() => {
                let next = turn
                    .now
                    .plus_seconds(self.state.settings.lease_retry_seconds.max(1));
                leases.held = Some((*holder, targets.clone()));
                leases.next_try = Some(next);
                if leases.give_up_at.is_none() {
                    let give_up = leases
                        .since
                        .plus_seconds(self.state.settings.queue_timeout_seconds);
                    leases.give_up_at = Some(give_up);
                    turn.effects.push(Effect::Arm {
                        timer: Timer::LeasesGiveUp,
                        at: give_up,
                    });
                }
                turn.effects.push(Effect::Arm {
                    timer: Timer::Leases,
                    at: next,
                });
                Ok(())
            }
            (Phase::Leases(leases), Event::LeasesTaken) if leases.next_try.is_none() => {
                self.state.phase = Phase::Hosts;
                self.state.started_at = Some(turn.now);
                turn.effects.push(Effect::CheckHosts);
                Ok(())
            }
            (Phase::Hosts, Event::HostsChecked { unfit }) => self.hosts_checked(unfit, event, turn),
            (
                Phase::Running,
                Event::PoolsCounted { target, .. }
                | Event::PoolsUnknown { target, .. }
                | Event::StepStarted { target, .. }
                | Event::StepEnded { target, .. },
            ) => {
                let number = self.known(target, event)?;
                self.take_for_target(number, event, turn)
            }
            (
                Phase::Running,
                Event::Measured {
                    stage,
                    metric,
                    measurement,
                    result,
                },
            ) => {
                self.measured(*stage, *metric, *measurement, result, turn);
                Ok(())
            }
            (
                Phase::Before(_) | Phase::Leases(_) | Phase::Hosts | Phase::Running | Phase::Ended { .. },
                Event::TimerFired { timer },
            ) => self.timer_fired(timer, event, turn),
            (_, Event::Steered { steer, by, reason }) => {
                self.may(steer)?;
                self.steered(steer, &by.to_string(), reason, turn);
                Ok(())
            }
            // Answers to questions that the end made superfluous.
            (
                Phase::Ended { .. },
                Event::QueueReached
                | Event::QueueMoved { .. }
                | Event::LeasesHeld { .. }
                | Event::LeasesTaken
                | Event::HostsChecked { .. }
                | Event::PoolsCounted { .. }
                | Event::PoolsUnknown { .. }
                | Event::Measured { .. },
            ) => Ok(()),
            (phase, event) => Err(Refused::Event {
                machine: "the action".to_owned(),
                state: phase.as_str().to_owned(),
                event: event.as_str().to_owned(),
            }),
        }
    }

    /// Starts whatever may be started now, until nothing more may.
    pub(super) fn settle(&mut self, turn: &mut Turn) {
        loop {
            let changed = match &self.state.phase {
                Phase::Before(before) => {
                    let ready = before.due
                        && before.approval.is_empty()
                        && before.behind.is_none()
                        && self.state.paused.is_none();
                    if ready {
                        self.ask_for_leases(turn);
                    }
                    ready
                }
                Phase::Running => self.settle_running(turn),
                Phase::New | Phase::Leases(_) | Phase::Hosts | Phase::Ended { .. } => false,
            };
            if !changed {
                break;
            }
        }
        self.wake_progress(turn);
    }

    fn settle_running(&mut self, turn: &mut Turn) -> bool {
        match self.state.course {
            Course::Forth { .. } => self.settle_forth(turn),
            Course::Halt { end } => {
                if self.is_still() {
                    self.finish(end, turn);
                }
                false
            }
            Course::Back => {
                if self.state.paused.is_none() {
                    self.admit(turn);
                }
                if self.state.queue.is_empty() && self.is_still() {
                    self.finish_back(turn);
                }
                false
            }
        }
    }

    /// Nothing goes on with any target.
    pub(super) fn is_still(&self) -> bool {
        self.state.in_progress == 0 && self.state.looks == 0
    }

    pub(super) fn known(&self, target: &TargetName, event: &Event) -> Result<u32, Refused> {
        self.facts.number_of(target).ok_or_else(|| Refused::NoSuchTarget {
            target: target.clone(),
            event: event.as_str().to_owned(),
        })
    }

    /// A timer whose moment no longer matters changes nothing.
    fn timer_fired(&mut self, timer: &Timer, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        match timer {
            Timer::Pools { target }
            | Timer::Retry { target }
            | Timer::Success { target }
            | Timer::TargetDeadline { target } => {
                let number = self.known(target, event)?;
                if matches!(self.state.phase, Phase::Running) {
                    self.target_timer(number, timer, turn);
                }
            }
            Timer::Countdown => {
                if let Phase::Before(before) = &mut self.state.phase {
                    before.due |= turn.now >= before.due_at;
                }
            }
            Timer::Leases => {
                if let Phase::Leases(leases) = &mut self.state.phase
                    && leases.next_try.is_some_and(|at| at <= turn.now)
                {
                    leases.next_try = None;
                    turn.effects.push(Effect::TakeLeases);
                }
            }
            Timer::LeasesGiveUp => {
                if let Phase::Leases(leases) = &self.state.phase
                    && leases.give_up_at.is_some_and(|at| at <= turn.now)
                {
                    let why = format!(
                        "targets are held by another action for more than {} s",
                        self.state.settings.queue_timeout_seconds
                    );
                    self.note(turn, "give up waiting", why);
                    self.finish(ActionStatus::Failed, turn);
                }
            }
            Timer::Soak { stage } => self.soak_timer(*stage, turn),
            Timer::Measure { stage, metric } => self.measure_timer(*stage, *metric, turn),
            Timer::ProgressDeadline => self.progress_timer(turn),
        }
        Ok(())
    }

    fn ask_for_leases(&mut self, turn: &mut Turn) {
        self.state.phase = Phase::Leases(Leases {
            since: turn.now,
            held: None,
            next_try: None,
            give_up_at: None,
        });
        turn.effects.push(Effect::TakeLeases);
    }

    fn hosts_checked(
        &mut self,
        unfit: &[(TargetName, Outcome, String)],
        event: &Event,
        turn: &mut Turn,
    ) -> Result<(), Refused> {
        let mut numbered = Vec::with_capacity(unfit.len());
        for (target, outcome, error) in unfit {
            numbered.push((self.known(target, event)?, *outcome, error));
        }
        self.state.phase = Phase::Running;
        self.state.last_progress = turn.now;
        for (target, outcome, error) in numbered {
            if self.state.targets[target as usize].state != TargetState::Pending {
                continue;
            }
            self.state.targets[target as usize].error = Some(error.clone());
            let on_unreachable = self.facts.plan.limits.on_unreachable;
            let state = if outcome.is_out_of_reach() {
                TargetState::Unreachable
            } else {
                TargetState::Failed
            };
            self.set_state(target, state, turn.now);
            let name = self.facts.name(target).to_string();
            match on_unreachable {
                OnUnreachable::Fail | OnUnreachable::Skip
                    if outcome.is_out_of_reach() && self.count_unreachable(&name, error, turn) => {}
                OnUnreachable::Skip if outcome.is_out_of_reach() => {
                    self.note(turn, format!("leave out {name}"), error.clone());
                }
                OnUnreachable::Defer if outcome.is_out_of_reach() => {
                    self.defer(target, 0);
                    self.note(turn, format!("try {name} again last"), error.clone());
                }
                OnUnreachable::Fail | OnUnreachable::Skip | OnUnreachable::Defer => {
                    self.state.failed += 1;
                    self.note(turn, format!("{name} is not fit"), error.clone());
                }
            }
        }
        self.begin_stage(0, turn);
        if self.is_budget_spent() {
            self.budget_spent(0, turn);
        }
        Ok(())
    }

    /// The end: what was never started is skipped.
    pub(super) fn finish(&mut self, status: ActionStatus, turn: &mut Turn) {
        for target in 0..self.state.targets.len() as u32 {
            if self.state.targets[target as usize].state == TargetState::Pending {
                self.set_state(target, TargetState::Skipped, turn.now);
            }
        }
        for stage in &mut self.state.stages {
            match stage.status {
                StageStatus::Pending => stage.status = StageStatus::Skipped,
                StageStatus::Running | StageStatus::Soaking | StageStatus::Gate => {
                    stage.status = StageStatus::Stopped;
                    stage.ended_at = Some(turn.now);
                }
                StageStatus::Done | StageStatus::Stopped | StageStatus::Skipped => {}
            }
        }
        self.leave_instructions(turn);
        self.state.queue.clear();
        self.state.paused = None;
        self.state.verdict = None;
        self.state.phase = Phase::Ended { status, at: turn.now };
        let why = self
            .state
            .counts
            .iter()
            .filter(|&(_, count)| count > 0)
            .map(|(state, count)| format!("{count} {state}"))
            .collect::<Vec<_>>()
            .join(", ");
        self.note(turn, format!("end {status}"), why);
        if status == ActionStatus::Completed {
            turn.effects.extend(self.quarantine());
        }
        turn.effects.push(Effect::End { status });
    }
}
