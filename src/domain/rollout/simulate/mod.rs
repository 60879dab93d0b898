//! The simulator: the same engine on made-up hosts with failures, on a virtual clock. Text in, report out;
//! the same text gives the same report.

mod agenda;
mod balancer;
mod dice;
mod durations;
mod failures;
mod fate;
mod hosts;
mod layout;
mod monitor;
mod pool_now;
mod pools;
mod report;
mod scenario;
mod steering;
mod steps;
mod ways;
mod world;

use std::sync::Arc;

use crate::domain::actor::Actor;
use crate::domain::plan::Plan;
use crate::domain::rollout::{Event, Rollout, Steer};
use crate::domain::timestamp::Timestamp;

use report::Watcher;
pub use report::{Line, PoolEnd, Report, Seconds, TargetEnd};
use scenario::Scenario;
pub use scenario::SimulationError;
use world::World;

/// So many questions about pools one after another, with nothing else to come, and it waits for ever.
const ENOUGH_QUESTIONS: u32 = 100;
/// An action that has not ended after so long is left as it is: 30 days.
const HORIZON_SECONDS: u64 = 30 * 24 * 3600;

/// Reads a simulation's file and runs it to its end, or until nothing more happens by itself.
///
/// # Errors
/// [`SimulationError`] with the field at fault, where the file is not one, or the rollout it asks for
/// cannot be.
pub fn simulate(text: &str) -> Result<Report, SimulationError> {
    let scenario = Scenario::read(text)?;
    let plan = layout::plan(&scenario)?;
    Ok(run(&scenario, &plan, |_, _, _, _| {}))
}

/// Runs it; `seen` is shown the rollout and the world after each event.
fn run(
    scenario: &Scenario,
    plan: &Arc<Plan>,
    mut seen: impl FnMut(&Rollout, &World<'_>, &Event, Timestamp),
) -> Report {
    let new = || Rollout::new(Arc::clone(plan));
    let mut rollout = new();
    let mut world = World::new(scenario, &rollout);
    let mut watcher = Watcher::new(&rollout);
    let start = Timestamp::from_millis(0);
    let horizon = start.plus_seconds(HORIZON_SECONDS);
    let mut deaths = scenario.deaths.iter().map(|&at| start.plus_millis(at)).peekable();
    let mut history: Vec<(Timestamp, Event)> = Vec::new();
    let mut now = start;
    let mut questions = 0;
    world.begin();
    while let Some(at) = world.next_at() {
        questions = if world.goes_on() { 0 } else { questions + 1 };
        if at > horizon || rollout.ended_at().is_some() || questions > ENOUGH_QUESTIONS {
            break;
        }
        if let Some(death) = deaths.next_if(|&death| death <= at) {
            now = death.max(now);
            rollout = new();
            for (at, event) in &history {
                // It was taken before, in the same state.
                let _ = rollout.apply(event, *at);
            }
            rollout.take_decisions();
            watcher.note(now, "restart", "the server died and replayed its events");
            world.forget_what_is_under_way();
            for effect in rollout.outstanding(now) {
                world.carry_out(&effect, now);
            }
            continue;
        }
        now = at;
        let Some(event) = world.next() else {
            break;
        };
        if let Event::Steered { steer, .. } = &event
            && let Err(refused) = rollout.may(steer)
        {
            watcher.note(now, "refuse", &refused.to_string());
            continue;
        }
        let event = rollout.without_idle_names(event);
        match rollout.apply(&event, now) {
            Ok(effects) => {
                for effect in effects {
                    world.carry_out(&effect, now);
                }
            }
            // Cannot be: the world answers what was asked. It is shown rather than hidden.
            Err(refused) => watcher.note(now, "event refused", &refused.to_string()),
        }
        watcher.look(&mut rollout, &event, now);
        seen(&rollout, &world, &event, now);
        if !scenario.deaths.is_empty() {
            history.push((now, event));
        }
    }
    watcher.report(&rollout, &world, now)
}

fn steered(steer: Steer, reason: &str) -> Event {
    Event::Steered {
        steer,
        by: Actor::System,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
