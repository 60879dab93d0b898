//! How times, spans and states are written on pages. Every state has a sign and a tone, so that nothing
//! is told by colour alone.

use std::borrow::Borrow;
use std::fmt::Display;

use crate::app::view::NoticeState;
use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::outcome::Outcome;
use crate::domain::timestamp::Timestamp;

/// `2026-11-21 02:36:50 UTC`; scripts turn it into the reader's own time.
pub fn moment(at: impl Borrow<Timestamp>) -> String {
    let text = at.borrow().to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

/// `02:36:50`
pub fn clock(at: impl Borrow<Timestamp>) -> String {
    at.borrow().to_string().get(11..19).unwrap_or_default().to_owned()
}

/// `0.4 s`, `12 s`, `3 m 05 s`, `2 h 10 m`, as short as it can be said.
pub fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, millis % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// From one moment to another; nothing while either is missing.
pub fn between(from: impl Borrow<Option<Timestamp>>, to: impl Borrow<Option<Timestamp>>) -> String {
    match (*from.borrow(), *to.borrow()) {
        (Some(from), Some(to)) => span(to.millis_since(from)),
        _ => String::new(),
    }
}

/// The tone and the sign of a notice.
pub fn notice(state: impl Borrow<NoticeState>) -> (&'static str, &'static str) {
    match state.borrow() {
        NoticeState::Delivered => ("good", "✓"),
        NoticeState::Waiting => ("idle", "○"),
        NoticeState::Retrying => ("warn", "‖"),
        NoticeState::Failed => ("bad", "✕"),
    }
}

/// `1 server`, `2 servers`.
pub fn count(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    if number == "1" {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// The tone and the sign of a status.
pub fn status(status: impl Borrow<ActionStatus>) -> (&'static str, &'static str) {
    match status.borrow() {
        ActionStatus::Building | ActionStatus::Queued | ActionStatus::Scheduled => ("idle", "○"),
        ActionStatus::InProgress => ("run", "●"),
        ActionStatus::Waiting => ("warn", "‖"),
        ActionStatus::Completed => ("good", "✓"),
        ActionStatus::Failed | ActionStatus::ManualFailed => ("bad", "✕"),
        ActionStatus::RolledBack => ("back", "↩"),
        ActionStatus::Revoked => ("skip", "–"),
    }
}

/// The tone and the sign of a target's state.
pub fn target(state: impl Borrow<TargetState>) -> (&'static str, &'static str) {
    match state.borrow() {
        TargetState::Pending => ("idle", "·"),
        TargetState::Running => ("run", "●"),
        TargetState::Succeeded => ("good", "✓"),
        TargetState::Failed | TargetState::Unreachable => ("bad", "✕"),
        TargetState::Unknown => ("warn", "?"),
        TargetState::Skipped => ("skip", "–"),
        TargetState::RolledBack => ("back", "↩"),
    }
}

/// The tone and the sign of a step's state, a word as of a target's.
pub fn step(state: &str) -> (&'static str, &'static str) {
    match state {
        "pending" => ("idle", "·"),
        "running" => ("run", "●"),
        "succeeded" => ("good", "✓"),
        "skipped" => ("skip", "–"),
        "unknown" => ("warn", "?"),
        _ => ("bad", "✕"),
    }
}

/// The tone of what a log entry tells of, as the page's scripts have it.
pub fn outcome(outcome: impl Borrow<Outcome>) -> &'static str {
    match outcome.borrow() {
        Outcome::Ok => "good",
        Outcome::Unknown => "warn",
        _ => "bad",
    }
}

/// The tone and the sign of a stage's status.
pub fn stage(status: &str) -> (&'static str, &'static str) {
    match status {
        "running" => ("run", "●"),
        "soaking" | "waiting" => ("warn", "‖"),
        "done" => ("good", "✓"),
        "failed" => ("bad", "✕"),
        "skipped" => ("skip", "–"),
        "rolled_back" => ("back", "↩"),
        _ => ("idle", "·"),
    }
}

/// The word for what an action waits for, as in JSON.
pub fn wait(kind: impl Borrow<WaitKind>) -> &'static str {
    match kind.borrow() {
        WaitKind::Countdown => "countdown",
        WaitKind::Approval => "approval",
        WaitKind::Queue => "queue",
        WaitKind::Lease => "lease",
        WaitKind::Capacity => "capacity",
        WaitKind::Balancer => "balancer",
        WaitKind::Soak => "soak",
        WaitKind::Gate => "gate",
        WaitKind::Analysis => "analysis",
        WaitKind::Paused => "paused",
    }
}

#[cfg(test)]
mod tests {
    use super::{moment, span, stage, status, step, target, wait};
    use crate::domain::action::{ActionStatus, TargetState, WaitKind};
    use crate::domain::timestamp::Timestamp;

    #[test]
    fn the_scripts_of_the_page_have_the_same_tones_and_signs() {
        let action = include_str!("../../../static/action.js");
        let grid = include_str!("../../../static/grid.js");
        let says = |script: &str, word: &str, (tone, sign): (&str, &str)| {
            let entry = format!("{word}: [\"{tone}\", \"{sign}\"]");
            assert!(script.contains(&entry), "{entry}");
        };
        for each in ActionStatus::ALL {
            says(action, each.as_str(), status(each));
        }
        for each in TargetState::ALL {
            says(grid, each.as_str(), target(each));
        }
        for word in ["pending", "running", "succeeded", "skipped", "unknown"] {
            says(grid, word, step(word));
        }
        for word in [
            "running",
            "soaking",
            "waiting",
            "done",
            "failed",
            "skipped",
            "rolled_back",
        ] {
            says(action, word, stage(word));
        }
    }

    #[test]
    fn spans_are_as_short_as_they_can_be_said() {
        let table = [
            (0, "0.0 s"),
            (1_450, "1.4 s"),
            (59_999, "59 s"),
            (185_000, "3 m 05 s"),
            (7_800_000, "2 h 10 m"),
        ];
        for (millis, text) in table {
            assert_eq!(span(millis), text);
        }
    }

    #[test]
    fn moments_say_their_zone() {
        let at = Timestamp::from_millis(1_795_228_610_007);
        assert_eq!(moment(at), "2026-11-21 02:36:50 UTC");
    }

    #[test]
    fn waits_have_the_word_of_the_api() {
        for kind in [
            WaitKind::Countdown,
            WaitKind::Paused,
            WaitKind::Lease,
            WaitKind::Soak,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), wait(kind));
        }
    }
}
