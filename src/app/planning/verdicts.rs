//! What the sanitizer said of a plan's commands.

use crate::app::error::DeniedStep;
use crate::domain::plan::Plan;
use crate::domain::sanitize::Decision;

/// The commands of a plan that the sanitizer denied; the same command of a step on many targets counts once.
pub(crate) fn denied(plan: &Plan) -> Vec<DeniedStep> {
    judged(plan, Decision::Deny)
}

/// The commands of a plan that somebody must approve, as `step: rule ids`.
pub(crate) fn asked(plan: &Plan) -> Vec<String> {
    judged(plan, Decision::Ask)
        .into_iter()
        .map(|step| {
            let ids: Vec<&str> = step.rules.iter().map(|rule| rule.id.as_str()).collect();
            format!("{}/{}: {}", step.target, step.step, ids.join(", "))
        })
        .collect()
}

fn judged(plan: &Plan, decision: Decision) -> Vec<DeniedStep> {
    let forth = plan
        .targets
        .iter()
        .map(|target| (&target.target.name, "forth", &target.steps));
    let back = plan
        .rollback
        .targets
        .iter()
        .map(|target| (&target.name, "back", &target.steps));
    let mut found: Vec<DeniedStep> = Vec::new();
    for (target, way, steps) in forth.chain(back) {
        for step in steps.iter().filter(|step| step.verdict == Some(decision)) {
            let command = step.command.clone().unwrap_or_default();
            let same = |known: &&mut DeniedStep| {
                known.step == step.name && known.command == command && known.way == way
            };
            if let Some(known) = found.iter_mut().find(same) {
                known.targets += 1;
                continue;
            }
            found.push(DeniedStep {
                target: target.to_string(),
                targets: 1,
                step: step.name.clone(),
                way: way.to_owned(),
                command,
                verdict: decision.as_str().to_owned(),
                rules: step.rules.clone(),
                not_applied: step.not_applied.clone(),
            });
        }
    }
    found
}
