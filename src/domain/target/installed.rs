//! What a target has, and where it can go back to.
//!
//! A version is *good* on a target once an action that COMPLETED put or left it there. The good versions are kept in
//! the order in which they came, so that going back twice goes two versions back, and never to one that was left
//! because it was bad.

/// So many good versions are remembered; older ones are forgotten.
const REMEMBERED: usize = 20;

/// The version of one target, with its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The version it has.
    pub version: String,
    /// The version it had before that.
    pub previous: Option<String>,
    /// The versions that were good on it and were not gone back from, oldest first.
    pub good: Vec<String>,
    /// Whether its version is one it was left with on purpose: not so while the action that brought it has not
    /// COMPLETED.
    pub settled: bool,
}

/// In which way a version came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// By the way forth of an action.
    Forth,
    /// By the way forth of an action that goes back: what the target had was given up.
    Rollback,
    /// By the way back of an action: the target has again what it had before that action.
    Back,
}

impl Put {
    /// How an action of this name puts versions on its way forth.
    #[must_use]
    pub fn by(action: &str) -> Self {
        if goes_back(action) {
            Self::Rollback
        } else {
            Self::Forth
        }
    }
}

/// Whether an action of this name takes its targets back.
#[must_use]
pub fn goes_back(action: &str) -> bool {
    matches!(action, "rollback" | "hard_rollback")
}

impl Installed {
    /// What a target has after `version` was put on it.
    #[must_use]
    pub fn after(before: Option<Self>, version: &str, put: Put) -> Self {
        let Some(mut now) = before else {
            return Self {
                version: version.to_owned(),
                previous: None,
                good: Vec::new(),
                settled: false,
            };
        };
        if now.version == version {
            return now;
        }
        let left = std::mem::replace(&mut now.version, version.to_owned());
        match put {
            Put::Forth => {
                now.previous = Some(left);
                now.settled = false;
            }
            Put::Rollback => {
                if let Some(place) = now.good.iter().rposition(|good| good == version) {
                    now.good.truncate(place + 1);
                }
                now.good.retain(|good| *good != left);
                now.previous = Some(left);
                now.settled = false;
            }
            Put::Back => {
                now.settled = now.last_good() == Some(version);
                now.previous = now.way_back().map(str::to_owned);
            }
        }
        now
    }

    /// The action that put or left its version there COMPLETED.
    pub fn completed(&mut self) {
        if self.good.last() != Some(&self.version) {
            self.good.push(self.version.clone());
            let forgotten = self.good.len().saturating_sub(REMEMBERED);
            self.good.drain(..forgotten);
        }
        self.settled = true;
    }

    /// The last version that an action which COMPLETED put or left there, and that was not gone back from.
    #[must_use]
    pub fn last_good(&self) -> Option<&str> {
        self.good.last().map(String::as_str)
    }

    /// The version to go back to: the last good one where what it has is not settled, which may be the same; else the
    /// last good one before what it has. None where none is known.
    #[must_use]
    pub fn way_back(&self) -> Option<&str> {
        let mut good = self.good.iter().rev().map(String::as_str);
        if self.settled {
            good.find(|good| *good != self.version)
        } else {
            good.next()
        }
    }
}

#[cfg(test)]
#[path = "installed_test.rs"]
mod tests;
