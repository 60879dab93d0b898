//! How much of what programs write goes into the log: the beginning and the end of it, and a word on what is between.

use std::collections::VecDeque;

use super::log_entry::Dropped;

/// So many lines, of so many bytes together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Lines.
    pub lines: u64,
    /// Bytes, without line ends.
    pub bytes: u64,
}

impl Amount {
    /// With one line more.
    #[must_use]
    pub fn with_line(self, bytes: u64) -> Self {
        Self {
            lines: self.lines.saturating_add(1),
            bytes: self.bytes.saturating_add(bytes),
        }
    }

    /// Whether it is more than `limit`, in lines or in bytes.
    #[must_use]
    pub fn is_over(self, limit: Self) -> bool {
        self.lines > limit.lines || self.bytes > limit.bytes
    }
}

/// What an operator allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputLimits {
    /// Of one attempt of one step.
    pub command: Amount,
    /// Of all steps on one target, in one action.
    pub target: Amount,
    /// Of one action.
    pub action: Amount,
}

impl Default for OutputLimits {
    /// As `config/default.toml` has them.
    fn default() -> Self {
        let amount = |lines, mib: u64| Amount {
            lines,
            bytes: mib << 20,
        };
        Self {
            command: amount(200_000, 32),
            target: amount(1_000_000, 128),
            action: amount(5_000_000, 1024),
        }
    }
}

impl OutputLimits {
    /// The limit that is passed, in words; none where there is room.
    #[must_use]
    pub fn passed(&self, command: Amount, target: Amount, action: Amount) -> Option<&'static str> {
        [
            (
                command,
                self.command,
                "one command (log.command_lines, log.command_mib)",
            ),
            (
                target,
                self.target,
                "one target (log.target_lines, log.target_mib)",
            ),
            (
                action,
                self.action,
                "one action (log.action_lines, log.action_mib)",
            ),
        ]
        .into_iter()
        .find(|(said, limit, _)| said.is_over(*limit))
        .map(|(_, _, name)| name)
    }
}

/// The last lines of a stream of which more is not kept: what is pushed out at its beginning is counted.
#[derive(Debug)]
pub struct Tail<T> {
    most: Amount,
    held: VecDeque<(T, u64)>,
    bytes: u64,
    dropped: Dropped,
    last_dropped: Option<T>,
}

impl<T> Tail<T> {
    /// Keeps at most so much.
    #[must_use]
    pub fn new(most: Amount) -> Self {
        Self {
            most,
            held: VecDeque::new(),
            bytes: 0,
            dropped: Dropped::default(),
            last_dropped: None,
        }
    }

    /// Whether it holds nothing and dropped nothing since the last [`Tail::take_dropped`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.last_dropped.is_none()
    }

    /// Takes a line of so many bytes.
    pub fn push(&mut self, line: T, bytes: u64) {
        self.held.push_back((line, bytes));
        self.bytes += bytes;
        while self.held.len() as u64 > self.most.lines || self.bytes > self.most.bytes {
            let Some((line, bytes)) = self.held.pop_front() else {
                return;
            };
            self.bytes -= bytes;
            self.dropped.lines += 1;
            self.dropped.bytes += bytes;
            self.last_dropped = Some(line);
        }
    }

    /// What was dropped, and the last line of it; none where nothing was. It stands before the lines that are held.
    pub fn take_dropped(&mut self) -> Option<(Dropped, T)> {
        let last = self.last_dropped.take()?;
        Some((std::mem::take(&mut self.dropped), last))
    }

    /// The bytes of the first line that is held; 0 where none is.
    #[must_use]
    pub fn first_bytes(&self) -> u64 {
        self.held.front().map_or(0, |(_, bytes)| *bytes)
    }

    /// The first line that is held.
    pub fn pop(&mut self) -> Option<T> {
        let (line, bytes) = self.held.pop_front()?;
        self.bytes -= bytes;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Amount, OutputLimits, Tail};

    #[test]
    fn the_limit_that_is_passed_is_named() {
        let amount = |lines, bytes| Amount { lines, bytes };
        let limits = OutputLimits {
            command: amount(10, 100),
            target: amount(20, 200),
            action: amount(30, 300),
        };
        let passed = |command, target, action| limits.passed(command, target, action);
        assert_eq!(passed(amount(10, 100), amount(20, 200), amount(30, 300)), None);
        assert!(
            passed(amount(11, 1), amount(11, 1), amount(11, 1))
                .unwrap()
                .contains("command")
        );
        assert!(
            passed(amount(1, 101), amount(11, 1), amount(11, 1))
                .unwrap()
                .contains("command")
        );
        assert!(
            passed(amount(1, 1), amount(21, 1), amount(21, 1))
                .unwrap()
                .contains("target")
        );
        assert!(
            passed(amount(1, 1), amount(1, 1), amount(1, 301))
                .unwrap()
                .contains("action")
        );
    }

    proptest! {
        #[test]
        fn a_tail_holds_the_last_lines_and_counts_the_others(
            sizes in prop::collection::vec(0_u64..50, 0..80),
            lines in 0_u64..9,
            bytes in 0_u64..99,
        ) {
            let mut tail = Tail::new(Amount { lines, bytes });
            for (number, size) in sizes.iter().enumerate() {
                tail.push(number, *size);
            }
            let dropped = tail.take_dropped();
            let held: Vec<usize> = std::iter::from_fn(|| tail.pop()).collect();
            let first_held = sizes.len() - held.len();
            prop_assert_eq!(&held, &(first_held..sizes.len()).collect::<Vec<_>>());
            prop_assert!(held.len() as u64 <= lines);
            prop_assert!(sizes[first_held..].iter().sum::<u64>() <= bytes);
            match dropped {
                None => prop_assert_eq!(first_held, 0),
                Some((dropped, last)) => {
                    prop_assert_eq!(last + 1, first_held);
                    prop_assert_eq!(dropped.lines, first_held as u64);
                    prop_assert_eq!(dropped.bytes, sizes[..first_held].iter().sum::<u64>());
                }
            }
            prop_assert!(tail.is_empty());
        }
    }
}
