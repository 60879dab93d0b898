//! Building a step, with the checks that every kind of step shares.

use crate::domain::plan::{Step, Work};

use super::value::{Open, StepDraft};

/// Slack for a step that only waits, so that it is never cut off by its own timeout.
const SLACK_SECONDS: u64 = 60;

impl StepDraft {
    /// A step of this name.
    ///
    /// # Errors
    /// In words, where the name is empty, long or not printable: it stands in logs, pages and URLs.
    pub fn new(name: String, work: Work) -> Result<Self, String> {
        if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(format!(
                "`name` wants 1 to 100 printable characters, not {name:?}"
            ));
        }
        Ok(Self {
            step: Step::of(name, work),
            open: Open::Nothing,
        })
    }

    /// A step that waits for the sessions to end.
    pub fn drain(seconds: u64) -> Result<Self, String> {
        let mut draft = Self::new("drain".to_owned(), Work::Drain { seconds })?
            .with_timeout(Self::drain_timeout(seconds))?;
        draft.step.idempotent = true;
        Ok(draft)
    }

    /// How long a drain may take altogether.
    pub fn drain_timeout(seconds: u64) -> u64 {
        seconds + SLACK_SECONDS
    }

    /// With the text that a shell on the host gets.
    #[must_use]
    pub fn with_command(mut self, command: String) -> Self {
        self.step.command = Some(command);
        self
    }

    /// With a time after which one attempt is stopped.
    pub fn with_timeout(mut self, seconds: u64) -> Result<Self, String> {
        if seconds == 0 {
            return Err("`timeout` wants at least 1 second".to_owned());
        }
        self.step.timeout_seconds = seconds;
        Ok(self)
    }

    /// With so many further attempts, each `backoff` times as long after the one before it.
    #[must_use]
    pub fn with_retries(mut self, retries: u64, delay_seconds: u64, backoff: u64) -> Self {
        self.step.retries = u32::try_from(retries).unwrap_or(u32::MAX);
        if retries > 0 {
            self.step.retry_delay_seconds = delay_seconds;
            self.step.retry_backoff = u32::try_from(backoff.max(1)).unwrap_or(u32::MAX);
        }
        self
    }
}
