//! Looks: while a stage soaks, and when its time is over, the checks of every target done so far are run
//! once more, so that a version that goes bad later does not go unnoticed. A look is a further attempt of
//! the target's own check steps. It takes nobody out of service, so it holds no place in the window.

use crate::domain::action::TargetState;
use crate::domain::plan::Step;
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::event::Way;

use super::state::{At, Course, Doing, Purpose, Soak, Work};
use super::{Rollout, Turn};

/// So many targets are looked at together.
const LOOKS_AT_ONCE: u32 = 64;

impl Rollout {
    pub(super) fn soak_timer(&mut self, stage: u32, turn: &mut Turn) {
        if let Course::Forth {
            stage: here,
            at: At::Soaking(soak),
        } = &mut self.state.course
            && *here == stage
            && soak.next_look <= turn.now
            && soak.round.is_none()
            && !soak.over
        {
            soak.over = soak.ends_at <= turn.now;
            soak.round = Some(0);
        }
    }

    /// Starts further looks of the round that goes on; after the last round the gate comes. Says whether
    /// anything changed that lets more be started.
    pub(super) fn go_on_looking(&mut self, turn: &mut Turn) -> bool {
        while self.state.looks < LOOKS_AT_ONCE {
            let Some(soak) = self.soak_mut() else {
                return false;
            };
            let Some(from) = soak.round else {
                return false;
            };
            // One at which a look still goes on since the soak before was skipped is being looked at already.
            let state = &self.state;
            let finished = (from..state.targets.len() as u32).find(|&target| {
                state.targets[target as usize].state == TargetState::Succeeded
                    && state.runs[target as usize].work == Work::Idle
            });
            let next = finished.map_or(self.state.targets.len() as u32, |target| target + 1);
            if let Some(soak) = self.soak_mut() {
                soak.round = Some(next);
            }
            match finished {
                Some(target) => {
                    if let Some(check) = self.facts.next_check(target, 0) {
                        self.state.looks += 1;
                        self.state.active.insert(target);
                        self.start_look(target, check, Purpose::SoakLook, turn);
                    }
                }
                None if self.state.looks > 0 => return false,
                None => return self.end_round(turn),
            }
        }
        false
    }

    fn end_round(&mut self, turn: &mut Turn) -> bool {
        let Course::Forth {
            stage,
            at: At::Soaking(soak),
        } = &self.state.course
        else {
            return false;
        };
        let (stage, over, ends_at) = (*stage, soak.over, soak.ends_at);
        let soaked = ends_at.millis_since(soak.since) / 1000;
        if self.lacks_proof(stage) && self.seek_proof(stage, turn) {
            return true;
        }
        if over {
            self.begin_gate(stage, turn);
            return true;
        }
        let next_look = self.next_look(turn.now, ends_at, soaked);
        if let Some(soak) = self.soak_mut() {
            soak.round = None;
            soak.next_look = next_look;
        }
        turn.effects.push(Effect::Arm {
            timer: Timer::Soak { stage },
            at: next_look,
        });
        false
    }

    pub(super) fn start_look(&mut self, target: u32, check: u32, purpose: Purpose, turn: &mut Turn) {
        let attempt = self.state.targets[target as usize].forth[check as usize].attempt + 1;
        let retries = self.facts.shape(target, Way::Forth)[check as usize].retries;
        self.start_attempt(
            target,
            Doing {
                purpose,
                way: Way::Forth,
                step: check,
                attempt,
                started: false,
                retries,
                may_repeat: true,
            },
            turn,
        );
    }

    /// A check of a look went well: the next check, or the look is over.
    pub(super) fn look_went_well(&mut self, target: u32, doing: Doing, turn: &mut Turn) {
        let next = self.facts.next_check(target, doing.step + 1);
        match (next, self.state.runs[target as usize].failing) {
            (Some(check), None) if !self.starts_nothing() => {
                self.start_look(target, check, doing.purpose, turn);
            }
            (_, failing) => match (doing.purpose, failing) {
                (Purpose::SoakLook, _) => {
                    self.rest(target);
                    self.join_the_way_back(target);
                }
                (Purpose::Steps | Purpose::WindowLook, Some(_)) => self.end_failed(target, turn),
                // Some of its checks are left, and nothing further is started.
                (Purpose::WindowLook, None) if next.is_some() => {
                    self.stopped_unproven(target, turn);
                }
                (Purpose::Steps | Purpose::WindowLook, None) => self.succeed(target, turn),
            },
        }
    }

    /// Whether this is a look that holds no place in the window.
    pub(super) fn is_look(work: &Work) -> bool {
        matches!(
            work,
            Work::Step(Doing {
                purpose: Purpose::SoakLook,
                ..
            }) | Work::Retry(
                Doing {
                    purpose: Purpose::SoakLook,
                    ..
                },
                _
            )
        )
    }

    pub(super) fn step(&self, target: u32, way: Way, step: u32) -> &Step {
        &self.facts.steps(target, way)[step as usize]
    }

    fn soak_mut(&mut self) -> Option<&mut Soak> {
        match &mut self.state.course {
            Course::Forth {
                at: At::Soaking(soak),
                ..
            } => Some(soak),
            Course::Forth {
                at: At::Working | At::Gate(_) | At::Deferred,
                ..
            }
            | Course::Halt { .. }
            | Course::Back => None,
        }
    }
}
