//! What the end of a step or a command means: the one place that turns what was seen of it into its result, in words.

use crate::app::ports::{HostFailure, StepRun};
use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;

use super::error::SshError;
use super::exec::ExecEnd;
use super::wrapper::{Ended, Follow, Heed, Stopped};

/// It exited.
pub(super) fn exited(follow: &Follow<'_>, run: &StepRun, code: i32) -> StepResult {
    if let Some(result) = stopped(follow, run, Some(code)) {
        return result;
    }
    if run.ok_codes.contains(&code) {
        return StepResult {
            outcome: Outcome::Ok,
            exit_code: Some(code),
            error: None,
        };
    }
    let error = match code {
        126 => "exit code 126: it was found and could not be run".to_owned(),
        127 => "exit code 127: the command was not found".to_owned(),
        129.. => format!("exit code {code} (as after signal {})", code - 128),
        _ => format!("exit code {code}"),
    };
    result(Outcome::Failed, Some(code), error)
}

/// The host said how it ended, and it was no exit code.
pub(super) fn ended(follow: &Follow<'_>, run: &StepRun, ended: Ended) -> StepResult {
    if let Some(result) = stopped(follow, run, None) {
        return result;
    }
    match ended {
        Ended::Refused(reason) => result(Outcome::Failed, None, format!("it was not started: {reason}")),
        Ended::Absent => result(Outcome::Unknown, None, left(Stopped::Absent)),
        Ended::Lost(reason) => result(
            Outcome::Unknown,
            None,
            format!("it was started, and how it ended is not known: {reason}"),
        ),
        Ended::NoCommands => result(
            Outcome::Failed,
            None,
            "it was not started: the host runs no commands for us".to_owned(),
        ),
        Ended::Exit(code) => exited(follow, run, code),
        Ended::Stopped | Ended::Later | Ended::Cut(_) => unreadable(follow, "nothing"),
    }
}

/// It was stopped, for the reason that stands in `follow`. None where it was not, or ended by itself first.
fn stopped(follow: &Follow<'_>, run: &StepRun, code: Option<i32>) -> Option<StepResult> {
    let heed = follow.heed?;
    if follow.stopped == Some(Stopped::Over) && code.is_some() {
        return None;
    }
    let (outcome, why) = match heed {
        Heed::Cancelled => (Outcome::Failed, "stopped on request".to_owned()),
        Heed::TimedOut => (
            Outcome::Timeout,
            format!("stopped after {} s", run.timeout_seconds),
        ),
        Heed::TooMuch => (
            Outcome::Failed,
            "stopped because it wrote more than ssh.max_output_mib allows; what it wrote after that is not logged"
                .to_owned(),
        ),
    };
    let left = match follow.stopped {
        Some(Stopped::Unclear | Stopped::Absent) | None if code.is_some() => "it has ended".to_owned(),
        stopped => left(stopped.unwrap_or(Stopped::Unclear)),
    };
    Some(result(outcome, code, format!("{why}; {left}")))
}

/// What is left of something that was stopped.
fn left(stopped: Stopped) -> String {
    match stopped {
        Stopped::Gone { away: 0 } | Stopped::Over => "nothing of it is left on the host".to_owned(),
        Stopped::Gone { away: 1 } => {
            "its session is gone, and one process that left it (setsid) still runs".to_owned()
        }
        Stopped::Gone { away } => {
            format!("its session is gone, and {away} processes that left it (setsid) still run")
        }
        Stopped::Blind => {
            "its process group is gone, and the host has no /proc to look for anything else of it".to_owned()
        }
        Stopped::Left(1) => "one of its processes could not be killed".to_owned(),
        Stopped::Left(left) => format!("{left} of its processes could not be killed"),
        Stopped::Absent => "it was never started on the host".to_owned(),
        Stopped::Unclear => "whether it still runs is not known".to_owned(),
    }
}

/// Somebody wanted it to end, and that was all that was wanted.
pub(super) fn put_to_an_end(stopped: Stopped) -> StepResult {
    match stopped {
        Stopped::Over | Stopped::Gone { away: 0 } => StepResult {
            outcome: Outcome::Ok,
            exit_code: None,
            error: None,
        },
        Stopped::Gone { .. } | Stopped::Left(_) => result(Outcome::Failed, None, left(stopped)),
        Stopped::Blind | Stopped::Absent | Stopped::Unclear => result(Outcome::Unknown, None, left(stopped)),
    }
}

/// A command without the wrapper ended.
pub(super) fn ad_hoc(end: &ExecEnd) -> StepResult {
    match end {
        ExecEnd::Exit(0) => StepResult {
            outcome: Outcome::Ok,
            exit_code: Some(0),
            error: None,
        },
        ExecEnd::Exit(code) => StepResult {
            outcome: Outcome::Failed,
            exit_code: Some(*code),
            error: None,
        },
        ExecEnd::Signal(name) => result(Outcome::Failed, None, format!("ended by the signal {name}")),
        ExecEnd::TimedOut { gone: true } => {
            result(Outcome::Timeout, None, "not done in time, and ended".to_owned())
        }
        ExecEnd::TimedOut { gone: false } => result(
            Outcome::Timeout,
            None,
            "not done in time; it may still run".to_owned(),
        ),
        ExecEnd::Cancelled { gone: true } => {
            result(Outcome::Failed, None, "interrupted, and ended".to_owned())
        }
        ExecEnd::Cancelled { gone: false } => {
            result(Outcome::Unknown, None, "interrupted; it may still run".to_owned())
        }
        ExecEnd::Refused(reason) => result(Outcome::Failed, None, format!("it was not started: {reason}")),
        ExecEnd::Lost(reason) => result(
            Outcome::Unknown,
            None,
            format!("{reason}; whether it still runs is not known"),
        ),
    }
}

impl ExecEnd {
    /// What it means, in the words of the contract. An exit code other than 0 speaks for itself.
    #[must_use]
    pub fn result(&self) -> StepResult {
        ad_hoc(self)
    }
}

/// Old folders could not be removed.
pub(super) fn unswept(end: &ExecEnd) -> HostFailure {
    let StepResult {
        outcome,
        exit_code,
        error,
    } = ad_hoc(end);
    HostFailure {
        outcome,
        message: error.unwrap_or_else(|| {
            format!(
                "the folders of old actions could not be removed (exit code {})",
                exit_code.unwrap_or_default()
            )
        }),
    }
}

/// Somebody asked for its end before its turn came.
pub(super) fn never_begun() -> StepResult {
    result(
        Outcome::Failed,
        None,
        "stopped on request before it was started".to_owned(),
    )
}

/// The host was never reached for it.
pub(super) fn not_started(follow: &Follow<'_>, run: &StepRun, error: &SshError) -> StepResult {
    match follow.heed {
        Some(Heed::Cancelled) => never_begun(),
        Some(Heed::TimedOut) => result(
            Outcome::Timeout,
            None,
            format!(
                "it could not be started within {} s: {error}",
                run.timeout_seconds
            ),
        ),
        Some(Heed::TooMuch) | None => out_of_reach(error),
    }
}

/// The host went away and did not come back.
pub(super) fn away(follow: &Follow<'_>, run: &StepRun, reached: bool, error: &SshError) -> StepResult {
    if !reached {
        return not_started(follow, run, error);
    }
    result(
        Outcome::Unknown,
        None,
        format!("the host went away while it ran, and how it ended is not known: {error}"),
    )
}

/// The host answers, and does not say what became of it.
pub(super) fn unreadable(follow: &Follow<'_>, said: &str) -> StepResult {
    let what = if follow.began {
        "how it ended is not known"
    } else {
        "whether it was started is not known"
    };
    let said = if said.is_empty() { "nothing" } else { said };
    let hint = if follow.began {
        ""
    } else {
        " (does it force another command on this login: ForceCommand, or command= of the key?)"
    };
    result(
        Outcome::Unknown,
        None,
        format!("{what}; the host said: {said}{hint}"),
    )
}

/// The host cannot be worked with.
pub(super) fn out_of_reach(error: &SshError) -> StepResult {
    result(error.outcome(), None, error.to_string())
}

fn result(outcome: Outcome, exit_code: Option<i32>, error: String) -> StepResult {
    StepResult {
        outcome,
        exit_code,
        error: Some(error),
    }
}

#[cfg(test)]
#[path = "verdict_test.rs"]
mod tests;
