//! Actions, plans and log entries as text.

use std::fmt::Write;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::exit::Failure;
use super::output::{Paint, table};
use crate::app::view::{ActionSummary, ActionView, FoldedView, LogView, PlanStepView, PlanView};
use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::sanitize::Decision;

/// Reads a shape of the contract; more fields than are known do not matter.
pub fn read<T: DeserializeOwned>(raw: &Value, what: &str) -> Result<T, Failure> {
    T::deserialize(raw).map_err(|error| {
        Failure::failed(format!(
            "the server answered with {what} that this version cannot read ({error}): are both of one version?"
        ))
    })
}

/// Reads an action.
pub fn action_of(raw: &Value) -> Result<ActionView, Failure> {
    read(raw, "an action")
}

/// `1 target`, `2 targets`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// The colour of a status.
#[must_use]
pub fn paint_of_status(status: ActionStatus) -> Paint {
    match status {
        ActionStatus::Completed => Paint::Good,
        ActionStatus::Failed
        | ActionStatus::ManualFailed
        | ActionStatus::RolledBack
        | ActionStatus::Revoked => Paint::Bad,
        _ => Paint::Busy,
    }
}

/// The colour of a target's state.
#[must_use]
pub fn paint_of_target(state: TargetState) -> Paint {
    match state {
        TargetState::Succeeded => Paint::Good,
        TargetState::Failed | TargetState::Unreachable | TargetState::Unknown | TargetState::RolledBack => {
            Paint::Bad
        }
        TargetState::Running => Paint::Busy,
        TargetState::Pending | TargetState::Skipped => Paint::Faint,
    }
}

/// A list of actions.
#[must_use]
pub fn actions(items: &[ActionSummary]) -> String {
    table(
        ["id", "project", "action", "version", "status", "actor", "created"],
        items.iter().map(|item| {
            [
                item.id.to_string(),
                format!("{}/{}", item.space, item.project),
                item.action.clone(),
                item.version.clone().unwrap_or_default(),
                item.status.to_string(),
                item.actor.clone(),
                item.created_at.to_string(),
            ]
        }),
    )
}

/// One action with its targets.
#[must_use]
pub fn action(view: &ActionView) -> String {
    let summary = &view.summary;
    let mut text = format!(
        "{} {}/{} {}{}: {}",
        summary.id,
        summary.space,
        summary.project,
        summary.action,
        summary
            .version
            .as_ref()
            .map_or_else(String::new, |version| format!(" {version}")),
        summary.status,
    );
    if let Some(waiting) = &summary.waiting_for {
        let _ = write!(text, "\nwaits: {} {}", waiting.detail, waiting.unblock);
    }
    let counts: Vec<String> = view
        .counts
        .iter()
        .filter(|(_, number)| **number > 0)
        .map(|(state, number)| format!("{number} {state}"))
        .collect();
    let _ = write!(text, "\n{}\n\n", counts.join(", "));
    text.push_str(&table(
        ["target", "stage", "state", "before", "version", "error"],
        view.targets.iter().map(|target| {
            [
                target.name.clone(),
                target.stage.clone(),
                target.state.to_string(),
                target.version_before.clone().unwrap_or_default(),
                target.version.clone().unwrap_or_default(),
                target.error.clone().unwrap_or_default(),
            ]
        }),
    ));
    text
}

/// A plan: the stages, then the steps. Targets whose steps differ in nothing but names are still shown
/// each: what runs on a host is never abridged.
#[must_use]
pub fn plan(view: &PlanView) -> String {
    let mut text = format!(
        "{}/{} {}{}\n{}\n\n",
        view.space,
        view.project,
        view.action,
        view.version
            .as_ref()
            .map_or_else(String::new, |version| format!(" {version}")),
        view.plan_hash
    );
    text.push_str(&table(
        ["stage", "targets", "at once", "soak s", "gate", "names"],
        view.stages.iter().map(|stage| {
            [
                stage.label.clone(),
                stage.targets.len().to_string(),
                stage.max_parallel.to_string(),
                stage.soak_seconds.to_string(),
                word(&stage.gate),
                stage.targets.join(" "),
            ]
        }),
    ));
    let _ = write!(
        text,
        "\n\nat most {} at once, {} failed; a failure: {}; out of reach: {}",
        view.limits.max_parallel,
        view.limits.max_failed,
        word(&view.limits.on_failure),
        word(&view.limits.on_unreachable)
    );
    if let Some(quarantine) = &view.quarantine {
        let _ = write!(text, "\n\nit may not run: {}", quarantine.message);
    }
    for target in &view.targets {
        let _ = write!(
            text,
            "\n\n{} ({}): {} -> {}",
            target.name,
            target.stage,
            target.version_before.as_deref().unwrap_or("nothing"),
            target.version.as_deref().unwrap_or("as it is")
        );
        steps(&mut text, &target.steps);
    }
    for target in &view.rollback.targets {
        let _ = write!(
            text,
            "\n\nback: {} to {}",
            target.name,
            target.version.as_deref().unwrap_or("what it had")
        );
        steps(&mut text, &target.steps);
    }
    text
}

fn steps(text: &mut String, steps: &[PlanStepView]) {
    for step in steps {
        let verdict = match step.verdict {
            None | Some(Decision::Allow) => String::new(),
            Some(decision) => format!("[{}] ", decision.as_str()),
        };
        let command = step.command.as_deref().unwrap_or(&step.kind);
        let _ = write!(
            text,
            "\n  {:<12} {}{verdict}{}",
            step.name,
            if step.once {
                "(once, on the first host alone) "
            } else {
                ""
            },
            command.replace('\n', "\n               ")
        );
        for rule in &step.rules {
            let _ = write!(text, "\n               {}: {}", rule.id, rule.reason);
        }
        for spared in &step.not_applied {
            let _ = write!(
                text,
                "\n               not applied, {}: {}",
                spared.id, spared.reason
            );
        }
    }
}

fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// What hosts wrote, folded.
pub fn folded(view: &FoldedView) -> String {
    let mut text = format!("{}\n", view.headline);
    for (place, group) in view.groups.iter().enumerate() {
        let hosts = count(group.targets.len(), "host");
        let _ = write!(text, "\n{hosts}: {}\n", group.targets.join(", "));
        if place == 0 {
            for line in &group.lines {
                let _ = writeln!(text, "  | {line}");
            }
        } else {
            for change in &group.difference {
                let _ = writeln!(text, "  {} {}", change.sign, change.text);
            }
            if group.difference_cut {
                text.push_str("  (the difference goes on)\n");
            }
            if group.difference_unseen {
                text.push_str("  (they differ in lines that are not kept here)\n");
            }
        }
        if group.left_out > 0 {
            let _ = writeln!(text, "  ({} more lines)", group.left_out);
        }
    }
    text.trim_end().to_owned()
}

/// One log entry as one line.
#[must_use]
pub fn log_line(log: &LogView) -> String {
    log.line()
}
