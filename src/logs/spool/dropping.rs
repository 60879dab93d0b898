//! What a full spool leaves out, and the notes that say so.
//!
//! A note has the number of an entry that was left out: no number is taken that the journal could give again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::action::ActionId;
use crate::domain::log_entry::{Dropped, LogEntry, LogLevel, LogStream};
use crate::domain::log_event::LogEvent;
use crate::domain::mask::Masker;

/// What is being left out of each action.
#[derive(Default)]
pub(super) struct Dropping {
    actions: Mutex<HashMap<ActionId, Gap>>,
    total: AtomicU64,
}

/// Entries of an action that were left out since its first note.
#[derive(Default)]
struct Gap {
    dropped: Dropped,
    /// The latest of them, as a note that does not say yet how many.
    last: Option<LogEntry>,
}

/// What is left of some entries, and what is not.
pub(super) struct Admitted {
    pub(super) entries: Vec<LogEntry>,
    left_out: Vec<(ActionId, Gap)>,
    /// How many notes stand for one that is not kept.
    noted: u64,
}

impl Dropping {
    fn actions(&self) -> MutexGuard<'_, HashMap<ActionId, Gap>> {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entries were left out, of all actions.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Whether nothing is left to be told.
    pub(super) fn is_idle(&self) -> bool {
        self.actions().is_empty()
    }

    /// These entries without those of detail, and with a note in place of the first of each action.
    pub(super) fn without_detail(&self, entries: &[LogEntry], why: &str) -> Admitted {
        let actions = self.actions();
        let mut admitted = Admitted {
            entries: Vec::new(),
            left_out: Vec::new(),
            noted: 0,
        };
        for entry in entries {
            if entry.level == LogLevel::Basic {
                admitted.entries.push(entry.clone());
                continue;
            }
            let known = actions.contains_key(&entry.action);
            let gap = match admitted
                .left_out
                .iter()
                .position(|(action, _)| *action == entry.action)
            {
                Some(place) => Some(&mut admitted.left_out[place].1),
                None if known => {
                    admitted.left_out.push((entry.action, Gap::default()));
                    admitted.left_out.last_mut().map(|(_, gap)| gap)
                }
                None => None,
            };
            if let Some(gap) = gap {
                gap.add(entry);
            } else {
                let text = format!("detail is not kept from here on: {why}");
                admitted.entries.push(note(entry, &text, of(entry)));
                admitted.left_out.push((entry.action, Gap::default()));
                admitted.noted += 1;
            }
        }
        admitted
    }

    /// The rest is kept, so what was left out is.
    pub(super) fn happened(&self, admitted: Admitted) {
        let lines: u64 = admitted.left_out.iter().map(|(_, gap)| gap.dropped.lines).sum();
        self.total.fetch_add(admitted.noted + lines, Ordering::Relaxed);
        let mut actions = self.actions();
        for (action, gap) in admitted.left_out {
            let known = actions.entry(action).or_default();
            known.dropped.lines += gap.dropped.lines;
            known.dropped.bytes += gap.dropped.bytes;
            known.last = gap.last.or(known.last.take());
        }
    }

    /// Everything that was left out since the first notes; it is over with that, once its end is told.
    pub(super) fn take_ends(&self) -> Ends {
        Ends(std::mem::take(&mut *self.actions()))
    }

    /// The notes of these ends could not be kept: they are told later.
    pub(super) fn give_back(&self, ends: Ends) {
        let mut actions = self.actions();
        for (action, gap) in ends.0 {
            let known = actions.entry(action).or_default();
            known.dropped.lines += gap.dropped.lines;
            known.dropped.bytes += gap.dropped.bytes;
            // What was left out since then is later.
            known.last = known.last.take().or(gap.last);
        }
    }
}

/// What was left out of each action, up to its end.
pub(super) struct Ends(HashMap<ActionId, Gap>);

impl Ends {
    /// The notes that say how much that was.
    pub(super) fn notes(&self) -> Vec<LogEntry> {
        let gaps = self.0.values();
        gaps.filter_map(|gap| {
            let last = gap.last.as_ref()?;
            let Dropped { lines, bytes } = gap.dropped;
            let text = format!("{lines} more entries of detail ({bytes} bytes) were not kept");
            Some(note(last, &text, gap.dropped))
        })
        .collect()
    }
}

impl Gap {
    fn add(&mut self, entry: &LogEntry) {
        let of = of(entry);
        self.dropped.lines += of.lines;
        self.dropped.bytes += of.bytes;
        self.last = Some(entry.clone());
    }
}

fn of(entry: &LogEntry) -> Dropped {
    Dropped {
        lines: 1,
        bytes: entry.text.as_str().len() as u64,
    }
}

/// A note in place of `entry`. Its words are ours, and hold no secret.
fn note(entry: &LogEntry, text: &str, dropped: Dropped) -> LogEntry {
    let mut note = LogEntry::new(
        entry.context.clone(),
        (entry.action, entry.seq),
        entry.time,
        LogLevel::Basic,
        LogEvent::Dropped,
        Masker::default().mask(text),
    );
    note.stream = LogStream::Story;
    note.dropped = Some(dropped);
    note
}
