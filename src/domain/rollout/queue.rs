//! The targets that wait for their turn, so that the next one is found without looking at all of them.
//!
//! A *lane* holds targets of the same pools (a class) which cost the same: those in service, and those
//! known to be out of service, whose start takes nobody out. A lane whose pool can spare nobody, or whose
//! load balancer does not answer, is blocked; the others go on. Every operation is logarithmic in the number of targets.

use std::collections::BTreeSet;

use crate::domain::timestamp::Timestamp;

/// What a lane is short of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Short {
    /// Members in service.
    Members,
    /// Members in service that no other action holds.
    Held,
    /// A word of the load balancer.
    Answer,
}

/// Why a lane waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocked {
    pub short: Short,
    /// With names and numbers.
    pub detail: String,
    pub since: Timestamp,
    /// When it is asked again.
    pub until: Timestamp,
    /// The target whose question was answered so; its name is the timer's.
    pub asker: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Lane {
    /// By order, then target.
    waiting: BTreeSet<(i32, u32)>,
    blocked: Option<Blocked>,
    /// It is asked again whether it is still blocked.
    asking: bool,
}

/// Two lanes for each class: `2 * class` in service, `2 * class + 1` out of service.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Queue {
    lanes: Vec<Lane>,
    /// The order of the first target of each lane that has one and is not blocked.
    heads: BTreeSet<(i32, u32)>,
    blocked: BTreeSet<u32>,
    len: usize,
}

impl Queue {
    pub fn new(classes: usize) -> Self {
        Self {
            lanes: vec![Lane::default(); classes * 2],
            heads: BTreeSet::new(),
            blocked: BTreeSet::new(),
            len: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets everybody and every block.
    pub fn clear(&mut self) {
        let classes = self.lanes.len() / 2;
        *self = Self::new(classes);
    }

    pub fn push(&mut self, class: u32, out_of_service: bool, order: i32, target: u32) {
        let lane = class * 2 + u32::from(out_of_service);
        self.unlist(lane);
        if self.lanes[lane as usize].waiting.insert((order, target)) {
            self.len += 1;
        }
        self.list(lane);
    }

    /// The next target of a lane that is not blocked: the lowest order first.
    pub fn pop(&mut self) -> Option<u32> {
        let &(_, lane) = self.heads.first()?;
        self.unlist(lane);
        let next = self.lanes[lane as usize].waiting.pop_first();
        self.list(lane);
        next.map(|(_, target)| {
            self.len -= 1;
            target
        })
    }

    /// Nobody of this lane may start until `blocked.until`. One that was blocked before keeps the moment since when. Says
    /// whether this is news.
    pub fn block(&mut self, class: u32, out_of_service: bool, mut blocked: Blocked) -> bool {
        let number = class * 2 + u32::from(out_of_service);
        self.unlist(number);
        let lane = &mut self.lanes[number as usize];
        let mut news = true;
        if let Some(before) = &lane.blocked {
            blocked.since = before.since;
            news = before.detail != blocked.detail;
        }
        lane.blocked = Some(blocked);
        lane.asking = false;
        self.blocked.insert(number);
        news
    }

    /// Lets a blocked class be asked again, those out of service too.
    pub fn ask_again(&mut self, class: u32) {
        for number in [class * 2, class * 2 + 1] {
            let lane = &mut self.lanes[number as usize];
            if lane.blocked.is_some() && !lane.asking {
                lane.asking = true;
                self.list(number);
            }
        }
    }

    /// One of this lane may start: it is blocked no more.
    pub fn unblock(&mut self, class: u32, out_of_service: bool) {
        let number = class * 2 + u32::from(out_of_service);
        if self.lanes[number as usize].blocked.take().is_some() {
            self.lanes[number as usize].asking = false;
            self.blocked.remove(&number);
            self.list(number);
        }
    }

    /// Moves those of a class that turned out to be out of service to the lane that no pool's minimum blocks.
    /// Each is named by its order and number; those that do not wait here are passed over.
    pub fn sort_out(&mut self, class: u32, out: impl Iterator<Item = (i32, u32)>) {
        let lane = class * 2;
        for entry in out {
            self.unlist(lane);
            let waited = self.lanes[lane as usize].waiting.remove(&entry);
            self.list(lane);
            if waited {
                self.len -= 1;
                self.push(class, true, entry.0, entry.1);
            }
        }
        if self.lanes[lane as usize].waiting.is_empty() {
            self.unblock(class, false);
        }
    }

    /// Whether this one waits among those of its class that are taken to be in service.
    pub fn has(&self, class: u32, order: i32, target: u32) -> bool {
        self.lanes[class as usize * 2].waiting.contains(&(order, target))
    }

    /// The blocks that somebody waits behind, also while one of those asks again.
    pub fn blocks(&self) -> impl Iterator<Item = &Blocked> {
        self.blocked
            .iter()
            .filter_map(|&lane| self.lanes[lane as usize].blocked.as_ref())
    }

    fn list(&mut self, lane: u32) {
        let Lane {
            waiting,
            blocked,
            asking,
        } = &self.lanes[lane as usize];
        if (blocked.is_none() || *asking)
            && let Some(&(order, _)) = waiting.first()
        {
            self.heads.insert((order, lane));
        }
    }

    fn unlist(&mut self, lane: u32) {
        if let Some(&(order, _)) = self.lanes[lane as usize].waiting.first() {
            self.heads.remove(&(order, lane));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blocked, Queue, Short, Timestamp};

    fn blocked(since: i64) -> Blocked {
        Blocked {
            short: Short::Members,
            detail: String::new(),
            since: Timestamp::from_millis(since),
            until: Timestamp::from_millis(since + 10),
            asker: 0,
        }
    }

    #[test]
    fn a_blocked_lane_lets_the_others_pass_and_the_lowest_order_goes_first() {
        let mut queue = Queue::new(2);
        queue.push(0, false, 1, 10);
        queue.push(0, false, 3, 11);
        queue.push(1, false, 2, 20);
        assert!(queue.block(0, false, blocked(5)), "it is news");
        queue.ask_again(0);
        assert!(!queue.block(0, false, blocked(9)), "nothing new");
        assert_eq!(
            queue.blocks().next().unwrap().since,
            Timestamp::from_millis(5),
            "it has waited since the first"
        );
        assert_eq!(queue.pop(), Some(20));
        assert_eq!(queue.pop(), None);
        queue.sort_out(0, [(3, 11), (7, 12)].into_iter());
        assert_eq!(queue.pop(), Some(11), "out of service: nothing to wait for");
        queue.ask_again(0);
        assert_eq!(queue.pop(), Some(10));
        assert!(queue.is_empty());
    }
    #[test]
    fn those_out_of_service_wait_too_where_the_balancer_is_silent() {
        let mut queue = Queue::new(1);
        queue.push(0, true, 1, 10);
        queue.push(0, false, 2, 11);
        assert_eq!(queue.pop(), Some(10));
        queue.push(0, true, 1, 10);
        assert!(queue.block(0, true, blocked(5)), "it is news");
        assert_eq!(queue.pop(), Some(11), "only its lane is blocked");
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.blocks().count(), 1);
        queue.ask_again(0);
        assert_eq!(queue.pop(), Some(10));
        queue.unblock(0, true);
        assert_eq!(queue.blocks().count(), 0);
    }
}
