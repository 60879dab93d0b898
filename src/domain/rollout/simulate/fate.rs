//! How a step on a made-up host will end: by its duration, by chance, by the failures of the file.

use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::rollout::{StepResult, Way};
use crate::domain::timestamp::Timestamp;

use super::balancer::Moods;
use super::failures::{Failure, FailureKind};
use super::world::World;

/// A host that cannot be reached is given up after so long.
const CONNECT_SECONDS: u64 = 5;
/// A connection that was lost under a step is waited for so long before the outcome is called unknown.
const REATTACH_SECONDS: u64 = 30;
const SLOWER: u64 = 10;

impl World<'_> {
    pub(super) fn unfit(&self, now: Timestamp) -> Vec<(TargetName, Outcome, String)> {
        let places = 0..self.hosts.len();
        let gone = places.filter(|&place| self.is_gone(place, now));
        gone.map(|place| {
            let name = self.scenario.hosts[place].name.clone();
            let error = format!("{name} cannot be reached");
            (name, Outcome::Unreachable, error)
        })
        .collect()
    }

    /// Whether the host as a whole cannot be reached.
    fn is_gone(&self, place: usize, now: Timestamp) -> bool {
        let version = self.hosts[place].version.as_deref();
        self.strikes(place, None, version, now)
            .any(|failure| failure.kind == FailureKind::Unreachable)
    }

    /// The failures in force at this moment on a host with this version: those of the step, or of no step.
    fn strikes(
        &self,
        place: usize,
        step: Option<&str>,
        runs: Option<&str>,
        now: Timestamp,
    ) -> impl Iterator<Item = &Failure> {
        let host = &self.hosts[place];
        let name = self.scenario.hosts[place].name.as_str();
        let seconds = now.as_millis() as f64 / 1000.0;
        let failures = self.scenario.failures.iter().zip(0_u64..);
        failures
            .filter(move |(failure, number)| {
                let since_put_back = match host.put_back_at {
                    Some(at) => now.millis_since(at) as f64 / 1000.0,
                    None => 0.0,
                };
                let right_step = match (&failure.step, step) {
                    (Some(wanted), Some(step)) => wanted == step,
                    (Some(_), None) => false,
                    (None, _) => true,
                };
                right_step
                    && failure.target.as_deref().is_none_or(|target| target == name)
                    && seconds >= failure.from
                    && failure.until.is_none_or(|until| seconds < until)
                    && failure.version.as_deref().is_none_or(|version| {
                        runs == Some(version)
                            && (failure.after_seconds <= 0.0 || since_put_back >= failure.after_seconds)
                    })
                    && (failure.share >= 1.0 || self.dice.chance(failure.share, &[*number, place as u64]))
            })
            .map(|(failure, _)| failure)
    }

    /// How an attempt of a step will end, and after how many milliseconds.
    pub(super) fn fate(
        &self,
        place: usize,
        number: usize,
        way: Way,
        attempt: u32,
        now: Timestamp,
    ) -> (u64, StepResult) {
        let scenario = self.scenario;
        let step = &scenario.steps[number];
        let (low, high) = scenario.duration(&step.name);
        let question = [
            place as u64,
            number as u64,
            u64::from(way == Way::Back),
            u64::from(attempt),
        ];
        let mut after = self.dice.between(low, high, &question);
        let on_host = !matches!(step.name.as_str(), "pool_out" | "pool_in" | "drain");
        // What is being installed strikes already.
        let runs = match step.name.as_str() {
            "install" => self.installed(place, way),
            _ => self.hosts[place].version.clone(),
        };
        let striking = |at: Timestamp| -> Vec<FailureKind> {
            self.strikes(place, Some(&step.name), runs.as_deref(), at)
                .map(|failure| failure.kind)
                .collect()
        };
        let kinds = striking(now);
        if kinds.contains(&FailureKind::Unreachable) && on_host {
            let error = "the host cannot be reached".to_owned();
            return (CONNECT_SECONDS * 1000, bad(Outcome::Unreachable, error));
        }
        if kinds.contains(&FailureKind::Slow) {
            after *= SLOWER;
        }
        if !on_host {
            match self.balancer(place, now) {
                Ok(waited) => after += waited,
                Err(pool) => {
                    let error = format!("pool {pool}: the load balancer cannot be reached");
                    return (Moods::patience(), bad(Outcome::Failed, error));
                }
            }
        }
        let limit = step.timeout_seconds * 1000;
        if kinds.contains(&FailureKind::Hang) || after > limit {
            let error = format!("stopped after its timeout of {} s", step.timeout_seconds);
            return (limit, bad(Outcome::Timeout, error));
        }
        let end = now.plus_millis(after);
        let at_end = striking(end);
        if at_end.contains(&FailureKind::Unreachable) && on_host {
            let waited = after + REATTACH_SECONDS * 1000;
            let still = self.is_gone(place, now.plus_millis(waited));
            let error = "the connection was lost; what became of it is not known".to_owned();
            return if still {
                (waited, bad(Outcome::Unknown, error))
            } else {
                (waited, good())
            };
        }
        if at_end.contains(&FailureKind::Fail) {
            return (after, bad(Outcome::Failed, "exit code 1".to_owned()));
        }
        (after, good())
    }

    /// What a host runs after its install.
    pub(super) fn installed(&self, place: usize, way: Way) -> Option<String> {
        match (way, &self.scenario.to) {
            (_, None) => self.hosts[place].version.clone(),
            (Way::Forth, to) => to.clone(),
            (Way::Back, Some(_)) => self.scenario.hosts[place].version.clone(),
        }
    }
}

fn good() -> StepResult {
    StepResult {
        outcome: Outcome::Ok,
        exit_code: Some(0),
        error: None,
    }
}

fn bad(outcome: Outcome, error: String) -> StepResult {
    StepResult {
        outcome,
        exit_code: (outcome == Outcome::Failed).then_some(1),
        error: Some(error),
    }
}
