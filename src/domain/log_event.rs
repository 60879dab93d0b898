//! What a log entry tells of.

use serde::{Deserialize, Serialize};

/// What an entry tells of: `event.action` in the Elastic Common Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEvent {
    /// Who asked for what, with the hash of the plan.
    Asked,
    /// What the sanitizer said of the plan's commands.
    Verdict,
    /// The action waits, and for what.
    Waiting,
    /// It waits no longer.
    Resumed,
    /// A gate was asked or has answered.
    Gate,
    /// Somebody approved or rejected.
    Approval,
    /// Somebody said pause, abort and the like.
    Steering,
    /// The engine decided.
    Decision,
    /// Targets were looked at, before anything was done to them.
    HostCheck,
    /// Targets are held, by this action or another.
    Lease,
    /// A load balancer was asked.
    Pool,
    /// A step on a target ended.
    Step,
    /// A server goes on with the action.
    Recovery,
    /// The action ended.
    Result,
    /// A command as it was sent.
    Command,
    /// A line of a step's output.
    Output,
    /// How many sessions are left while draining.
    Sessions,
    /// A probe of a check.
    Probe,
    /// Output that is not in the log because of a limit.
    Dropped,
}

impl LogEvent {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Asked,
        Self::Verdict,
        Self::Waiting,
        Self::Resumed,
        Self::Gate,
        Self::Approval,
        Self::Steering,
        Self::Decision,
        Self::HostCheck,
        Self::Lease,
        Self::Pool,
        Self::Step,
        Self::Recovery,
        Self::Result,
        Self::Command,
        Self::Output,
        Self::Sessions,
        Self::Probe,
        Self::Dropped,
    ];

    /// The word for it in JSON and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Verdict => "verdict",
            Self::Waiting => "waiting",
            Self::Resumed => "resumed",
            Self::Gate => "gate",
            Self::Approval => "approval",
            Self::Steering => "steering",
            Self::Decision => "decision",
            Self::HostCheck => "host_check",
            Self::Lease => "lease",
            Self::Pool => "pool",
            Self::Step => "step",
            Self::Recovery => "recovery",
            Self::Result => "result",
            Self::Command => "command",
            Self::Output => "output",
            Self::Sessions => "sessions",
            Self::Probe => "probe",
            Self::Dropped => "dropped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LogEvent;

    #[test]
    fn the_word_is_the_one_of_its_json() {
        for event in LogEvent::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
        }
    }
}
