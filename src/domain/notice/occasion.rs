//! On which occasions somebody is told: what is otherwise now than it was before.

use serde::{Deserialize, Serialize};

use crate::domain::action::{ActionStatus, WaitKind};

/// What happened that is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The work began.
    Started,
    /// It waits for something (else than before).
    Waiting,
    /// It failed, or was aborted under way.
    Failed,
    /// Every touched target is back on the version it had.
    RolledBack,
    /// It is done as told.
    Done,
    /// It was aborted or rejected before anything started.
    Revoked,
}

impl Occasion {
    /// All of them, in the order in which an action may come to them.
    pub const ALL: [Self; 6] = [
        Self::Started,
        Self::Waiting,
        Self::Failed,
        Self::RolledBack,
        Self::Done,
        Self::Revoked,
    ];

    /// The word for it in configuration and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Done => "done",
            Self::Revoked => "revoked",
        }
    }

    /// The occasion of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|occasion| occasion.as_str() == word)
    }

    /// The occasion that the end of an action is; none while it has not ended.
    fn of_end(status: ActionStatus) -> Option<Self> {
        match status {
            ActionStatus::Completed => Some(Self::Done),
            ActionStatus::Failed | ActionStatus::ManualFailed => Some(Self::Failed),
            ActionStatus::RolledBack => Some(Self::RolledBack),
            ActionStatus::Revoked => Some(Self::Revoked),
            ActionStatus::Building
            | ActionStatus::Queued
            | ActionStatus::Scheduled
            | ActionStatus::InProgress
            | ActionStatus::Waiting => None,
        }
    }
}

/// As much of how an action is getting on as decides whether somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its status.
    pub status: ActionStatus,
    /// Whether the work has begun.
    pub begun: bool,
    /// What it waits for.
    pub waits: Option<WaitKind>,
}

impl Standing {
    /// How an action stands that nobody has heard of.
    pub const NONE: Self = Self {
        status: ActionStatus::Building,
        begun: false,
        waits: None,
    };

    /// What is worth telling when this comes after `before`, in order. A countdown and the queue are no occasions: nobody
    /// has to do anything.
    #[must_use]
    pub fn after(self, before: Self) -> Vec<Occasion> {
        let began = (self.begun && !before.begun).then_some(Occasion::Started);
        let waits = (self.status == ActionStatus::Waiting
            && (before.status != self.status || before.waits != self.waits))
            .then_some(Occasion::Waiting);
        let ended = (self.status != before.status)
            .then(|| Occasion::of_end(self.status))
            .flatten();
        [began, waits, ended].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Occasion, Standing};
    use crate::domain::action::{ActionStatus, WaitKind};

    fn standing(status: ActionStatus, begun: bool, waits: Option<WaitKind>) -> Standing {
        Standing { status, begun, waits }
    }

    #[test]
    fn the_course_of_an_action_is_told_once_each() {
        use ActionStatus::{Completed, InProgress, Scheduled, Waiting};
        let course = [
            (standing(Scheduled, false, Some(WaitKind::Countdown)), vec![]),
            (
                standing(Waiting, false, Some(WaitKind::Approval)),
                vec![Occasion::Waiting],
            ),
            (standing(Waiting, false, Some(WaitKind::Approval)), vec![]),
            (
                standing(Waiting, false, Some(WaitKind::Lease)),
                vec![Occasion::Waiting],
            ),
            (standing(InProgress, true, None), vec![Occasion::Started]),
            (standing(InProgress, true, None), vec![]),
            (
                standing(Waiting, true, Some(WaitKind::Soak)),
                vec![Occasion::Waiting],
            ),
            (standing(InProgress, true, None), vec![]),
            (
                standing(Waiting, true, Some(WaitKind::Soak)),
                vec![Occasion::Waiting],
            ),
            (standing(Completed, true, None), vec![Occasion::Done]),
            (standing(Completed, true, None), vec![]),
        ];
        let mut before = Standing::NONE;
        for (now, told) in course {
            assert_eq!(now.after(before), told, "{now:?}");
            before = now;
        }
    }

    #[test]
    fn every_end_is_told_and_nothing_else_is_one() {
        for status in ActionStatus::ALL {
            let told = standing(status, true, None).after(standing(ActionStatus::Scheduled, true, None));
            let ends = told.iter().any(|occasion| *occasion != Occasion::Waiting);
            assert_eq!(ends, status.is_final(), "{status}");
        }
    }

    #[test]
    fn what_begins_and_ends_at_one_moment_is_told_in_order() {
        let told = standing(ActionStatus::Failed, true, None).after(Standing::NONE);
        assert_eq!(told, [Occasion::Started, Occasion::Failed]);
    }

    #[test]
    fn words_read_back() {
        for occasion in Occasion::ALL {
            assert_eq!(Occasion::parse(occasion.as_str()), Some(occasion));
            assert_eq!(serde_json::to_value(occasion).unwrap(), occasion.as_str());
        }
    }
}
