//! In and out of service, and the wait for sessions to end.

use crate::app::ports::BalancerError;
use crate::domain::log_entry::LogStream;
use crate::domain::log_event::LogEvent;
use crate::domain::outcome::Outcome;
use crate::domain::rollout::StepResult;

use super::executor::{Attempt, Executor, failed, ok};
use super::journal::About;

/// From one count of sessions to the next.
const DRAIN_POLL_MILLIS: u64 = 250;

/// Takes the target out of service in all its pools. A refusal fails the step: nothing more is done to a
/// target that still gets traffic.
pub(super) async fn take_out(executor: &Executor, attempt: &Attempt) -> StepResult {
    let target = &attempt.target;
    for pool in &target.pools {
        if let Err(error) = executor
            .outside
            .balancer
            .take_out(&target.zone, pool, target)
            .await
        {
            return refused(pool, &error);
        }
    }
    ok()
}

/// Puts the target back in all its pools; every pool is tried before a refusal is told.
pub(super) async fn put_back(executor: &Executor, attempt: &Attempt) -> StepResult {
    let target = &attempt.target;
    let mut refusal = None;
    for pool in &target.pools {
        if let Err(error) = executor
            .outside
            .balancer
            .put_back(&target.zone, pool, target)
            .await
        {
            refusal.get_or_insert_with(|| refused(pool, &error));
        }
    }
    refusal.unwrap_or_else(ok)
}

/// Waits until the target has no session left in any pool, or `seconds` are over. The end of the time is
/// no failure: the log tells how many were left.
pub(super) async fn drain(executor: &Executor, attempt: &Attempt, seconds: u64) -> StepResult {
    let clock = &executor.outside.clock;
    let target = &attempt.target;
    let deadline = clock.now().plus_seconds(seconds);
    let mut before = None;
    loop {
        let mut left = None;
        for pool in &target.pools {
            match executor
                .outside
                .balancer
                .sessions(&target.zone, pool, target)
                .await
            {
                Ok(count) => left = count.map_or(left, |count| Some(left.unwrap_or(0) + count)),
                Err(error) => return refused(pool, &error),
            }
        }
        let Some(left) = left else {
            // No balancer that could have turned sessions away: there is nothing to wait for.
            let text = "nobody to ask for sessions";
            executor
                .journal
                .detail(LogEvent::Sessions, LogStream::Probe, attempt.about(), text);
            return ok();
        };
        if before != Some(left) {
            let text = format!("{left} sessions left");
            let about = About {
                sessions: Some(left),
                ..attempt.about()
            };
            executor
                .journal
                .detail(LogEvent::Sessions, LogStream::Probe, about, &text);
            before = Some(left);
        }
        if left == 0 {
            return ok();
        }
        if clock.now() >= deadline {
            let text = format!("going on with {left} sessions left after {seconds} s");
            let about = About {
                sessions: Some(left),
                ..attempt.about()
            };
            executor.journal.story(LogEvent::Sessions, about, &text);
            return ok();
        }
        clock
            .sleep_until(clock.now().plus_millis(DRAIN_POLL_MILLIS).min(deadline))
            .await;
    }
}

fn refused(pool: &str, error: &BalancerError) -> StepResult {
    failed(Outcome::Failed, format!("pool {pool}: {error}"))
}
