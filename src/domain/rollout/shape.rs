//! What the machine must know of each step, in a few bytes. Most targets have steps of the same shape, which is kept once:
//! the steps themselves, with their texts, are looked at only where one fails.

use std::collections::HashMap;

use crate::domain::plan::{Step, Work};

/// What a step does, as far as the machine minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// It takes out of service.
    PoolOut,
    /// It puts back in service.
    PoolIn,
    /// It only looks, so that it can be repeated on a target that is done.
    Check,
    /// Anything else.
    Other,
}

/// A step without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StepShape {
    pub kind: Kind,
    pub always: bool,
    pub once: bool,
    pub retries: u32,
}

impl StepShape {
    fn of(step: &Step) -> Self {
        Self {
            kind: match step.work {
                Work::PoolOut => Kind::PoolOut,
                Work::PoolIn => Kind::PoolIn,
                Work::HttpCheck { .. } | Work::TcpCheck { .. } => Kind::Check,
                Work::Run { .. }
                | Work::Fetch { .. }
                | Work::Upload { .. }
                | Work::Drain { .. }
                | Work::Sleep { .. } => Kind::Other,
            },
            always: step.always,
            once: step.once,
            retries: step.retries,
        }
    }
}

/// Lists of shapes, each once.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    lists: Vec<Vec<StepShape>>,
    known: HashMap<Vec<StepShape>, u32>,
}

impl Shapes {
    /// The number of the list that these steps have.
    pub fn number(&mut self, steps: &[Step]) -> u32 {
        let list: Vec<StepShape> = steps.iter().map(StepShape::of).collect();
        let next = self.lists.len() as u32;
        *self.known.entry(list).or_insert_with_key(|list| {
            self.lists.push(list.clone());
            next
        })
    }

    pub fn get(&self, number: u32) -> &[StepShape] {
        &self.lists[number as usize]
    }
}
