//! Why the machine does not take an event.

use crate::domain::name::TargetName;

/// An event that cannot happen in the state the machine is in, or a steering command that is not allowed now.
/// The state is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The event does not belong to this state.
    #[error("{machine} is {state}: the event `{event}` cannot happen there")]
    Event {
        /// Which machine: the action, a stage or a target, by name.
        machine: String,
        /// The state it is in.
        state: String,
        /// The event's word.
        event: String,
    },
    /// The event names a target that the plan does not have.
    #[error("the plan has no target `{target}` (event `{event}`)")]
    NoSuchTarget {
        /// The name.
        target: TargetName,
        /// The event's word.
        event: String,
    },
    /// The steering command is not allowed now.
    #[error("{steer} is not possible: {reason}")]
    Steer {
        /// The command's word.
        steer: &'static str,
        /// Why, as the end of a sentence.
        reason: String,
    },
}
