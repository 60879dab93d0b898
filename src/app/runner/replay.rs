//! An action's stored events applied one after another, as when they happened: where it stands, and what of it the log lacks.
//!
//! The log is written in the order of its numbers and ends where a server died. What the events behind that end bring into it
//! is made again under the same numbers.

use std::sync::Arc;

use crate::domain::mask::Masker;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Effect, Event, Rollout, Way};
use crate::domain::timestamp::Timestamp;
use crate::store::{FrozenAction, StoredEvent};

use super::story::{Story, Told};

/// What came of applying the events.
pub(super) struct Replay<'a> {
    pub(super) rollout: Rollout,
    /// What its next events bring into the log.
    pub(super) story: Story,
    /// Those of the last event.
    pub(super) effects: Vec<Effect>,
    /// What the engine took.
    pub(super) accepted: Vec<&'a Event>,
    /// The events behind the end of the log, with what they bring into it.
    pub(super) untold: Vec<Untold>,
    /// The steps that ended behind the place from which on their output may be missing.
    pub(super) ended: Vec<EndedStep>,
    /// The highest number that the events and their entries have.
    pub(super) last: u64,
}

/// An event whose entries the log lacks, or some of them.
pub(super) struct Untold {
    pub(super) seq: u64,
    pub(super) time: Timestamp,
    /// With their numbers.
    pub(super) told: Vec<(u64, Told)>,
}

/// An attempt of a step that is over.
pub(super) struct EndedStep {
    pub(super) target: TargetName,
    pub(super) way: Way,
    pub(super) step: u32,
    pub(super) attempt: u32,
    /// The host said how it ended: it did run there.
    pub(super) exited: bool,
}

impl<'a> Replay<'a> {
    /// Applies `events` to a new rollout. The log has everything up to the number `told`, and all output of steps that ended up
    /// to `heard`.
    pub(super) fn of(
        action: &Arc<FrozenAction>,
        masker: Arc<Masker>,
        events: &'a [StoredEvent],
        (told_to, heard_to): (u64, u64),
    ) -> Self {
        let mut replay = Self {
            rollout: Rollout::new(Arc::new(action.plan.clone())),
            story: Story::new(Arc::clone(action), masker),
            effects: Vec::new(),
            accepted: Vec::with_capacity(events.len()),
            untold: Vec::new(),
            ended: Vec::new(),
            last: 0,
        };
        for (place, StoredEvent { seq, time, event }) in events.iter().enumerate() {
            // What the engine refused when it happened, it refuses again.
            let (effects, told) = match replay.rollout.apply(event, *time) {
                Ok(effects) => {
                    replay.accepted.push(event);
                    let decisions = replay.rollout.take_decisions();
                    let told = replay.story.of(&replay.rollout, event, &effects, decisions);
                    if *seq > heard_to {
                        replay.ended.extend(ended(event));
                    }
                    (effects, told)
                }
                Err(refused) => (Vec::new(), Story::of_refused(event, &refused)),
            };
            replay.effects = effects;
            let told = numbered(*seq, told, events.get(place + 1).map(|next| next.seq));
            replay.last = told.last().map_or(*seq, |(number, _)| *number);
            let untold: Vec<(u64, Told)> = told.into_iter().filter(|(number, _)| *number > told_to).collect();
            if *seq > told_to || !untold.is_empty() {
                replay.untold.push(Untold {
                    seq: *seq,
                    time: *time,
                    told: untold,
                });
            }
        }
        replay
    }
}

/// Numbers what an event brings into the log behind the event itself. An older server may have had less to say of it: what
/// goes beyond the numbers that it took is left out, since those are the next event's.
fn numbered<T>(seq: u64, told: Vec<T>, next: Option<u64>) -> Vec<(u64, T)> {
    (seq + 1..next.unwrap_or(u64::MAX)).zip(told).collect()
}

fn ended(event: &Event) -> Option<EndedStep> {
    let Event::StepEnded {
        target,
        way,
        step,
        attempt,
        result,
    } = event
    else {
        return None;
    };
    Some(EndedStep {
        target: target.clone(),
        way: *way,
        step: *step,
        attempt: *attempt,
        exited: result.exit_code.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn an_event_takes_no_number_of_the_next_one() {
        for (told, next, wanted) in [
            (vec!["a", "b"], None, vec![(8, "a"), (9, "b")]),
            (vec!["a", "b"], Some(10), vec![(8, "a"), (9, "b")]),
            (vec!["a", "b"], Some(9), vec![(8, "a")]),
            (vec!["a"], Some(8), vec![]),
            (vec![], Some(12), vec![]),
        ] {
            assert_eq!(numbered(7, told, next), wanted, "{next:?}");
        }
    }
}
