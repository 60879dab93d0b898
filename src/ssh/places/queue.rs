//! Who may have a connection open, and who is next: pure. Time is a number of milliseconds that the caller hands in.
//!
//! *Parties* share the places: an action is one. Among those who wait, parties take turns, and within a party the first to
//! ask is the first to be served, so an action with a thousand hosts keeps none with three waiting longer than a turn.
//! A place whose connection nobody uses is *resting*. Where somebody waits, it is asked back once it has rested
//! a while, from the party that has most; so actions that want more places than there are all come to their end.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::Hash;

/// Names one asking for a place, and then the place. Never used twice.
pub(super) type Ticket = u64;

/// What follows from a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The place is theirs, in use once.
    Come(Ticket),
    /// Nobody uses the connection there and others wait: it is to be closed and the place left.
    Vacate(Ticket),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many use it.
    Used(usize),
    /// Nobody does, since then.
    Resting(u64),
    /// It was asked back.
    Leaving,
}

/// The places, and who waits for one.
#[derive(Debug)]
pub(super) struct Queue<P> {
    places: usize,
    /// So long a place must have rested before it is asked back: a host goes on with its next step without a new login.
    rest: u64,
    next: Ticket,
    holders: BTreeMap<Ticket, (P, State)>,
    resting: BTreeSet<(u64, Ticket)>,
    leaving: usize,
    held: HashMap<P, usize>,
    /// Those who wait, by party; the party in front is the next to be served.
    lines: VecDeque<(P, VecDeque<Ticket>)>,
    waiting: usize,
}

impl<P: Copy + Eq + Hash> Queue<P> {
    /// So many places, at least one.
    pub(super) fn new(places: usize, rest: u64) -> Self {
        Self {
            places: places.max(1),
            rest,
            next: 0,
            holders: BTreeMap::new(),
            resting: BTreeSet::new(),
            leaving: 0,
            held: HashMap::new(),
            lines: VecDeque::new(),
            waiting: 0,
        }
    }

    /// Somebody of `party` wants a place. They get it by a [`Word::Come`], perhaps at once.
    pub(super) fn ask(&mut self, party: P, now: u64) -> (Ticket, Vec<Word>) {
        let ticket = self.next;
        self.next += 1;
        match self.lines.iter_mut().find(|(of, _)| *of == party) {
            Some((_, line)) => line.push_back(ticket),
            None => self.lines.push_back((party, VecDeque::from([ticket]))),
        }
        self.waiting += 1;
        (ticket, self.settle(now))
    }

    /// One more uses the place. `false` where it is not theirs any more: they have to ask again.
    pub(super) fn enter(&mut self, ticket: Ticket) -> bool {
        let Some((_, state)) = self.holders.get_mut(&ticket) else {
            return false;
        };
        match *state {
            State::Used(users) => *state = State::Used(users + 1),
            State::Resting(since) => {
                *state = State::Used(1);
                self.resting.remove(&(since, ticket));
            }
            State::Leaving => return false,
        }
        true
    }

    /// One who used the place does so no more.
    pub(super) fn step_out(&mut self, ticket: Ticket, now: u64) -> Vec<Word> {
        match self.holders.get_mut(&ticket) {
            Some((_, State::Used(users))) if *users > 1 => *users -= 1,
            Some((_, state @ State::Used(_))) => {
                *state = State::Resting(now);
                self.resting.insert((now, ticket));
            }
            _ => {}
        }
        self.settle(now)
    }

    /// The place is given back, or no longer waited for. Doing so twice is harmless.
    pub(super) fn leave(&mut self, ticket: Ticket, now: u64) -> Vec<Word> {
        if let Some((party, state)) = self.holders.remove(&ticket) {
            match state {
                State::Used(_) => {}
                State::Resting(since) => {
                    self.resting.remove(&(since, ticket));
                }
                State::Leaving => self.leaving -= 1,
            }
            if let Some(held) = self.held.get_mut(&party) {
                *held -= 1;
                if *held == 0 {
                    self.held.remove(&party);
                }
            }
        } else {
            for (_, line) in &mut self.lines {
                let before = line.len();
                line.retain(|waiting| *waiting != ticket);
                self.waiting -= before - line.len();
            }
            self.lines.retain(|(_, line)| !line.is_empty());
        }
        self.settle(now)
    }

    /// Serves whoever can be served at that moment.
    pub(super) fn settle(&mut self, now: u64) -> Vec<Word> {
        let mut words = Vec::new();
        while self.holders.len() < self.places {
            let Some((party, mut line)) = self.lines.pop_front() else {
                break;
            };
            if let Some(ticket) = line.pop_front() {
                self.waiting -= 1;
                self.holders.insert(ticket, (party, State::Used(1)));
                *self.held.entry(party).or_default() += 1;
                words.push(Word::Come(ticket));
            }
            if !line.is_empty() {
                self.lines.push_back((party, line));
            }
        }
        while self.leaving < self.waiting {
            let Some((since, ticket)) = self.to_ask_back(now) else {
                break;
            };
            self.resting.remove(&(since, ticket));
            if let Some((_, state)) = self.holders.get_mut(&ticket) {
                *state = State::Leaving;
            }
            self.leaving += 1;
            words.push(Word::Vacate(ticket));
        }
        words
    }

    /// Of the places that have rested long enough, the longest-rested one of the party that has most.
    fn to_ask_back(&self, now: u64) -> Option<(u64, Ticket)> {
        let mut found: Option<(usize, (u64, Ticket))> = None;
        for &(since, ticket) in self
            .resting
            .iter()
            .take_while(|(since, _)| now >= since + self.rest)
        {
            let held = self
                .holders
                .get(&ticket)
                .and_then(|(party, _)| self.held.get(party));
            let held = held.copied().unwrap_or(0);
            if found.is_none_or(|(most, _)| held > most) {
                found = Some((held, (since, ticket)));
            }
        }
        found.map(|(_, place)| place)
    }

    /// When [`Queue::settle`] may have something to say although nobody does anything.
    pub(super) fn wake_at(&self) -> Option<u64> {
        if self.leaving >= self.waiting {
            return None;
        }
        self.resting.first().map(|(since, _)| since + self.rest)
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// How many of a party wait.
    pub(super) fn waiting(&self, party: P) -> usize {
        let line = self.lines.iter().find(|(of, _)| *of == party);
        line.map_or(0, |(_, line)| line.len())
    }

    /// How many places are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.holders.len()
    }
}

#[cfg(test)]
#[path = "queue_test.rs"]
mod tests;
