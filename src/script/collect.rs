//! Calls a script's `steps` for every target, on the way forth and on the way back.

use std::collections::HashSet;

use starlark::eval::Evaluator;
use starlark::values::{Value, ValueLike};

use crate::domain::plan::{DraftTarget, ScriptTarget, Step, Work};

use super::given::{items, wrong};
use super::session::{Call, Half};
use super::value::{Made, MadeValue, Open, StepDraft, TargetValue, word_for};

/// How long to drain where nobody says: what Edge's default was, in seconds.
const DRAIN_SECONDS: u64 = 300;

/// The steps of each of `targets`, in that order.
pub fn collect<'v>(
    call: &Call<'_>,
    targets: Value<'v>,
    steps: Value<'v>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Vec<DraftTarget>> {
    let mut seen = HashSet::new();
    let mut drafts = Vec::new();
    for (index, value) in items(targets).unwrap_or_default().into_iter().enumerate() {
        let Some(place) = value.downcast_ref::<TargetValue>().map(|target| target.place) else {
            return Err(wrong(format!(
                "rollout: targets[{index}] is {}, not one of ctx.targets",
                word_for(value)
            )));
        };
        let Some(target) = call.context.targets.get(place) else {
            return Err(wrong(format!(
                "rollout: targets[{index}] is not one of ctx.targets"
            )));
        };
        if !seen.insert(place) {
            return Err(wrong(format!(
                "rollout: target {} is given twice",
                target.target.name
            )));
        }
        let forth = steps_of(call, &call.forth, place, target, steps, eval)?;
        let back = match target.installed {
            Some(_) => Some(steps_of(call, &call.back, place, target, steps, eval)?),
            None => None,
        };
        drafts.push(DraftTarget {
            name: target.target.name.clone(),
            steps: forth,
            rollback: back,
        });
    }
    Ok(drafts)
}

fn steps_of<'v>(
    call: &Call<'_>,
    half: &Half,
    place: usize,
    target: &ScriptTarget,
    steps: Value<'v>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Vec<Step>> {
    let Some(target_value) = half.targets.get(place) else {
        return Err(wrong("rollout: a target is not one of ctx.targets"));
    };
    let returned = eval.eval_function(steps, &[half.ctx.to_value(), target_value.to_value()], &[])?;
    let name = &target.target.name;
    let list = items(returned).ok_or_else(|| {
        wrong(format!(
            "rollout: steps(ctx, target) wants to return a list of steps; for {name} it returned {}",
            word_for(returned)
        ))
    })?;
    let mut out: Vec<Step> = Vec::with_capacity(list.len());
    let mut names = HashSet::new();
    for (index, entry) in list.into_iter().enumerate() {
        if entry.is_none() {
            continue;
        }
        let Some(MadeValue(Made::Step(draft))) = entry.downcast_ref::<MadeValue>() else {
            return Err(wrong(format!(
                "rollout: entry {index} of the steps of {name} is {}, not a step such as run(...) or None",
                word_for(entry)
            )));
        };
        let Some(mut step) = fill(draft, call, target) else {
            continue;
        };
        step.name = unique(&step.name, &mut names);
        out.push(step);
    }
    Ok(out)
}

/// The step with what was left open filled in; none where it would do nothing.
fn fill(draft: &StepDraft, call: &Call<'_>, target: &ScriptTarget) -> Option<Step> {
    let mut step = draft.step.clone();
    match draft.open {
        Open::Nothing => {}
        Open::Blank => return None,
        Open::Address => {
            if let Work::TcpCheck { address, .. } = &mut step.work {
                address.clone_from(&target.target.address);
            }
        }
        Open::DrainSeconds => {
            let wanted = call
                .context
                .config
                .get("member_session_wait_time")
                .and_then(serde_json::Value::as_i64);
            // Edge read a negative wait as none.
            let seconds = wanted.map_or(DRAIN_SECONDS, |seconds| u64::try_from(seconds).unwrap_or(0));
            step.timeout_seconds = StepDraft::drain_timeout(seconds);
            step.work = Work::Drain { seconds };
        }
    }
    Some(step)
}

/// The name, or with the first free number behind it: `run`, `run-2`, `run-3`.
fn unique(name: &str, names: &mut HashSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while !names.insert(candidate.clone()) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    candidate
}
