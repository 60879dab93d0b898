//! The machine of a stage: working, soaking, at its gate, passed.

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::plan::Gate;
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::progress::StageStatus;
use crate::domain::timestamp::Timestamp;

use super::state::{At, Course, GateWait, MetricRun, Soak};
use super::{Rollout, Turn};

impl Rollout {
    /// The stage it is in, on the way forth.
    pub(super) fn stage_now(&self) -> Option<u32> {
        match &self.state.course {
            Course::Forth {
                at: At::Working | At::Soaking(_) | At::Gate(_),
                stage,
            } => Some(*stage),
            Course::Forth { at: At::Deferred, .. } | Course::Halt { .. } | Course::Back => None,
        }
    }

    pub(super) fn begin_stage(&mut self, stage: u32, turn: &mut Turn) {
        if stage as usize >= self.facts.stages.len() {
            self.begin_deferred(stage, turn);
            return;
        }
        self.state.course = Course::Forth {
            stage,
            at: At::Working,
        };
        let progress = &mut self.state.stages[stage as usize];
        progress.status = StageStatus::Running;
        progress.started_at = Some(turn.now);
        self.state.last_progress = turn.now;
        self.begin_proof(stage);
        let facts = std::sync::Arc::clone(&self.facts);
        let targets = &facts.stages[stage as usize];
        for (place, &target) in targets.iter().enumerate() {
            if self.state.targets[target as usize].state == TargetState::Pending {
                self.wait_for_turn(target, place as i32);
            }
        }
        let planned = &facts.plan.stages[stage as usize];
        self.note(
            turn,
            format!("begin stage {}", planned.label),
            format!(
                "{} targets, at most {} at once",
                targets.len(),
                self.window().min(targets.len() as u32)
            ),
        );
    }

    fn begin_deferred(&mut self, stage: u32, turn: &mut Turn) {
        self.state.course = Course::Forth {
            stage,
            at: At::Deferred,
        };
        for (place, target) in std::mem::take(&mut self.state.deferred).into_iter().enumerate() {
            self.wait_for_turn(target, place as i32);
        }
        if !self.state.queue.is_empty() {
            self.note(turn, "try those out of reach again", "all others are done");
        }
    }

    /// How many targets may be in progress at this moment.
    pub(super) fn window(&self) -> u32 {
        let limits = &self.facts.plan.limits;
        if matches!(self.state.course, Course::Back) {
            return limits.back_at_once();
        }
        let whole = limits.max_parallel.max(1);
        match self.stage_now() {
            Some(stage) => whole.min(self.facts.plan.stages[stage as usize].max_parallel.max(1)),
            None => whole,
        }
    }

    /// Goes on with the way forth; says whether anything changed that lets more be started.
    pub(super) fn settle_forth(&mut self, turn: &mut Turn) -> bool {
        if self.state.paused.is_some() {
            return false;
        }
        let Course::Forth { stage, at } = &self.state.course else {
            return false;
        };
        let stage = *stage;
        match at {
            At::Working | At::Deferred => {
                self.admit(turn);
                if !self.state.queue.is_empty() || self.state.in_progress > 0 {
                    return false;
                }
                if stage as usize >= self.facts.stages.len() {
                    if self.is_still() {
                        self.complete(turn);
                    }
                    return false;
                }
                if self.lacks_proof(stage) && self.seek_proof(stage, turn) {
                    return true;
                }
                if self.has_nobody_to_watch() {
                    self.pass_stage(stage, turn);
                    return true;
                }
                self.begin_soak(stage, turn);
                true
            }
            At::Soaking(_) => self.go_on_looking(turn),
            At::Gate(_) => false,
        }
    }

    pub(super) fn skips_watching(&self) -> bool {
        self.state.forced || self.state.promoted
    }

    fn begin_soak(&mut self, stage: u32, turn: &mut Turn) {
        let seconds = self.facts.plan.stages[stage as usize].soak_seconds;
        if seconds == 0 || self.skips_watching() {
            self.begin_gate(stage, turn);
            return;
        }
        let ends_at = turn.now.plus_seconds(seconds);
        let next_look = self.next_look(turn.now, ends_at, seconds);
        self.state.course = Course::Forth {
            stage,
            at: At::Soaking(Soak {
                since: turn.now,
                ends_at,
                next_look,
                round: None,
                over: false,
            }),
        };
        self.state.stages[stage as usize].status = StageStatus::Soaking;
        turn.effects.push(Effect::Arm {
            timer: Timer::Soak { stage },
            at: next_look,
        });
        let label = self.label(stage).to_owned();
        self.note(turn, format!("soak stage {label}"), format!("{seconds} s"));
    }

    /// At most ten looks in a soak, and none closer to the one before than the settings say.
    pub(super) fn next_look(&self, now: Timestamp, ends_at: Timestamp, soak_seconds: u64) -> Timestamp {
        let pace = self.state.settings.look_seconds.max(soak_seconds / 10).max(1);
        ends_at.min(now.plus_seconds(pace))
    }

    pub(super) fn begin_gate(&mut self, stage: u32, turn: &mut Turn) {
        let gate = self.facts.plan.stages[stage as usize].gate;
        if gate == Gate::None || self.skips_watching() {
            self.pass_stage(stage, turn);
            return;
        }
        self.state.stages[stage as usize].status = StageStatus::Gate;
        let metrics = self.facts.plan.stages[stage as usize].metrics();
        let wait = GateWait {
            gate,
            since: turn.now,
            metrics: vec![MetricRun::default(); metrics.len()],
            verdict: None,
        };
        self.state.course = Course::Forth {
            stage,
            at: At::Gate(wait),
        };
        let label = self.label(stage).to_owned();
        let why = match gate {
            Gate::Approval => "somebody must approve".to_owned(),
            Gate::Analysis | Gate::None => {
                let names = metrics.iter().map(|metric| metric.name.as_str());
                format!("measure {}", names.collect::<Vec<_>>().join(", "))
            }
        };
        self.note(turn, format!("gate after stage {label}"), why);
        if gate == Gate::Analysis {
            self.begin_analysis(turn);
        }
    }

    pub(super) fn pass_stage(&mut self, stage: u32, turn: &mut Turn) {
        let progress = &mut self.state.stages[stage as usize];
        progress.status = StageStatus::Done;
        progress.ended_at = Some(turn.now);
        self.begin_stage(stage + 1, turn);
    }

    pub(super) fn label(&self, stage: u32) -> &str {
        &self.facts.plan.stages[stage as usize].label
    }

    /// Every stage is passed and nothing goes on any more.
    fn complete(&mut self, turn: &mut Turn) {
        let good = self.state.counts.of(TargetState::Succeeded) > 0 || self.state.targets.is_empty();
        let status = if good && !self.is_budget_spent() {
            ActionStatus::Completed
        } else {
            ActionStatus::Failed
        };
        self.finish(status, turn);
    }
}
