//! The load balancer of a simulation, where it is not as one would wish: silent for a time, or with members that other
//! actions hold.

use serde::Deserialize;

use crate::domain::timestamp::Timestamp;

use super::scenario::{SimulationError, millis};

/// How long the server waits for a load balancer that is silent before the step that asked it fails.
const PATIENCE_MILLIS: u64 = 300_000;

/// The load balancer does not answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outage {
    /// About this pool; about all where none.
    #[serde(default)]
    pub pool: Option<String>,
    /// Seconds after the start.
    #[serde(default)]
    from: f64,
    /// Seconds after the start; for ever where none.
    #[serde(default)]
    until: Option<f64>,
}

/// Other actions hold so many members that this rollout does not touch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hold {
    pub count: u32,
    /// Seconds after the start.
    #[serde(default)]
    from: f64,
    /// Seconds after the start; for ever where none.
    #[serde(default)]
    until: Option<f64>,
}

/// From one moment up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub from: Timestamp,
    pub until: Option<Timestamp>,
}

impl Span {
    fn read(field: &str, from: f64, until: Option<f64>) -> Result<Self, SimulationError> {
        let start = Timestamp::from_millis(0);
        let from = millis(&format!("{field}.from"), from)?;
        let field = format!("{field}.until");
        let until = until.map(|until| millis(&field, until)).transpose()?;
        if until.is_some_and(|until| until <= from) {
            return Err(SimulationError::new(&field, "must be later than `from`"));
        }
        Ok(Self {
            from: start.plus_millis(from),
            until: until.map(|until| start.plus_millis(until)),
        })
    }

    fn has(self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

impl Outage {
    pub fn span(&self) -> Result<Span, SimulationError> {
        Span::read("outages", self.from, self.until)
    }
}

impl Hold {
    pub fn span(&self, pool: &str) -> Result<Span, SimulationError> {
        Span::read(&format!("pools.{pool}.held"), self.from, self.until)
    }
}

/// What a pool's balancer does and when. Everything is a function of the moment: a server that dies changes nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Moods {
    pub silent: Vec<Span>,
    pub held: Vec<(Span, u32)>,
}

impl Moods {
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.silent.iter().any(|span| span.has(now))
    }

    /// How many members other actions hold.
    pub fn held(&self, now: Timestamp) -> u32 {
        let held = self.held.iter().filter(|(span, _)| span.has(now));
        held.map(|(_, count)| count).sum()
    }

    /// How long one who asks at this moment waits for an answer; none where their patience ends before.
    pub fn wait(&self, now: Timestamp) -> Option<u64> {
        let mut at = now;
        while let Some(span) = self.silent.iter().find(|span| span.has(at)) {
            at = span.until?;
        }
        Some(at.millis_since(now)).filter(|&waited| waited < PATIENCE_MILLIS)
    }

    /// How long they wait in vain.
    pub fn patience() -> u64 {
        PATIENCE_MILLIS
    }

    fn spans(&self) -> impl Iterator<Item = Span> {
        let held = self.held.iter().map(|(span, _)| *span);
        self.silent.iter().copied().chain(held)
    }

    /// The moments at which it begins to be held more.
    pub fn holds(&self) -> impl Iterator<Item = Timestamp> {
        self.held.iter().map(|(span, _)| span.from)
    }

    /// Until when it may still change.
    pub fn last_change(&self) -> Option<Timestamp> {
        self.spans().map(|span| span.until.unwrap_or(span.from)).max()
    }

    /// What happens by itself, in words.
    pub fn story(&self, pool: &str) -> Vec<(Timestamp, String)> {
        let mut story = Vec::new();
        for span in &self.silent {
            story.push((
                span.from,
                format!("the load balancer is silent about pool {pool}"),
            ));
            let ends = span.until.filter(|until| !self.is_silent(*until));
            story.extend(ends.map(|until| {
                (
                    until,
                    format!("the load balancer answers about pool {pool} again"),
                )
            }));
        }
        for (span, count) in &self.held {
            story.push((
                span.from,
                format!("other actions take {count} members of pool {pool}"),
            ));
            let ends = span.until;
            story.extend(ends.map(|until| {
                (
                    until,
                    format!("other actions give {count} members of pool {pool} back"),
                )
            }));
        }
        story
    }
}
