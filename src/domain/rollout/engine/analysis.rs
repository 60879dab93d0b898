//! The analysis at a stage's gate: which metrics are asked when, and what their numbers decide.
//!
//! A monitor's silence is counted by the analysis alone. It never counts as a failed target.

use crate::domain::analysis::{AnalysisVerdict, Measurement, Metric, Tally};
use crate::domain::plan::OnInconclusive;
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::timestamp::Timestamp;

use super::state::{At, Course, GateWait, MetricRun};
use super::{Rollout, Turn};

impl Rollout {
    /// Asks every metric of the gate it stands at, from the beginning.
    pub(super) fn begin_analysis(&mut self, turn: &mut Turn) {
        let Course::Forth {
            stage,
            at: At::Gate(wait),
        } = &mut self.state.course
        else {
            return;
        };
        let stage = *stage;
        wait.verdict = None;
        for (metric, run) in (0..).zip(&mut wait.metrics) {
            run.tally = Tally::default();
            run.verdict = None;
            run.last.clear();
            ask(stage, metric, run, turn);
        }
        self.conclude(turn);
    }

    pub(super) fn measured(
        &mut self,
        stage: u32,
        metric: u32,
        measurement: u32,
        result: &Measurement,
        turn: &mut Turn,
    ) {
        let facts = std::sync::Arc::clone(&self.facts);
        let Some((defined, run)) = facts
            .plan
            .metric(stage, metric)
            .zip(self.metric_run(stage, metric))
        else {
            return;
        };
        // An answer to a question that was given up.
        if !run.open || run.questions != measurement {
            return;
        }
        run.open = false;
        run.tally = run.tally.with(defined, result);
        run.verdict = run.tally.verdict(defined);
        run.last = words(defined, result);
        let (tally, what) = (run.tally, format!("measure {}", defined.name));
        let why = format!("{} ({})", run.last, numbers(defined, tally));
        if run.verdict.is_none() {
            let at = turn.now.plus_seconds(defined.interval_seconds.max(1));
            run.next_at = Some(at);
            turn.effects.push(Effect::Arm {
                timer: Timer::Measure { stage, metric },
                at,
            });
        }
        self.note(turn, what, why);
        self.conclude(turn);
    }

    pub(super) fn measure_timer(&mut self, stage: u32, metric: u32, turn: &mut Turn) {
        if let Some(run) = self.metric_run(stage, metric)
            && run.next_at.is_some_and(|at| at <= turn.now)
        {
            ask(stage, metric, run, turn);
        }
    }

    /// Goes on, or not, where the metrics say enough.
    fn conclude(&mut self, turn: &mut Turn) {
        let on_inconclusive = self.facts.plan.limits.on_inconclusive;
        let Course::Forth {
            stage,
            at: At::Gate(wait),
        } = &mut self.state.course
        else {
            return;
        };
        if wait.verdict.is_some() {
            return;
        }
        let Some(verdict) = AnalysisVerdict::of(wait.metrics.iter().map(|run| run.verdict)) else {
            return;
        };
        let (stage, since) = (*stage, wait.since);
        wait.verdict = Some(verdict);
        for run in &mut wait.metrics {
            run.open = false;
            run.next_at = None;
        }
        let detail = self.deciding(stage, verdict);
        match (verdict, on_inconclusive) {
            (AnalysisVerdict::Pass, _) | (AnalysisVerdict::Inconclusive, OnInconclusive::Pass) => {
                let label = self.label(stage).to_owned();
                self.note(turn, format!("gate after stage {label} passed"), detail);
                self.pass_stage(stage, turn);
            }
            (AnalysisVerdict::Inconclusive, OnInconclusive::Pause) => {
                let why = format!("the analysis has no answer: {detail}");
                self.pause_by_itself(since, &why, turn);
            }
            (AnalysisVerdict::Inconclusive, OnInconclusive::Fail) => {
                self.decide(stage, &format!("the analysis has no answer: {detail}"), turn);
            }
            (AnalysisVerdict::Fail, _) => {
                self.decide(stage, &format!("the analysis says no: {detail}"), turn);
            }
        }
    }

    /// The metrics that made the analysis say what it says, with their numbers.
    fn deciding(&self, stage: u32, verdict: AnalysisVerdict) -> String {
        let Course::Forth {
            at: At::Gate(wait), ..
        } = &self.state.course
        else {
            return String::new();
        };
        let metrics = self.facts.plan.stages[stage as usize].metrics();
        let parts: Vec<String> = metrics
            .iter()
            .zip(&wait.metrics)
            .filter(|(_, run)| run.verdict == Some(verdict))
            .map(|(metric, run)| format!("{}: {} ({})", metric.name, run.last, numbers(metric, run.tally)))
            .collect();
        if parts.is_empty() {
            "no metric is defined".to_owned()
        } else {
            parts.join("; ")
        }
    }

    /// How far each metric is, in words.
    pub(super) fn measured_so_far(&self, stage: u32, wait: &GateWait) -> String {
        let metrics = self.facts.plan.stages[stage as usize].metrics();
        let parts: Vec<String> = metrics
            .iter()
            .zip(&wait.metrics)
            .map(|(metric, run)| {
                let last = if run.last.is_empty() { "asked" } else { &run.last };
                format!("{}: {last} ({})", metric.name, numbers(metric, run.tally))
            })
            .collect();
        parts.join("; ")
    }

    pub(super) fn outstanding_metrics(stage: u32, wait: &GateWait, now: Timestamp) -> Vec<Effect> {
        (0..)
            .zip(&wait.metrics)
            .filter_map(|(metric, run)| match run.next_at {
                _ if run.open => Some(Effect::Measure {
                    stage,
                    metric,
                    measurement: run.questions,
                }),
                Some(at) => Some(Effect::Arm {
                    timer: Timer::Measure { stage, metric },
                    at: at.max(now),
                }),
                None => None,
            })
            .collect()
    }

    fn metric_run(&mut self, stage: u32, metric: u32) -> Option<&mut MetricRun> {
        match &mut self.state.course {
            Course::Forth {
                stage: here,
                at: At::Gate(wait),
            } if *here == stage => wait.metrics.get_mut(metric as usize),
            Course::Forth { .. } | Course::Halt { .. } | Course::Back => None,
        }
    }
}

fn ask(stage: u32, metric: u32, run: &mut MetricRun, turn: &mut Turn) {
    run.questions += 1;
    run.open = true;
    run.next_at = None;
    turn.effects.push(Effect::Measure {
        stage,
        metric,
        measurement: run.questions,
    });
}

fn words(metric: &Metric, result: &Measurement) -> String {
    match result {
        Measurement::Value { value } => format!("{value}, wanted {}", metric.success),
        Measurement::NoData { detail } => format!("no data: {detail}"),
        Measurement::Unreachable { detail } => format!("the monitor cannot be reached: {detail}"),
    }
}

fn numbers(metric: &Metric, tally: Tally) -> String {
    format!(
        "{} of {} measured, {} bad of {} allowed, {} without a number of {} allowed",
        tally.good + tally.bad,
        metric.count,
        tally.bad,
        metric.failure_limit,
        tally.silent,
        metric.inconclusive_limit
    )
}
