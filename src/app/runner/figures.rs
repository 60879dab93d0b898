//! What the runner counts, for `/metrics`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Event, Way};
use crate::domain::timestamp::Timestamp;

/// Upper bounds of the buckets of `edgewise_step_seconds`.
const BUCKETS: [f64; 8] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0];

type Step = (TargetName, Way, u32);

/// The figures of all actions of this process. A clone for an action knows its id.
#[derive(Clone, Default)]
pub struct Figures {
    counted: Arc<Mutex<Counted>>,
    action: Option<ActionId>,
}

#[derive(Default)]
struct Counted {
    active: u64,
    outcomes: BTreeMap<&'static str, u64>,
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
    steps: u64,
    begun: HashMap<(Option<ActionId>, Step), Timestamp>,
    sessions: u64,
}

/// A session with a host that is counted as long as this lives.
pub(super) struct OpenSession(Figures);

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.0
            .with(|counted| counted.sessions = counted.sessions.saturating_sub(1));
    }
}

impl Figures {
    /// Counts a session until what is returned is dropped.
    pub(super) fn session(&self) -> OpenSession {
        self.with(|counted| counted.sessions += 1);
        OpenSession(self.clone())
    }

    pub(super) fn of_action(&self, action: ActionId) -> Self {
        self.with(|counted| counted.active += 1);
        Self {
            counted: Arc::clone(&self.counted),
            action: Some(action),
        }
    }

    pub(super) fn ended(&self) {
        self.with(|counted| {
            counted.active = counted.active.saturating_sub(1);
            counted.begun.retain(|(action, _), _| *action != self.action);
        });
    }

    pub(super) fn count(&self, event: &Event, now: Timestamp) {
        match event {
            Event::StepStarted {
                target, way, step, ..
            } => self.with(|counted| {
                counted
                    .begun
                    .insert((self.action, (target.clone(), *way, *step)), now);
            }),
            Event::StepEnded {
                target,
                way,
                step,
                result,
                ..
            } => self.with(|counted| {
                *counted.outcomes.entry(result.outcome.as_str()).or_default() += 1;
                let Some(begun) = counted
                    .begun
                    .remove(&(self.action, (target.clone(), *way, *step)))
                else {
                    return;
                };
                let seconds = now.millis_since(begun) as f64 / 1000.0;
                counted.seconds += seconds;
                counted.steps += 1;
                for (bucket, bound) in counted.buckets.iter_mut().zip(BUCKETS) {
                    *bucket += u64::from(seconds <= bound);
                }
            }),
            _ => {}
        }
    }

    /// Writes them as Prometheus text.
    pub(crate) fn render(&self, text: &mut String) {
        self.with(|counted| {
            text.push_str("# HELP edgewise_actions_active Actions that this server is running.\n");
            text.push_str("# TYPE edgewise_actions_active gauge\n");
            let _ = writeln!(text, "edgewise_actions_active {}", counted.active);
            text.push_str("# HELP edgewise_ssh_sessions Sessions of actions with hosts; an idle one's connection may be closed for others.\n");
            text.push_str("# TYPE edgewise_ssh_sessions gauge\n");
            let _ = writeln!(text, "edgewise_ssh_sessions {}", counted.sessions);
            text.push_str("# HELP edgewise_steps_total Steps that ended, by outcome.\n");
            text.push_str("# TYPE edgewise_steps_total counter\n");
            for (outcome, number) in &counted.outcomes {
                let _ = writeln!(text, "edgewise_steps_total{{outcome=\"{outcome}\"}} {number}");
            }
            text.push_str("# HELP edgewise_step_seconds How long steps took.\n");
            text.push_str("# TYPE edgewise_step_seconds histogram\n");
            for (bucket, bound) in counted.buckets.iter().zip(BUCKETS) {
                let _ = writeln!(text, "edgewise_step_seconds_bucket{{le=\"{bound}\"}} {bucket}");
            }
            let _ = writeln!(
                text,
                "edgewise_step_seconds_bucket{{le=\"+Inf\"}} {}",
                counted.steps
            );
            let _ = writeln!(text, "edgewise_step_seconds_sum {}", counted.seconds);
            let _ = writeln!(text, "edgewise_step_seconds_count {}", counted.steps);
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Counted) -> T) -> T {
        act(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
