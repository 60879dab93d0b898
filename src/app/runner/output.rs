//! The output of one attempt of a step on its way into the log: masked, within its limits, and never waiting for the log.
//! Where the log is slower than the host, or the host says more than it may, the beginning and the end are kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::app::ports::{OutputLine, OutputOf, OutputRead};
use crate::app::telling::logged_name;
use crate::domain::action::ActionId;
use crate::domain::log_entry::{Dropped, LogStream};
use crate::domain::log_event::LogEvent;
use crate::domain::mask::{Masked, StreamMasker};
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::output_limit::{Amount, OutputLimits, Tail};
use crate::domain::plan::{Work, seen_well};

use super::executor::Attempt;
use super::in_flight::{ActionRoom, AttemptRoom, Room};
use super::journal::{Journal, Line};
use super::outside::Outside;
use super::seen::left_out;

/// What is held of the end of an output that is over a limit, or that the log store is too slow for.
const END: Amount = Amount {
    lines: 1000,
    bytes: 256 * 1024,
};

/// What an action's steps have said until now, and the room for what of it is on its way to the log store.
#[derive(Default)]
pub(super) struct OutputSoFar {
    said: Mutex<(Amount, HashMap<TargetName, Amount>)>,
    room: ActionRoom,
}

impl OutputSoFar {
    /// After what a log has of them.
    pub(super) fn after(said: HashMap<TargetName, Amount>) -> Self {
        let all = said.values().fold(Amount::default(), |all, one| Amount {
            lines: all.lines + one.lines,
            bytes: all.bytes + one.bytes,
        });
        Self {
            said: Mutex::new((all, said)),
            room: ActionRoom::default(),
        }
    }

    /// The room of what is on its way of another attempt.
    pub(super) fn room_of_attempt(&self) -> AttemptRoom {
        self.room.of_attempt()
    }

    /// Counts a line, and says what the target and the action have said with it.
    fn count(&self, target: &TargetName, bytes: u64) -> (Amount, Amount) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.0 = said.0.with_line(bytes);
        let action = said.0;
        let of_target = match said.1.get_mut(target) {
            Some(amount) => amount,
            None => said.1.entry(target.clone()).or_default(),
        };
        *of_target = of_target.with_line(bytes);
        (*of_target, action)
    }
}

/// The pause before the log is asked again how far it has an attempt's output.
const PAUSE_MILLIS: u64 = 500;

/// How far the log has an attempt's output, asked so often; none where it does not say: read from its beginning, it would be
/// told twice.
pub(super) async fn read_so_far(
    outside: &Outside,
    action: ActionId,
    attempt: &Attempt,
    times: u32,
) -> Option<OutputRead> {
    let of = OutputOf {
        action,
        target: attempt.target.name.clone(),
        step: logged_name(&attempt.step.name, attempt.way),
        attempt: attempt.number,
    };
    for turn in 1..=times {
        match outside.log_search.output_read(&of).await {
            Ok(read) => return Some(read),
            Err(error) if turn == times => {
                tracing::warn!(%action, %error, "the log does not say how far it has the output of a step");
            }
            Err(_) => {
                let again = outside.clock.now().plus_millis(PAUSE_MILLIS);
                outside.clock.sleep_until(again).await;
            }
        }
    }
    None
}

/// Where a line stands in its stream.
#[derive(Clone, Copy)]
struct Place {
    stream: LogStream,
    offset: u64,
    number: u64,
}

/// The output of one attempt.
pub(super) struct OutputLog<'a> {
    journal: &'a Journal,
    attempt: &'a Attempt,
    limits: OutputLimits,
    said_before: &'a OutputSoFar,
    said: Amount,
    stdout: Stream,
    stderr: Stream,
    room: AttemptRoom,
    tail: Tail<(Place, Masked)>,
    is_over: bool,
}

struct Stream {
    lines: u64,
    /// The log has it up to this byte: what is read of it again only shows what to hide behind.
    logged_to: u64,
    masker: StreamMasker<Place>,
}

impl<'a> OutputLog<'a> {
    /// `read` is how much of it the log has already.
    pub(super) fn new(
        journal: &'a Journal,
        attempt: &'a Attempt,
        limits: OutputLimits,
        said: &'a OutputSoFar,
        read: OutputRead,
    ) -> Self {
        let stream = |lines, logged_to| Stream {
            lines,
            logged_to,
            masker: StreamMasker::new(journal.masker()),
        };
        Self {
            journal,
            attempt,
            limits,
            said_before: said,
            said: Amount {
                lines: read.stdout_lines + read.stderr_lines,
                bytes: read.bytes.stdout + read.bytes.stderr,
            },
            stdout: stream(read.stdout_lines, read.bytes.stdout),
            stderr: stream(read.stderr_lines, read.bytes.stderr),
            room: said.room_of_attempt(),
            tail: Tail::new(END),
            is_over: false,
        }
    }

    /// Takes a line as the host said it.
    pub(super) fn take(&mut self, mut line: OutputLine) {
        let stream = match line.stream {
            LogStream::Stderr => &mut self.stderr,
            _ => &mut self.stdout,
        };
        if line.offset > stream.logged_to {
            stream.lines += 1;
        }
        let place = Place {
            stream: line.stream,
            offset: line.offset,
            number: stream.lines,
        };
        if !line.is_cut {
            line.text.push('\n');
        }
        for (place, text) in stream.masker.push(place, &line.text) {
            self.log(place, text);
        }
    }

    /// Writes what is left at the end of the output.
    pub(super) fn finish(mut self) {
        for (place, text) in self.stdout.masker.finish() {
            self.log(place, text);
        }
        for (place, text) in self.stderr.masker.finish() {
            self.log(place, text);
        }
        // The end of a step does not wait for the log store either: it is little.
        while self.write_one_held(None) {}
    }

    fn log(&mut self, place: Place, text: Masked) {
        let stream = match place.stream {
            LogStream::Stderr => &self.stderr,
            _ => &self.stdout,
        };
        if place.offset <= stream.logged_to {
            return;
        }
        let bytes = text.as_str().len() as u64;
        if !self.is_over {
            self.said = self.said.with_line(bytes);
            let (target, action) = self.said_before.count(&self.attempt.target.name, bytes);
            if let Some(limit) = self.limits.passed(self.said, target, action) {
                self.is_over = true;
                let text = format!("more output than is kept of {limit}: from here on only the end of it is");
                self.journal.detail(
                    LogEvent::Dropped,
                    LogStream::Story,
                    self.attempt.about(),
                    &text,
                    None,
                );
            }
        }
        while !self.is_over && !self.tail.is_empty() {
            let Some(room) = self.room.take(self.tail.first_bytes()) else {
                break;
            };
            self.write_one_held(Some(room));
        }
        let room = if !self.is_over && self.tail.is_empty() {
            self.room.take(bytes)
        } else {
            None
        };
        match room {
            Some(room) => self.write(place, text, None, Some(room)),
            None => self.tail.push((place, text), bytes),
        }
    }

    /// Writes the first of what is held; whether there was any.
    fn write_one_held(&mut self, room: Option<Room>) -> bool {
        if let Some((dropped, (place, _))) = self.tail.take_dropped() {
            let text = self.journal.masked(&left_out(dropped));
            self.write(place, text, Some(dropped), room);
        } else if let Some((place, text)) = self.tail.pop() {
            self.write(place, text, None, room);
        } else {
            return false;
        }
        true
    }

    fn write(&self, place: Place, text: Masked, dropped: Option<Dropped>, room: Option<Room>) {
        let line = Line {
            stream: place.stream,
            probe: self.probe(place.stream, &text).filter(|_| dropped.is_none()),
            text,
            offset: place.offset,
            number: place.number,
            dropped,
        };
        self.journal.output(self.attempt.about(), line, room);
    }

    /// How the probe went that a line tells of; none where it tells of none.
    fn probe(&self, stream: LogStream, text: &Masked) -> Option<Outcome> {
        let Work::HttpCheck {
            from_host: true,
            url,
            method,
            status,
            ..
        } = &self.attempt.step.work
        else {
            return None;
        };
        let good = self
            .journal
            .masked(&seen_well(&format!("{method} {url}"), *status));
        (stream == LogStream::Stdout).then_some(if *text == good {
            Outcome::Ok
        } else {
            Outcome::Failed
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::OutputSoFar;
    use crate::domain::name::TargetName;
    use crate::domain::output_limit::Amount;

    #[test]
    fn what_was_said_before_a_restart_counts() {
        let amount = |lines, bytes| Amount { lines, bytes };
        let name = |name: &str| TargetName::parse(name).unwrap();
        let before = [(name("web-1"), amount(10, 100)), (name("web-2"), amount(5, 70))];
        let said = OutputSoFar::after(HashMap::from(before));
        assert_eq!(said.count(&name("web-1"), 8), (amount(11, 108), amount(16, 178)));
        assert_eq!(said.count(&name("web-3"), 2), (amount(1, 2), amount(17, 180)));
    }
}
