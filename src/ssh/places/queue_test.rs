use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::{Queue, Ticket, Word};

const REST: u64 = 1000;

fn come(words: &[Word]) -> Vec<Ticket> {
    let come = |word: &Word| match word {
        Word::Come(ticket) => Some(*ticket),
        Word::Vacate(_) => None,
    };
    words.iter().filter_map(come).collect()
}

#[test]
fn a_small_party_that_comes_late_is_served_in_its_turn() {
    let mut queue = Queue::new(2, REST);
    let big: Vec<Ticket> = (0..1000).map(|_| queue.ask('b', 0).0).collect();
    let small: Vec<Ticket> = (0..3).map(|_| queue.ask('s', 0).0).collect();
    assert_eq!((queue.waiting('b'), queue.waiting('s')), (998, 3));
    let mut served = Vec::new();
    let mut place = big[0];
    for _ in 0..6 {
        let next = come(&queue.leave(place, 0));
        assert_eq!(next.len(), 1, "one leaves, one comes");
        place = next[0];
        served.push(place);
    }
    assert_eq!(served, [big[2], small[0], big[3], small[1], big[4], small[2]]);
}

#[test]
fn a_resting_place_is_asked_back_only_where_somebody_waits_and_after_a_while() {
    let mut queue = Queue::new(1, REST);
    let (first, words) = queue.ask('a', 0);
    assert_eq!(words, [Word::Come(first)]);
    assert_eq!(queue.step_out(first, 10), []);
    assert_eq!(queue.wake_at(), None, "nobody waits");
    assert_eq!(queue.settle(5000), []);
    assert!(queue.enter(first), "it is still theirs");
    assert_eq!(queue.step_out(first, 6000), []);
    let (second, words) = queue.ask('b', 6100);
    assert_eq!(words, []);
    assert_eq!(queue.wake_at(), Some(6000 + REST));
    assert_eq!(queue.settle(6999), []);
    assert_eq!(queue.settle(7000), [Word::Vacate(first)]);
    assert!(!queue.enter(first), "it was asked back");
    assert_eq!(queue.settle(9000), [], "once is enough");
    assert_eq!(queue.leave(first, 9000), [Word::Come(second)]);
    assert_eq!(queue.leave(first, 9000), [], "twice is harmless");
}

#[test]
fn a_place_in_use_is_never_asked_back() {
    let mut queue = Queue::new(1, REST);
    let (first, _) = queue.ask('a', 0);
    assert!(queue.enter(first));
    let (_, words) = queue.ask('b', 0);
    assert_eq!(words, []);
    assert_eq!(queue.step_out(first, 1), [], "one of two has gone");
    assert_eq!(queue.settle(1_000_000), []);
    assert_eq!(queue.step_out(first, 1_000_000), []);
    assert_eq!(queue.settle(1_000_000 + REST), [Word::Vacate(first)]);
}

#[test]
fn the_party_that_has_most_gives_first() {
    let mut queue = Queue::new(4, 0);
    let (small, _) = queue.ask('s', 0);
    let big: Vec<Ticket> = (0..3).map(|_| queue.ask('b', 0).0).collect();
    queue.step_out(small, 1);
    for (index, ticket) in big.iter().enumerate() {
        queue.step_out(*ticket, 2 + index as u64);
    }
    let (_, words) = queue.ask('n', 10);
    assert_eq!(words, [Word::Vacate(big[0])]);
}

#[test]
fn who_gives_up_is_not_served() {
    let mut queue = Queue::new(1, REST);
    let (first, _) = queue.ask('a', 0);
    let (second, _) = queue.ask('a', 0);
    let (third, _) = queue.ask('b', 0);
    assert_eq!(queue.leave(second, 0), []);
    assert_eq!(queue.leave(first, 0), [Word::Come(third)]);
    assert_eq!(queue.waiting('a'), 0);
}

/// What somebody does: to which of the parties or tickets, by number.
#[derive(Debug, Clone)]
enum Deed {
    Ask(u8),
    Enter(usize),
    StepOut(usize),
    Leave(usize),
    GiveUp(usize),
    Later(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0..4_u8).prop_map(Deed::Ask),
        1 => any::<usize>().prop_map(Deed::Enter),
        3 => any::<usize>().prop_map(Deed::StepOut),
        2 => any::<usize>().prop_map(Deed::Leave),
        1 => any::<usize>().prop_map(Deed::GiveUp),
        2 => (0..2 * REST).prop_map(Deed::Later),
    ]
}

/// What the test believes: nothing but who was told what.
#[derive(Default)]
struct Belief {
    users: BTreeMap<Ticket, usize>,
    asked_back: BTreeSet<Ticket>,
    waiting: BTreeMap<u8, VecDeque<Ticket>>,
    party: BTreeMap<Ticket, u8>,
    /// For each party that waits: how often each other one was served since it began to.
    passed: BTreeMap<u8, BTreeMap<u8, usize>>,
}

impl Belief {
    fn hear(&mut self, words: &[Word]) {
        for word in words {
            match *word {
                Word::Come(ticket) => {
                    let party = self.party[&ticket];
                    let line = self.waiting.get_mut(&party).expect("it waits");
                    assert_eq!(line.pop_front(), Some(ticket), "the first of its party");
                    let is_empty = line.is_empty();
                    self.users.insert(ticket, 1);
                    for (other, passed) in &mut self.passed {
                        if *other != party {
                            let times = passed.entry(party).or_default();
                            *times += 1;
                            assert!(*times <= 1, "{party} was served twice while {other} waited");
                        }
                    }
                    self.passed.remove(&party);
                    if !is_empty {
                        self.passed.insert(party, BTreeMap::new());
                    }
                }
                Word::Vacate(ticket) => {
                    assert_eq!(self.users.get(&ticket), Some(&0), "only what nobody uses");
                    assert!(self.asked_back.insert(ticket), "once");
                }
            }
        }
    }
}

fn nth<T: Copy>(of: impl Iterator<Item = T>, index: usize) -> Option<T> {
    let all: Vec<T> = of.collect();
    (!all.is_empty()).then(|| all[index % all.len()])
}

proptest! {
    #[test]
    fn nobody_starves_and_no_place_stands_empty(places in 1..5_usize, deeds in prop::collection::vec(deed(), 0..200)) {
        let mut queue = Queue::new(places, REST);
        let mut belief = Belief::default();
        let mut now = 0;
        for deed in deeds {
            let words = match deed {
                Deed::Ask(party) => {
                    let (ticket, words) = queue.ask(party, now);
                    belief.party.insert(ticket, party);
                    let line = belief.waiting.entry(party).or_default();
                    if line.is_empty() {
                        belief.passed.insert(party, BTreeMap::new());
                    }
                    line.push_back(ticket);
                    words
                }
                Deed::Enter(index) => {
                    if let Some(ticket) = nth(belief.users.keys().copied(), index) {
                        let entered = queue.enter(ticket);
                        prop_assert_eq!(entered, !belief.asked_back.contains(&ticket));
                        if entered {
                            *belief.users.get_mut(&ticket).unwrap() += 1;
                        }
                    }
                    Vec::new()
                }
                Deed::StepOut(index) => {
                    let used = belief.users.iter().filter(|(_, users)| **users > 0).map(|(ticket, _)| *ticket);
                    match nth(used, index) {
                        Some(ticket) => {
                            *belief.users.get_mut(&ticket).unwrap() -= 1;
                            queue.step_out(ticket, now)
                        }
                        None => Vec::new(),
                    }
                }
                Deed::Leave(index) => match nth(belief.users.keys().copied(), index) {
                    Some(ticket) => {
                        belief.users.remove(&ticket);
                        belief.asked_back.remove(&ticket);
                        queue.leave(ticket, now)
                    }
                    None => Vec::new(),
                },
                Deed::GiveUp(index) => match nth(belief.waiting.values().flatten().copied(), index) {
                    Some(ticket) => {
                        let party = belief.party[&ticket];
                        let line = belief.waiting.get_mut(&party).unwrap();
                        line.retain(|waiting| *waiting != ticket);
                        if line.is_empty() {
                            belief.passed.remove(&party);
                        }
                        queue.leave(ticket, now)
                    }
                    None => Vec::new(),
                },
                Deed::Later(millis) => {
                    now += millis;
                    queue.settle(now)
                }
            };
            belief.hear(&words);
            let waiting: usize = belief.waiting.values().map(VecDeque::len).sum();
            prop_assert_eq!(queue.taken(), belief.users.len());
            prop_assert!(queue.taken() <= places, "never more than there are");
            prop_assert!(waiting == 0 || queue.taken() == places, "none stands empty while somebody waits");
            prop_assert!(belief.asked_back.len() <= places);
            for party in 0..4 {
                prop_assert_eq!(queue.waiting(party), belief.waiting.get(&party).map_or(0, VecDeque::len));
            }
        }
        // Whoever has a place comes to rest, and leaves when asked: then everybody is served.
        for _ in 0..10_000 {
            if belief.waiting.values().all(VecDeque::is_empty) {
                break;
            }
            for ticket in belief.users.keys().copied().collect::<Vec<_>>() {
                while belief.users.get(&ticket).is_some_and(|users| *users > 0) {
                    *belief.users.get_mut(&ticket).unwrap() -= 1;
                    let words = queue.step_out(ticket, now);
                    belief.hear(&words);
                }
            }
            let asked: Vec<Ticket> = belief.asked_back.iter().copied().collect();
            for ticket in asked {
                belief.asked_back.remove(&ticket);
                belief.users.remove(&ticket);
                let words = queue.leave(ticket, now);
                belief.hear(&words);
            }
            now = queue.wake_at().unwrap_or(now).max(now);
            let words = queue.settle(now);
            belief.hear(&words);
        }
        prop_assert!(belief.waiting.values().all(VecDeque::is_empty), "everybody was served");
    }
}
