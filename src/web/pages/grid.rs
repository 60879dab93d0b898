//! The grid of an action: hosts by steps, as rows and columns for the template.

use std::collections::HashSet;

use super::words;
use crate::app::view::{ActionView, StepView, TargetView};

/// What the names of steps on the way back begin with.
const BACK: &str = "back: ";

/// Hosts by steps.
pub struct Grid<'a> {
    /// The steps, those of the way back last.
    pub columns: Vec<Column<'a>>,
    /// How many of the columns belong to the way forth.
    pub forth: usize,
    /// The rows, by stage.
    pub stages: Vec<Stage<'a>>,
}

/// A step that at least one target has.
pub struct Column<'a> {
    /// The step's name.
    pub name: &'a str,
    /// The name without the prefix of the way back.
    pub label: &'a str,
    /// It is part of the way back.
    pub back: bool,
    /// It runs on the first host alone.
    pub once: bool,
}

/// The rows of one stage.
pub struct Stage<'a> {
    /// Its label.
    pub label: &'a str,
    /// Its targets.
    pub rows: Vec<Row<'a>>,
}

/// One target.
pub struct Row<'a> {
    /// The target.
    pub target: &'a TargetView,
    /// A cell for each column; none where the target has no such step.
    pub cells: Vec<Option<Cell<'a>>>,
}

/// One step on one target.
pub struct Cell<'a> {
    /// The step.
    pub step: &'a StepView,
    /// Its tone.
    pub tone: &'static str,
    /// Its sign.
    pub sign: &'static str,
    /// What stands beside the sign: how long it took, or how it went wrong.
    pub note: String,
}

impl<'a> Grid<'a> {
    /// The grid of an action.
    pub fn of(action: &'a ActionView) -> Self {
        let mut seen = HashSet::new();
        let mut columns: Vec<Column<'a>> = action
            .targets
            .iter()
            .flat_map(|target| &target.steps)
            .filter(|step| seen.insert(step.name.as_str()))
            .map(|step| {
                let label = step.name.strip_prefix(BACK);
                Column {
                    name: &step.name,
                    label: label.unwrap_or(&step.name),
                    back: label.is_some(),
                    once: step.once,
                }
            })
            .collect();
        columns.sort_by_key(|column| column.back);
        let stages = action
            .stages
            .iter()
            .map(|stage| Stage {
                label: &stage.label,
                rows: action
                    .targets
                    .iter()
                    .filter(|target| target.stage == stage.label)
                    .map(|target| Row {
                        target,
                        cells: columns
                            .iter()
                            .map(|column| Cell::of(target, column.name))
                            .collect(),
                    })
                    .collect(),
            })
            .collect();
        Self {
            forth: columns.iter().filter(|column| !column.back).count(),
            columns,
            stages,
        }
    }

    /// How many columns belong to the way back.
    pub fn back(&self) -> usize {
        self.columns.len() - self.forth
    }
}

impl<'a> Cell<'a> {
    fn of(target: &'a TargetView, name: &str) -> Option<Self> {
        let step = target.steps.iter().find(|step| step.name == name)?;
        let (tone, sign) = words::step(&step.state);
        Some(Self {
            step,
            tone,
            sign,
            note: note(step),
        })
    }
}

/// What stands beside a step's sign. The scripts of the page say the same.
fn note(step: &StepView) -> String {
    match step.state.as_str() {
        "pending" | "running" => String::new(),
        "succeeded" => words::between(step.started_at, step.ended_at),
        "failed" => step
            .exit_code
            .map_or("failed".to_owned(), |code| format!("exit {code}")),
        other => other.replace('_', " "),
    }
}

/// Steps of the way forth that are over, of all there are.
pub fn progress(action: &ActionView) -> (usize, usize) {
    let forth = || {
        action
            .targets
            .iter()
            .flat_map(|target| &target.steps)
            .filter(|step| !step.name.starts_with(BACK))
    };
    let done = forth()
        .filter(|step| !matches!(step.state.as_str(), "pending" | "running"))
        .count();
    (done, forth().count())
}
