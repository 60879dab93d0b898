//! Gathering what hosts wrote, out of the log entries of a step.

use std::collections::BTreeMap;

use crate::domain::log_entry::{LogEntry, LogStream};
use crate::domain::log_event::LogEvent;

use super::FoldOptions;
use super::written::{Kept, Sameness, Written};

/// Bytes that are kept of all hosts together, at most.
const MOST_BYTES: usize = 64 << 20;

/// What hosts wrote in a step: of its last attempt, standard output first.
///
/// Every line goes into a hash of its host and stream; of the text only as much is kept as may be shown.
#[derive(Debug)]
pub struct Outputs {
    options: FoldOptions,
    by_target: BTreeMap<String, OfHost>,
    bytes: usize,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct OfHost {
    attempt: u32,
    stdout: Written,
    stderr: Written,
}

/// What one host wrote.
#[derive(Debug)]
pub(super) struct HostOutput {
    stdout: Kept,
    stderr: Kept,
}

impl Outputs {
    /// Nothing yet; it will be compared with these options.
    #[must_use]
    pub fn new(options: FoldOptions) -> Self {
        Self {
            options,
            by_target: BTreeMap::new(),
            bytes: 0,
            most_bytes: MOST_BYTES,
        }
    }

    /// Takes an entry of the step. One that is no output still says that the step ran there.
    pub fn take(&mut self, entry: &LogEntry, stream: Option<LogStream>) {
        let Some(target) = &entry.target else { return };
        let host = self.by_target.entry(target.to_string()).or_default();
        let attempt = entry.attempt.unwrap_or(1);
        if attempt > host.attempt {
            self.bytes -= host.stdout.bytes() + host.stderr.bytes();
            *host = OfHost {
                attempt,
                ..OfHost::default()
            };
        }
        let is_wanted = entry.stream.is_output() && stream.is_none_or(|stream| stream == entry.stream);
        if attempt < host.attempt || !is_wanted {
            return;
        }
        let written = match entry.stream {
            LogStream::Stderr => &mut host.stderr,
            _ => &mut host.stdout,
        };
        if let Some(dropped) = entry.dropped.filter(|_| entry.event == LogEvent::Dropped) {
            written.drop(dropped);
            return;
        }
        let room = self.most_bytes - self.bytes;
        self.bytes += written.take(entry.text.as_str(), room, self.options);
    }

    /// Puts what a host wrote to its standard output.
    #[cfg(test)]
    pub(super) fn put(&mut self, target: &str, stdout: Written) {
        self.by_target.entry(target.to_owned()).or_default().stdout = stdout;
    }

    pub(super) fn options(&self) -> FoldOptions {
        self.options
    }

    /// What each host wrote, by its name.
    pub(super) fn into_hosts(self) -> impl Iterator<Item = (String, HostOutput)> {
        let options = self.options;
        self.by_target.into_iter().map(move |(target, host)| {
            let output = HostOutput {
                stdout: host.stdout.finish(options),
                stderr: host.stderr.finish(options),
            };
            (target, output)
        })
    }
}

impl HostOutput {
    /// What is the same for hosts that wrote the same.
    pub(super) fn sameness(&self) -> [Sameness; 2] {
        self.streams().map(|stream| stream.sameness().clone())
    }

    /// Standard output, then standard error.
    pub(super) fn streams(&self) -> [&Kept; 2] {
        [&self.stdout, &self.stderr]
    }

    /// How many more lines it wrote than are kept.
    pub(super) fn left_out(&self) -> u64 {
        self.stdout.left_out() + self.stderr.left_out()
    }

    /// The lines that are kept, standard output first.
    pub(super) fn into_lines(self) -> Vec<String> {
        let mut lines = self.stdout.into_lines();
        lines.extend(self.stderr.into_lines());
        lines
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{FoldOptions, FoldedGroup, fold};
    use super::Outputs;
    use crate::domain::action::ActionId;
    use crate::domain::log_context::LogContext;
    use crate::domain::log_entry::{Dropped, LogEntry, LogLevel, LogStream};
    use crate::domain::log_event::LogEvent;
    use crate::domain::mask::Masker;
    use crate::domain::name::TargetName;
    use crate::domain::timestamp::Timestamp;

    fn entry(target: &str, attempt: u32, stream: LogStream, text: &str) -> LogEntry {
        let at = Timestamp::from_millis(0);
        LogEntry {
            target: Some(TargetName::parse(target).unwrap()),
            attempt: Some(attempt),
            stream,
            ..LogEntry::new(
                Arc::new(LogContext::default()),
                (ActionId::from_parts(at, [0; 10]), 1),
                at,
                LogLevel::Detail,
                LogEvent::Output,
                Masker::default().mask(text),
            )
        }
    }

    const BOTH: [LogStream; 2] = [LogStream::Stdout, LogStream::Stderr];

    fn outputs() -> Outputs {
        Outputs::new(FoldOptions::default())
    }

    fn names(groups: &[FoldedGroup]) -> Vec<String> {
        groups.iter().map(|group| group.targets.join(" ")).collect()
    }

    #[test]
    fn the_last_attempt_counts_and_silence_is_an_output_too() {
        let mut outputs = outputs();
        for (target, attempt, stream, text) in [
            ("a", 1, LogStream::Stdout, "before"),
            ("a", 2, LogStream::Stderr, "to err"),
            ("a", 2, LogStream::Stdout, "to out"),
            ("b", 1, LogStream::Command, "true"),
        ] {
            outputs.take(&entry(target, attempt, stream, text), None);
        }
        let mut left_out = entry("b", 1, LogStream::Stdout, "7 lines are left out");
        left_out.event = LogEvent::Dropped;
        left_out.dropped = Some(Dropped { lines: 7, bytes: 70 });
        outputs.take(&left_out, None);
        let groups = fold(outputs);
        assert_eq!(groups[0].lines, ["to out", "to err"]);
        assert_eq!((groups[1].lines.len(), groups[1].left_out), (0, 7));
    }

    #[test]
    fn of_a_host_that_wrote_much_the_beginning_is_kept() {
        let mut outputs = outputs();
        for _ in 0..2_005 {
            outputs.take(&entry("a", 1, LogStream::Stdout, "x"), Some(LogStream::Stdout));
            outputs.take(&entry("a", 1, LogStream::Stderr, "x"), Some(LogStream::Stdout));
        }
        let groups = fold(outputs);
        assert_eq!((groups[0].lines.len(), groups[0].left_out), (2_000, 5));
    }

    #[test]
    fn lines_that_are_not_kept_are_compared_too() {
        let mut outputs = outputs();
        for (target, odd) in [("a", 0), ("b", 0), ("c", 2_001), ("d", 2_500)] {
            for number in 1..=2_600 {
                let text = if number == odd { "odd" } else { "even" };
                outputs.take(&entry(target, 1, LogStream::Stdout, text), None);
            }
        }
        let groups = fold(outputs);
        assert_eq!(names(&groups), ["a b", "c", "d"]);
        let unseen: Vec<bool> = groups.iter().map(|group| group.difference_unseen).collect();
        assert_eq!(unseen, [false, true, true]);
        assert!(groups.iter().all(|group| group.difference.is_empty()));
    }

    #[test]
    fn the_order_in_which_streams_arrive_does_not_count() {
        let mut outputs = outputs();
        for number in 0..3_000 {
            for stream in BOTH {
                outputs.take(&entry("a", 1, stream, &format!("{stream:?} {number}")), None);
            }
        }
        for stream in BOTH.into_iter().rev() {
            for number in 0..3_000 {
                outputs.take(&entry("b", 1, stream, &format!("{stream:?} {number}")), None);
            }
        }
        let groups = fold(outputs);
        assert_eq!(names(&groups), ["a b"]);
        assert_eq!((groups[0].lines.len(), groups[0].left_out), (4_000, 2_000));
        // What is written to the other stream is another output.
        let mut outputs = self::outputs();
        for (target, stream) in ["a", "b"].into_iter().zip(BOTH) {
            outputs.take(&entry(target, 1, stream, "x"), None);
        }
        assert_eq!(fold(outputs).len(), 2);
    }

    #[test]
    fn hosts_are_the_same_where_there_was_no_room_to_keep_what_they_wrote() {
        let mut outputs = Outputs {
            most_bytes: 25,
            ..outputs()
        };
        // `a` is kept, of `b` the first line, of the others nothing.
        for (target, last) in [("a", "same"), ("b", "same"), ("c", "same"), ("d", "else")] {
            for text in ["0123456789", last, "x"] {
                outputs.take(&entry(target, 1, LogStream::Stdout, text), None);
            }
        }
        assert!(outputs.bytes <= 25);
        let groups = fold(outputs);
        assert_eq!(names(&groups), ["a b c", "d"]);
        assert_eq!((groups[0].left_out, groups[1].left_out), (0, 3));
        assert!(groups[1].difference_unseen, "no line of it is known to differ");
        assert!(!groups[1].difference_cut);
    }

    #[test]
    fn empty_lines_count_where_something_follows_them() {
        let fold_of = |written: [&[&str]; 2], ignore_space| {
            let mut outputs = Outputs::new(FoldOptions {
                ignore_space,
                ..FoldOptions::default()
            });
            for (target, lines) in ["a", "b"].into_iter().zip(written) {
                for line in lines {
                    outputs.take(&entry(target, 1, LogStream::Stdout, line), None);
                }
            }
            fold(outputs).len()
        };
        assert_eq!(fold_of([&["x", "", " "], &["x"]], true), 1);
        assert_eq!(fold_of([&["x", "", "y"], &["x", "y"]], true), 2);
        assert_eq!(fold_of([&["x", "", " "], &["x"]], false), 2);
        assert_eq!(fold_of([&["xy"], &["x", "y"]], false), 2);
    }
}
