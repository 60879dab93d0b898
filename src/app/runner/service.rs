//! In and out of service, and the wait for sessions to end.
//!
//! A load balancer that cannot be reached is asked again for a while: its outage is not the host's failure. One that
//! refuses fails the step: nothing more is done to a target that still gets traffic.

use crate::app::ports::BalancerError;
use crate::domain::log_event::LogEvent;
use crate::domain::outcome::Outcome;
use crate::domain::plan::Work;
use crate::domain::rollout::StepResult;
use crate::domain::target::PoolPlace;
use crate::domain::timestamp::Timestamp;

use super::executor::{Attempt, Executor, failed, ok};
use super::journal::About;
use super::seen::Seen;

/// From one count of sessions to the next.
const DRAIN_POLL_MILLIS: u64 = 250;
/// A count that stays the same is told so often: that it does is worth knowing too, and that somebody still counts.
const TOLD_AGAIN_SECONDS: u64 = 10;
/// How long a load balancer may be out of reach before its step fails.
const PATIENCE_SECONDS: u64 = 300;
/// From one try to reach it to the next.
const AGAIN_MILLIS: u64 = 1000;

/// What is asked of a load balancer.
#[derive(Debug, Clone, Copy)]
enum Wish {
    TakeOut,
    Shut,
    PutBack,
    CountSessions,
}

/// Does a step that is about service.
pub(super) async fn work(executor: &Executor, attempt: &Attempt) -> StepResult {
    let done = match &attempt.step.work {
        Work::PoolOut => take_out(executor, attempt).await,
        Work::PoolIn => put_back(executor, attempt).await,
        Work::Drain { seconds } => drain(executor, attempt, *seconds).await,
        _ => Ok(()),
    };
    done.map_or_else(|refused| refused, |()| ok())
}

async fn take_out(executor: &Executor, attempt: &Attempt) -> Result<(), StepResult> {
    for pool in pools(executor, attempt) {
        ask(executor, attempt, &pool, Wish::TakeOut).await?;
    }
    Ok(())
}

/// Puts the target back in all its pools; every pool is tried before a refusal is told.
async fn put_back(executor: &Executor, attempt: &Attempt) -> Result<(), StepResult> {
    let mut done = Ok(());
    for pool in pools(executor, attempt) {
        let put = ask(executor, attempt, &pool, Wish::PutBack).await;
        done = done.and(put.map(drop));
    }
    done
}

/// Waits until the target has no session left in any pool, or `seconds` are over; then nobody comes any more. The end of
/// the time is no failure: the log tells how many were left.
async fn drain(executor: &Executor, attempt: &Attempt, seconds: u64) -> Result<(), StepResult> {
    let clock = &executor.outside.clock;
    let deadline = attempt.since(&**clock).plus_seconds(seconds);
    let pools = pools(executor, attempt);
    let mut told = None;
    let mut counts = Seen::new(&executor.journal, attempt, LogEvent::Sessions, &executor.said);
    loop {
        let mut left = None;
        for pool in &pools {
            let count = ask(executor, attempt, pool, Wish::CountSessions).await?;
            left = count.map_or(left, |count| Some(left.unwrap_or(0) + count));
        }
        let Some(left) = left else {
            // No balancer that could have turned sessions away: there is nothing to wait for.
            let text = "nobody to ask for sessions";
            counts.tell(attempt.about(), text);
            return Ok(());
        };
        let about = || About {
            sessions: Some(left),
            ..attempt.about()
        };
        let now = clock.now();
        let is_known = told.is_some_and(|(count, at): (u64, Timestamp)| {
            count == left && now < at.plus_seconds(TOLD_AGAIN_SECONDS)
        });
        if !is_known {
            let text = format!("{left} sessions left");
            counts.tell(about(), &text);
            told = Some((left, now));
        }
        let late = now >= deadline;
        if left > 0 && late {
            let text = format!("going on with {left} sessions left after {seconds} s");
            executor.journal.story(LogEvent::Sessions, about(), &text);
        }
        if left == 0 || late {
            for pool in &pools {
                ask(executor, attempt, pool, Wish::Shut).await?;
            }
            return Ok(());
        }
        clock
            .sleep_until(now.plus_millis(DRAIN_POLL_MILLIS).min(deadline))
            .await;
    }
}

/// Asks until there is an answer, or its outage has lasted too long. A count is none where nobody counts.
async fn ask(
    executor: &Executor,
    attempt: &Attempt,
    pool: &PoolPlace,
    wish: Wish,
) -> Result<Option<u64>, StepResult> {
    let clock = &executor.outside.clock;
    let balancer = &executor.outside.balancer;
    let target = &attempt.target;
    let deadline = clock.now().plus_seconds(PATIENCE_SECONDS);
    let mut out_of_reach = false;
    loop {
        let answer = match wish {
            Wish::TakeOut => balancer.take_out(pool, target).await.map(|()| None),
            Wish::Shut => balancer.shut(pool, target).await.map(|()| None),
            Wish::PutBack => balancer.put_back(pool, target).await.map(|()| None),
            Wish::CountSessions => balancer.sessions(pool, target).await,
        };
        match answer {
            Ok(count) => {
                if out_of_reach {
                    let text = format!("pool {}: the load balancer answers again", pool.name);
                    executor.journal.story(LogEvent::Pool, attempt.about(), &text);
                }
                return Ok(count);
            }
            Err(error @ BalancerError::Unreachable(_)) if clock.now() < deadline => {
                if !out_of_reach {
                    let text = format!(
                        "pool {}: {error}; trying again for {PATIENCE_SECONDS} s",
                        pool.name
                    );
                    executor.journal.story(LogEvent::Pool, attempt.about(), &text);
                }
                out_of_reach = true;
                clock.sleep_until(clock.now().plus_millis(AGAIN_MILLIS)).await;
            }
            Err(error) => return Err(failed(Outcome::Failed, format!("pool {}: {error}", pool.name))),
        }
    }
}

fn pools(executor: &Executor, attempt: &Attempt) -> Vec<PoolPlace> {
    let target = &attempt.target;
    let place = |name: &String| executor.pools.get(&target.zone, name);
    target.pools.iter().map(place).collect()
}
