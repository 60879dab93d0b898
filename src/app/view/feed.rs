//! What those who watch an action are told, as it happens.

use serde::Serialize;

use super::{ActionSummary, ActionView, LogView, StepView, TargetView};

/// One server-sent event: its name is the variant's, its id is `seq`, its data the object.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FeedItem {
    /// `event: action`
    Action(Box<ActionView>),
    /// `event: summary`: the same without stages, targets and configuration, where only the words of what it waits for
    /// changed.
    Summary(Box<ActionSummary>),
    /// `event: target`
    Target(Box<TargetView>),
    /// `event: step`
    Step {
        /// On which target.
        target: String,
        /// The step.
        #[serde(flatten)]
        step: Box<StepView>,
    },
    /// `event: log`
    Log(Box<LogView>),
}

impl FeedItem {
    /// The name of the server-sent event.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Action(_) => "action",
            Self::Summary(_) => "summary",
            Self::Target(_) => "target",
            Self::Step { .. } => "step",
            Self::Log(_) => "log",
        }
    }
}
