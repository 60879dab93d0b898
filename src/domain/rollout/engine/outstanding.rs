//! What must be done again after a restart: everything that was asked for and not answered by an event.

use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::timestamp::Timestamp;

use super::Rollout;
use super::state::{At, Course, Doing, Leases, Phase, Work};

impl Rollout {
    /// After a replay: timers, open questions, steps to be started or looked up, versions to be written
    /// (writing one again changes nothing), the end. A timer whose moment is past is due at `now`.
    #[must_use]
    pub fn outstanding(&self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        let arm = |timer: Timer, at: Timestamp| Effect::Arm {
            timer,
            at: at.max(now),
        };
        match &self.state.phase {
            Phase::New => {}
            Phase::Before(before) => {
                if !before.due {
                    effects.push(arm(Timer::Countdown, before.due_at));
                }
            }
            Phase::Leases(Leases {
                next_try, give_up_at, ..
            }) => {
                match next_try {
                    Some(at) => effects.push(arm(Timer::Leases, *at)),
                    None => effects.push(Effect::TakeLeases),
                }
                effects.extend(give_up_at.map(|at| arm(Timer::LeasesGiveUp, at)));
            }
            Phase::Hosts => effects.push(Effect::CheckHosts),
            Phase::Running => {
                effects.extend(self.quarantine());
                effects.extend(self.versions());
                effects.extend(self.outstanding_targets(now));
                effects.extend(self.outstanding_stage(now));
                effects.extend(
                    self.state
                        .progress_check_at
                        .map(|at| arm(Timer::ProgressDeadline, at)),
                );
            }
            Phase::Ended { status, .. } => {
                effects.extend(self.quarantine());
                effects.extend(self.versions());
                effects.push(Effect::End { status: *status });
            }
        }
        effects
    }

    fn versions(&self) -> impl Iterator<Item = Effect> {
        (0..self.state.targets.len() as u32).filter_map(|target| self.version_record(target))
    }

    fn outstanding_targets(&self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for &number in &self.state.active {
            let target = self.facts.name(number).clone();
            let run = &self.state.runs[number as usize];
            if let Some(at) = run.deadline_at {
                effects.push(Effect::Arm {
                    timer: Timer::TargetDeadline {
                        target: target.clone(),
                    },
                    at: at.max(now),
                });
            }
            match &run.work {
                Work::Idle => {}
                Work::Asking { .. } => effects.push(Effect::AskPools { target }),
                Work::Step(Doing {
                    way,
                    step,
                    attempt,
                    started,
                    ..
                }) => {
                    let (way, step, attempt) = (*way, *step, *attempt);
                    effects.push(if *started {
                        Effect::LookUpStep {
                            target,
                            way,
                            step,
                            attempt,
                        }
                    } else {
                        Effect::RunStep {
                            target,
                            way,
                            step,
                            attempt,
                        }
                    });
                }
                Work::Retry(_, at) => effects.push(Effect::Arm {
                    timer: Timer::Retry { target },
                    at: (*at).max(now),
                }),
                Work::Window { until } => effects.push(Effect::Arm {
                    timer: Timer::Success { target },
                    at: (*until).max(now),
                }),
            }
        }
        for block in self.state.queue.blocks() {
            effects.push(Effect::Arm {
                timer: Timer::Pools {
                    target: self.facts.name(block.asker).clone(),
                },
                at: block.until.max(now),
            });
        }
        effects
    }

    fn outstanding_stage(&self, now: Timestamp) -> Vec<Effect> {
        let Course::Forth { stage, at } = &self.state.course else {
            return Vec::new();
        };
        let stage = *stage;
        match at {
            At::Soaking(soak) if soak.round.is_none() => vec![Effect::Arm {
                timer: Timer::Soak { stage },
                at: soak.next_look.max(now),
            }],
            At::Working | At::Deferred | At::Soaking(_) => Vec::new(),
            At::Gate(wait) => Self::outstanding_metrics(stage, wait, now),
        }
    }
}
