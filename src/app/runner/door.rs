//! The check at the door: nothing reaches a host whose exact text was not judged a moment before.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::domain::outcome::Outcome;
use crate::domain::plan::{History, Work};
use crate::domain::rollout::StepResult;
use crate::domain::sanitize::{Clearance, Input, JudgedCommand, SanitizedCommand, Surroundings};

use super::executor::{Attempt, Executor, failed};
use super::in_force::Reading;

/// What a command finds on the host.
pub(super) struct Found<'a> {
    /// What was done there before.
    pub(super) before: &'a History,
    /// The text that it reads.
    pub(super) input: Option<&'a str>,
    /// Its variables, with their secrets.
    pub(super) env: &'a BTreeMap<String, String>,
    /// There are secrets in what it reads or in its variables.
    pub(super) is_secret: bool,
}

impl Executor {
    /// What the steps before this one left on the host.
    pub(super) async fn history(&self, attempt: &Attempt) -> Result<History, String> {
        let mut history = History::default();
        for step in &attempt.before {
            let carried = match &step.work {
                Work::Upload { source, .. } => self.payloads.texts(&self.filled(source)?).await,
                _ => Vec::new(),
            };
            history.after(step, carried);
        }
        Ok(history)
    }

    /// The check at the door, on the exact text that is handed to the wrapper, with what was done on the host before, the
    /// text that is written and the variables that it finds, secrets among them: none of those is told. An approval counts
    /// for what was seen when it was given.
    pub(super) fn sanitized(
        &self,
        attempt: &Attempt,
        reading: &Reading,
        text: &str,
        found: &Found<'_>,
    ) -> Result<SanitizedCommand, StepResult> {
        let cwd = match &attempt.step.work {
            Work::Run { cwd, .. } => cwd.as_deref(),
            _ => None,
        };
        let clearance = if self.approved.load(Ordering::Acquire) {
            Clearance::ApprovedFor(&attempt.step.rules)
        } else {
            Clearance::None
        };
        let surroundings = Surroundings {
            cwd,
            before: found.before.done(),
            input: found.input.map_or(Input::Inherited, Input::Text),
            env: Some(found.env),
        };
        let judged = if found.is_secret {
            JudgedCommand::new(&reading.sanitizer, text, &surroundings)
        } else {
            self.verdicts
                .judged(reading, text, &surroundings, found.before.fingerprint())
        };
        judged.cleared(clearance).map_err(|refusal| {
            let refusal = refusal.masked(&self.secrets.masker());
            // What may run already was let through when it began: nothing is known of it now.
            let outcome = if attempt.look_up {
                Outcome::Unknown
            } else {
                Outcome::Denied
            };
            failed(outcome, refusal.to_string())
        })
    }
}
