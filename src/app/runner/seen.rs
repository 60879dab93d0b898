//! What Edgewise itself sees of an attempt, again and again: probes, and counts of sessions. Of an action that is under way for
//! days, over a log store that hangs, only so much is in memory; the log says how much of it is left out.

use crate::domain::log_entry::{Dropped, LogStream};
use crate::domain::log_event::LogEvent;

use super::executor::Attempt;
use super::in_flight::Repeated;
use super::journal::{About, Journal};
use super::output::OutputSoFar;

/// What is seen of one attempt.
pub(super) struct Seen<'a> {
    journal: &'a Journal,
    attempt: &'a Attempt,
    event: LogEvent,
    repeated: Repeated,
}

impl<'a> Seen<'a> {
    pub(super) fn new(
        journal: &'a Journal,
        attempt: &'a Attempt,
        event: LogEvent,
        said: &OutputSoFar,
    ) -> Self {
        Self {
            journal,
            attempt,
            event,
            repeated: Repeated::new(said.room_of_attempt()),
        }
    }

    /// Tells it, where there is room.
    pub(super) fn tell(&mut self, about: About, text: &str) {
        let Some((room, left_out)) = self.repeated.take(text.len() as u64) else {
            return;
        };
        if let Some((dropped, room)) = left_out {
            let about = self.attempt.about();
            self.journal
                .left_out(about, LogStream::Probe, dropped, Some(room));
        }
        self.journal
            .detail(self.event, LogStream::Probe, about, text, Some(room));
    }
}

impl Drop for Seen<'_> {
    /// What was left out is told at the end, however it comes.
    fn drop(&mut self) {
        if let Some(dropped) = self.repeated.left_out() {
            self.journal
                .left_out(self.attempt.about(), LogStream::Probe, dropped, None);
        }
    }
}

/// What stands in place of what is left out.
pub(super) fn left_out(Dropped { lines, bytes }: Dropped) -> String {
    format!("{lines} lines of {bytes} bytes are left out here")
}
