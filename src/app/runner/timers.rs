//! The moments one action waits for.

use std::collections::HashMap;

use crate::domain::rollout::Timer;
use crate::domain::timestamp::Timestamp;

/// The armed timers of one action.
#[derive(Debug, Default)]
pub(super) struct Timers {
    armed: HashMap<Timer, Timestamp>,
}

impl Timers {
    /// Arms a timer; the same timer armed before gets the new moment.
    pub(super) fn arm(&mut self, timer: Timer, at: Timestamp) {
        self.armed.insert(timer, at);
    }

    /// The earliest moment, and takes nothing.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.armed.values().min().copied()
    }

    /// Takes one timer whose moment has come, earliest first.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Timer> {
        let timer = self
            .armed
            .iter()
            .filter(|(_, at)| **at <= now)
            .min_by(|a, b| a.1.cmp(b.1).then_with(|| a.0.cmp(b.0)))
            .map(|(timer, _)| timer.clone())?;
        self.armed.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::{Timer, Timers, Timestamp};

    #[test]
    fn timers_fire_once_and_earliest_first() {
        let at = Timestamp::from_millis;
        let mut timers = Timers::default();
        timers.arm(Timer::Soak { stage: 1 }, at(20));
        timers.arm(Timer::Countdown, at(10));
        timers.arm(Timer::Countdown, at(15));
        assert_eq!(timers.next(), Some(at(15)));
        assert_eq!(timers.take_due(at(14)), None);
        assert_eq!(timers.take_due(at(30)), Some(Timer::Countdown));
        assert_eq!(timers.take_due(at(30)), Some(Timer::Soak { stage: 1 }));
        assert_eq!(timers.take_due(at(30)), None);
    }
}
