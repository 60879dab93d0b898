//! From what a script returned to a plan: stages, verdicts, the hash.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::analysis::MetricSource;
use crate::domain::name::{Name, TargetName};
use crate::domain::sanitize::{Input, Left, Sanitizer, Surroundings, Verdict};
use crate::domain::target::{Pool, goes_back};

use super::{
    Draft, History, Limits, OnFailure, Plan, PlanHash, PlanTarget, Rollback, RollbackTarget, ScriptTarget,
    Stage, Step, Texts, Work, coming_in, going_out, leaving, putting_back, texts,
};

/// What a plan is made of, besides the draft.
#[derive(Debug)]
pub struct PlanInputs<'a> {
    /// The space of the project.
    pub space: Name,
    /// The project.
    pub project: Name,
    /// The environment of the project.
    pub environment: Name,
    /// The script's function.
    pub action: String,
    /// The script's file name.
    pub script: String,
    /// SHA-256 (hex) of the script's text.
    pub script_digest: String,
    /// The version the action installs.
    pub version: Option<String>,
    /// The targets as the script saw them.
    pub targets: &'a [ScriptTarget],
    /// The pools of the targets.
    pub pools: Vec<Pool>,
    /// The stages, made by the strategy from the draft's targets.
    pub stages: Vec<Stage>,
    /// The limits, likewise.
    pub limits: Limits,
    /// The start order, likewise.
    pub order: Vec<TargetName>,
    /// Judges every command, of both ways.
    pub sanitizer: &'a Sanitizer,
    /// What its uploads from the server carry.
    pub texts: &'a Texts,
}

impl Plan {
    /// Puts the parts together and judges every command of both ways.
    ///
    /// Every target of `order` must be in the draft, in `targets` and in exactly one stage; one that is not
    /// is left out, which the strategy's own checks exclude.
    #[must_use]
    pub fn build(mut inputs: PlanInputs<'_>, draft: Draft) -> Self {
        let mut judge = Judge::new(inputs.sanitizer, inputs.texts);
        judge.analyses(&mut inputs.stages);
        let known: HashMap<&TargetName, &ScriptTarget> = inputs
            .targets
            .iter()
            .map(|seen| (&seen.target.name, seen))
            .collect();
        let spots = places(&inputs.stages);
        let leaving: HashSet<&TargetName> = leaving(&inputs.stages).collect();
        let mut drafted: HashMap<TargetName, _> = draft
            .targets
            .into_iter()
            .map(|target| (target.name.clone(), target))
            .collect();

        let mut targets = Vec::with_capacity(inputs.order.len());
        let mut rollback = Rollback::default();
        for name in &inputs.order {
            let (Some(seen), Some(drafted), Some((stage, batch))) =
                (known.get(name), drafted.remove(name), spots.get(name))
            else {
                continue;
            };
            if leaving.contains(name) {
                rollback.targets.push(RollbackTarget {
                    name: name.clone(),
                    version: seen.installed.clone(),
                    steps: putting_back(coming_in(&drafted.steps)),
                });
                targets.push(PlanTarget {
                    target: seen.target.clone(),
                    stage: (*stage).to_owned(),
                    batch: *batch,
                    version: seen.installed.clone(),
                    version_before: seen.installed.clone(),
                    steps: going_out(&drafted.steps),
                });
                continue;
            }
            let mut history = History::default();
            let steps = judge.steps(drafted.steps, &mut history);
            if let Some(back) = drafted.rollback {
                rollback.targets.push(RollbackTarget {
                    name: name.clone(),
                    version: seen.installed.clone(),
                    steps: putting_back(judge.steps(back, &mut history)),
                });
            }
            targets.push(PlanTarget {
                target: seen.target.clone(),
                stage: (*stage).to_owned(),
                batch: *batch,
                version: seen.version.clone(),
                version_before: seen.installed.clone(),
                steps,
            });
        }
        held_on_the_way_back(&inputs.action, &mut inputs.limits, &mut inputs.stages);
        Self {
            plan_hash: PlanHash::over(
                &inputs.action,
                &inputs.stages,
                &inputs.limits,
                &inputs.pools,
                &targets,
                &rollback,
            ),
            space: inputs.space,
            project: inputs.project,
            environment: inputs.environment,
            action: inputs.action,
            script: inputs.script,
            script_digest: inputs.script_digest,
            version: inputs.version,
            stages: inputs.stages,
            limits: inputs.limits,
            pools: inputs.pools,
            targets,
            rollback,
        }
    }
}

/// An action that takes targets back does not turn round by itself where it fails: what it came from is what was not
/// wanted. It stops, and somebody decides.
pub(super) fn held_on_the_way_back(action: &str, limits: &mut Limits, stages: &mut [Stage]) {
    if !goes_back(action) {
        return;
    }
    let own = stages.iter_mut().filter_map(|stage| stage.on_failure.as_mut());
    for on_failure in own.chain([&mut limits.on_failure]) {
        if *on_failure == OnFailure::Rollback {
            *on_failure = OnFailure::Stop;
        }
    }
}

/// The stage and the batch of each target. A batch is as many as may be in progress together.
fn places(stages: &[Stage]) -> HashMap<&TargetName, (&str, u32)> {
    stages
        .iter()
        .flat_map(|stage| {
            let size = stage.max_parallel.max(1) as usize;
            stage
                .targets
                .iter()
                .enumerate()
                .map(move |(place, name)| (name, (stage.label.as_str(), (place / size) as u32 + 1)))
        })
        .collect()
}

/// Judges steps; a text that many targets share is judged once.
pub(super) struct Judge<'a> {
    sanitizer: &'a Sanitizer,
    texts: &'a Texts,
    known: HashMap<Judged, Verdict>,
}

/// What a verdict depends on: the command, its folder, what was done on the host before, the text that it writes, and the
/// variables that it finds.
type Judged = (
    String,
    Option<String>,
    u64,
    Option<String>,
    BTreeMap<String, String>,
);

impl<'a> Judge<'a> {
    pub(super) fn new(sanitizer: &'a Sanitizer, texts: &'a Texts) -> Self {
        Self {
            sanitizer,
            texts,
            known: HashMap::new(),
        }
    }

    /// The commands of the stages' analyses.
    pub(super) fn analyses(&mut self, stages: &mut [Stage]) {
        let metrics = stages
            .iter_mut()
            .filter_map(|stage| stage.analysis.as_mut())
            .flat_map(|analysis| &mut analysis.metrics);
        for metric in metrics {
            if let MetricSource::Command { run, verdict, rules } = &mut metric.source {
                let judged = self.sanitizer.judge(run, None);
                *verdict = Some(judged.decision);
                *rules = judged.rules;
            }
        }
    }

    /// Judges the steps of one way, on a host with this history; they become a part of it.
    pub(super) fn steps(&mut self, mut steps: Vec<Step>, history: &mut History) -> Vec<Step> {
        // What is left of the steps before, as far as they were followed.
        let (mut left, mut followed) = (Left::default(), 0);
        for step in &mut steps {
            let (cwd, carried) = match &step.work {
                Work::Run { cwd, .. } => (cwd.clone(), Vec::new()),
                Work::Upload { source, .. } => (None, self.texts.of(source)),
                _ => (None, Vec::new()),
            };
            if let Some(command) = &step.command {
                let input = texts::written(&carried);
                let key = (
                    command.clone(),
                    cwd,
                    history.fingerprint(),
                    input.map(str::to_owned),
                    step.work.known_env(),
                );
                let verdict = self
                    .known
                    .entry(key)
                    .or_insert_with_key(|(command, cwd, _, _, env)| {
                        let surroundings = Surroundings {
                            cwd: cwd.as_deref(),
                            before: &[],
                            input: input.map_or(Input::Inherited, Input::Text),
                            env: Some(env),
                        };
                        let done = history.done();
                        left = self
                            .sanitizer
                            .left_by(&done[followed..], std::mem::take(&mut left));
                        followed = done.len();
                        self.sanitizer.judge_after(command, &surroundings, &left)
                    });
                step.verdict = Some(verdict.decision);
                step.rules.clone_from(&verdict.rules);
                step.not_applied.clone_from(&verdict.not_applied);
            }
            history.after(step, carried);
        }
        steps
    }
}

#[cfg(test)]
#[path = "build_test.rs"]
mod tests;
