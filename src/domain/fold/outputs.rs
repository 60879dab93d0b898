//! Gathering what hosts wrote, out of the log entries of a step.

use std::collections::BTreeMap;

use crate::domain::log_entry::{LogEntry, LogStream};
use crate::domain::log_event::LogEvent;

use super::HostOutput;

/// Lines of one host at most; of more the first ones are taken.
const MOST_LINES: usize = 2_000;
/// Bytes of all hosts together, at most.
const MOST_BYTES: usize = 64 << 20;

/// What hosts wrote in a step: of its last attempt, standard output first.
#[derive(Debug, Default)]
pub struct Outputs {
    by_target: BTreeMap<String, OfHost>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct OfHost {
    attempt: u32,
    stdout: Vec<String>,
    stderr: Vec<String>,
    left_out: u64,
}

impl Outputs {
    /// Takes an entry of the step. One that is no output still says that the step ran there.
    pub fn take(&mut self, entry: &LogEntry, stream: Option<LogStream>) {
        let Some(target) = &entry.target else { return };
        let host = self.by_target.entry(target.to_string()).or_default();
        let attempt = entry.attempt.unwrap_or(1);
        if attempt > host.attempt {
            let of_before = host.stdout.iter().chain(&host.stderr).map(String::len);
            self.bytes -= of_before.sum::<usize>();
            *host = OfHost {
                attempt,
                ..OfHost::default()
            };
        }
        let is_wanted = entry.stream.is_output() && stream.is_none_or(|stream| stream == entry.stream);
        if attempt < host.attempt || !is_wanted {
            return;
        }
        if let Some(dropped) = entry.dropped.filter(|_| entry.event == LogEvent::Dropped) {
            host.left_out += dropped.lines;
            return;
        }
        let text = entry.text.as_str();
        let is_full = host.stdout.len() + host.stderr.len() >= MOST_LINES;
        if is_full || self.bytes + text.len() > MOST_BYTES {
            host.left_out += 1;
            return;
        }
        self.bytes += text.len();
        match entry.stream {
            LogStream::Stderr => host.stderr.push(text.to_owned()),
            _ => host.stdout.push(text.to_owned()),
        }
    }

    /// What each host wrote.
    #[must_use]
    pub fn into_hosts(self) -> Vec<HostOutput> {
        self.by_target
            .into_iter()
            .map(|(target, host)| HostOutput {
                target,
                lines: host.stdout.into_iter().chain(host.stderr).collect(),
                left_out: host.left_out,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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

    #[test]
    fn the_last_attempt_counts_and_silence_is_an_output_too() {
        let mut outputs = Outputs::default();
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
        let hosts = outputs.into_hosts();
        assert_eq!(hosts[0].lines, ["to out", "to err"]);
        assert_eq!((hosts[1].lines.len(), hosts[1].left_out), (0, 7));
    }

    #[test]
    fn a_host_that_wrote_much_is_cut() {
        let mut outputs = Outputs::default();
        for _ in 0..2_005 {
            outputs.take(&entry("a", 1, LogStream::Stdout, "x"), Some(LogStream::Stdout));
            outputs.take(&entry("a", 1, LogStream::Stderr, "x"), Some(LogStream::Stdout));
        }
        let hosts = outputs.into_hosts();
        assert_eq!((hosts[0].lines.len(), hosts[0].left_out), (2_000, 5));
    }
}
