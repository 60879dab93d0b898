//! What the end of a step means: the one place that turns what was seen of it into its result, in words.

use crate::app::ports::StepRun;
use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;

use super::error::SshError;
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
    let error = if code > 128 {
        format!("exit code {code} (as after signal {})", code - 128)
    } else {
        format!("exit code {code}")
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
        Ended::Absent => result(
            Outcome::Unknown,
            None,
            "it was never started on the host".to_owned(),
        ),
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
    };
    let left = match follow.stopped {
        Some(Stopped::Gone | Stopped::Over) => "nothing of it is left on the host".to_owned(),
        Some(Stopped::Left(1)) => "one of its processes could not be killed".to_owned(),
        Some(Stopped::Left(left)) => format!("{left} of its processes could not be killed"),
        Some(Stopped::Unclear) | None if code.is_some() => "it has ended".to_owned(),
        Some(Stopped::Unclear) | None => "whether it still runs is not known".to_owned(),
    };
    Some(result(outcome, code, format!("{why}; {left}")))
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
        None => out_of_reach(error),
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
