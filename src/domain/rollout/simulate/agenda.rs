//! What is to happen in a simulation, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::domain::rollout::{Event, Timer};
use crate::domain::timestamp::Timestamp;

#[derive(Default)]
pub(super) struct Agenda {
    queue: BinaryHeap<Reverse<Due>>,
    /// How many of them are more than a further question to the load balancer.
    substance: usize,
    count: u64,
}

/// An event and its moment. Of those of one moment the one that was said first comes first.
#[derive(PartialEq)]
pub(super) struct Due {
    pub at: Timestamp,
    count: u64,
    pub event: Event,
}

impl Eq for Due {}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.count).cmp(&(other.at, other.count))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Agenda {
    pub fn later(&mut self, at: Timestamp, event: Event) {
        self.count += 1;
        self.substance += usize::from(!only_asks(&event));
        self.queue.push(Reverse(Due {
            at,
            count: self.count,
            event,
        }));
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.queue.peek().map(|Reverse(due)| due.at)
    }

    pub fn next(&mut self) -> Option<Due> {
        let Reverse(due) = self.queue.pop()?;
        self.substance -= usize::from(!only_asks(&due.event));
        Some(due)
    }

    /// Whether there is more to come than questions to the load balancer.
    pub fn has_substance(&self) -> bool {
        self.substance > 0
    }

    /// Takes everything out but what `stays`.
    pub fn forget(&mut self, stays: impl Fn(&Event) -> bool) -> Vec<Due> {
        let all = std::mem::take(&mut self.queue)
            .into_iter()
            .map(|Reverse(due)| due);
        let (kept, gone): (Vec<Due>, Vec<Due>) = all.partition(|due| stays(&due.event));
        self.substance = kept.iter().filter(|due| !only_asks(&due.event)).count();
        self.queue = kept.into_iter().map(Reverse).collect();
        gone
    }
}

fn only_asks(event: &Event) -> bool {
    matches!(
        event,
        Event::PoolsCounted { .. }
            | Event::PoolsUnknown { .. }
            | Event::TimerFired {
                timer: Timer::Pools { .. }
            }
    )
}
