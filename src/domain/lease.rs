//! The hold of a target by an action: the executor's one door asks for it.

use super::action::ActionId;
use super::name::TargetName;

/// Proof that somebody holds a target exclusively. There is no way to make one but to be granted it
/// by the store for an action, or to be this process's own ad-hoc `exec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    holder: Holder,
    target: TargetName,
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// An action, by the store's word.
    Action(ActionId),
    /// An ad-hoc `exec` of this process.
    Process(u32),
}

impl Lease {
    /// A lease that the store has just written for `action`. Only the code that took it says this.
    #[must_use]
    pub(crate) fn granted(action: ActionId, target: TargetName) -> Self {
        Self {
            holder: Holder::Action(action),
            target,
        }
    }

    /// The lease that an ad-hoc `exec` holds of its own process.
    #[must_use]
    pub fn of_process(process: u32, target: TargetName) -> Self {
        Self {
            holder: Holder::Process(process),
            target,
        }
    }

    /// The target it holds.
    #[must_use]
    pub fn target(&self) -> &TargetName {
        &self.target
    }

    /// Who holds it.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }
}
