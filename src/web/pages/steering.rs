//! Which buttons an action's page offers, by its status: one table, which the page carries along so that
//! its script can follow the status.

use super::words;
use crate::app::view::{ActionView, StageView};
use crate::domain::action::{ActionStatus, WaitKind};
use crate::domain::actor::{Caller, Permission};
use crate::domain::plan::Gate;

/// A button.
pub struct Button {
    /// The word in the API.
    pub word: &'static str,
    /// What it says.
    pub label: &'static str,
    /// What the dialog says that it does.
    pub explains: &'static str,
    /// `primary`, `plain` or `danger`.
    pub look: &'static str,
    /// The situations it is for: a status, or `WAITING:` and what is waited for, see [`waits`].
    pub when: &'static str,
    /// Whether a reason must be given.
    pub needs_reason: bool,
    /// It takes the right to approve, not the right to act.
    pub approves: bool,
}

const fn button(
    word: &'static str,
    label: &'static str,
    look: &'static str,
    when: &'static str,
    explains: &'static str,
) -> Button {
    Button {
        word,
        label,
        explains,
        look,
        when,
        needs_reason: false,
        approves: false,
    }
}

/// All buttons, in the order they stand on the page.
pub const BUTTONS: [Button; 9] = [
    Button {
        approves: true,
        ..button(
            "approve",
            "Approve",
            "primary",
            "WAITING:approval WAITING:gate:approval",
            "What waits for an approval goes on.",
        )
    },
    Button {
        approves: true,
        ..button(
            "reject",
            "Reject",
            "danger",
            "WAITING:approval WAITING:gate:approval",
            "What waits for an approval is not done.",
        )
    },
    button(
        "resume",
        "Resume",
        "primary",
        "WAITING:paused",
        "The rollout goes on where it stopped.",
    ),
    button(
        "promote",
        "Promote",
        "primary",
        "INPROGRESS WAITING:soak WAITING:gate WAITING:analysis",
        "The next stage begins without waiting for the rest of this soak or gate.",
    ),
    button(
        "retry",
        "Retry",
        "primary",
        "FAILED MANUAL_FAILED ROLLED_BACK REVOKED",
        "A new action runs on the targets that failed, were not reached or never started.",
    ),
    button(
        "pause",
        "Pause",
        "plain",
        "INPROGRESS WAITING:soak WAITING:gate WAITING:analysis WAITING:gate:approval WAITING:capacity \
         WAITING:balancer",
        "What runs is finished; nothing more is started.",
    ),
    button(
        "rollback",
        "Roll back",
        "plain",
        "INPROGRESS WAITING:paused WAITING:soak WAITING:gate WAITING:analysis WAITING:gate:approval \
         WAITING:capacity WAITING:balancer COMPLETED FAILED MANUAL_FAILED",
        "Every touched target goes back to the version it had.",
    ),
    Button {
        needs_reason: true,
        ..button(
            "force",
            "Force",
            "danger",
            "QUEUED WAITING:soak WAITING:gate WAITING:analysis",
            "Soaks, gates and the queue are skipped.",
        )
    },
    button(
        "abort",
        "Abort",
        "danger",
        "BUILDING QUEUED SCHEDULED INPROGRESS WAITING",
        "Nothing more is started, and the action ends.",
    ),
];

impl Button {
    /// Whether it is for this situation; `waits` is what [`waits`] says.
    pub fn is_for(&self, status: ActionStatus, waits: &str) -> bool {
        let narrow = format!("{}:{waits}", status.as_str());
        self.when
            .split_whitespace()
            .any(|when| when == status.as_str() || when == narrow)
    }
}

/// What an action waits for, as far as buttons differ by it: the kind, and `gate:approval` at a gate where somebody
/// is asked. Nothing where it does not wait. The page's script says the same of what it is told later.
pub fn waits(action: &ActionView) -> &'static str {
    let asks = |stage: &StageView| stage.status == "waiting" && stage.gate == Gate::Approval;
    match action.summary.waiting_for.as_ref().map(|wait| wait.kind) {
        Some(WaitKind::Gate) if action.stages.iter().any(asks) => "gate:approval",
        Some(kind) => words::wait(kind),
        None => "",
    }
}

/// The buttons that `caller` may press on an action of this name, in any of its situations.
pub fn offered(caller: &Caller, space: &str, action: &str) -> Vec<&'static Button> {
    BUTTONS
        .iter()
        .filter(|button| {
            let wanted = if button.approves {
                Permission::Approve
            } else {
                Permission::Act(action)
            };
            caller.may(wanted, space)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::{BUTTONS, offered, waits};
    use crate::domain::action::{ActionStatus, WaitKind};
    use crate::domain::actor::{Actor, Caller, Role};
    use crate::domain::name::Name;
    use crate::domain::plan::Gate;
    use crate::web::api::steer::WORDS;

    #[test]
    fn every_word_has_a_button_and_every_situation_is_a_status() {
        for word in WORDS {
            assert_eq!(
                BUTTONS.iter().filter(|button| button.word == word).count(),
                1,
                "{word}"
            );
        }
        for when in BUTTONS.iter().flat_map(|button| button.when.split_whitespace()) {
            let (status, kind) = when.split_once(':').unwrap_or((when, ""));
            assert!(ActionStatus::parse(status).is_some(), "{when}");
            let kind = kind.strip_suffix(":approval").unwrap_or(kind);
            let kind = serde_json::from_value::<WaitKind>(kind.into());
            assert!(kind.is_ok() || !when.contains(':'), "{when}");
        }
    }

    #[test]
    fn only_a_gate_that_asks_somebody_can_be_approved_and_it_cannot_be_promoted() {
        let mut view = samples::action(ActionStatus::Waiting, 8, 3);
        view.stages[0].status = "waiting".into();
        for (gate, kind, wanted) in [
            (
                Gate::Approval,
                WaitKind::Gate,
                ["approve", "reject", "pause", "rollback", "abort"],
            ),
            (
                Gate::Analysis,
                WaitKind::Analysis,
                ["promote", "pause", "rollback", "force", "abort"],
            ),
        ] {
            view.summary.waiting_for.as_mut().unwrap().kind = kind;
            view.stages[0].gate = gate;
            let shown: Vec<&str> = BUTTONS
                .iter()
                .filter(|button| button.is_for(ActionStatus::Waiting, waits(&view)))
                .map(|button| button.word)
                .collect();
            assert_eq!(shown, wanted, "{gate:?}");
        }
    }

    #[test]
    fn whoever_is_in_the_queue_is_not_said_to_wait() {
        let force = BUTTONS.iter().find(|button| button.word == "force").unwrap();
        assert!(force.is_for(ActionStatus::Queued, "queue"));
        assert!(
            !force.when.contains("WAITING:queue"),
            "the engine has no such state"
        );
    }

    #[test]
    fn an_action_that_is_under_way_can_be_stopped() {
        for status in ActionStatus::ALL {
            let abort = BUTTONS.iter().find(|button| button.word == "abort").unwrap();
            assert_eq!(abort.is_for(status, "soak"), !status.is_final(), "{status}");
        }
    }

    #[test]
    fn nobody_sees_a_button_they_may_not_press() {
        let with = |role| Caller {
            actor: Actor::User { name: "jdoe".into() },
            server_admin: false,
            roles: vec![(Name::parse("pay").unwrap(), role)],
        };
        let words = |role, action| -> Vec<&str> {
            offered(&with(role), "pay", action)
                .iter()
                .map(|b| b.word)
                .collect()
        };
        assert!(words(Role::Viewer, "deploy").is_empty());
        assert_eq!(words(Role::Approver, "deploy"), ["approve", "reject"]);
        assert!(words(Role::Operator, "deploy").is_empty());
        assert!(words(Role::Operator, "restart").contains(&"abort"));
        assert_eq!(words(Role::Admin, "deploy").len(), BUTTONS.len());
    }
}
