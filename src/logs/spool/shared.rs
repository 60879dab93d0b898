//! What the writer and the readers of a spool share.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::SpoolOptions;
use super::position::Position;
use super::room::Room;
use super::segment::Segment;

/// A sink's position is kept this often at most: after a crash it gets what it got since then once more.
const KEEP_EVERY: Duration = Duration::from_millis(200);

pub(super) struct Shared {
    pub(super) options: SpoolOptions,
    /// The number of the next record.
    pub(super) head: watch::Sender<u64>,
    state: Mutex<State>,
}

struct State {
    /// Oldest first; the last one is being written.
    segments: Vec<Segment>,
    sinks: BTreeMap<String, Reached>,
    /// Why the disk takes nothing.
    disk: Option<String>,
}

struct Reached {
    at: Position,
    /// When it was last kept in its file; none where it changed and never was.
    kept: Option<Instant>,
    changed: bool,
}

impl Shared {
    pub(super) fn new(options: SpoolOptions, segments: Vec<Segment>, head: u64, sinks: &[&str]) -> Self {
        let mut reached = BTreeMap::new();
        for sink in sinks {
            let at = place(Position::read(&options.folder, sink), &segments, head);
            reached.insert(
                (*sink).to_owned(),
                Reached {
                    at,
                    kept: None,
                    changed: false,
                },
            );
        }
        Self {
            options,
            head: watch::Sender::new(head),
            state: Mutex::new(State {
                segments,
                sinks: reached,
                disk: None,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The segment that is being written.
    pub(super) fn active(&self) -> Segment {
        let first = Segment { first: 0, bytes: 0 };
        self.state().segments.last().cloned().unwrap_or(first)
    }

    /// The active segment holds so many bytes now, and the next record has this number.
    pub(super) fn written(&self, bytes: u64, head: u64) {
        if let Some(active) = self.state().segments.last_mut() {
            active.bytes = bytes;
        }
        self.head.send_replace(head);
    }

    /// A new segment is being written.
    pub(super) fn rolled(&self, first: u64) {
        self.state().segments.push(Segment { first, bytes: 0 });
    }

    pub(super) fn disk(&self, trouble: Option<String>) {
        self.state().disk = trouble;
    }

    pub(super) fn disk_trouble(&self) -> Option<String> {
        self.state().disk.clone()
    }

    pub(super) fn room(&self) -> Room {
        let state = self.state();
        let bytes = state.segments.iter().map(|segment| segment.bytes).sum();
        Room::of(
            self.options.audit,
            bytes,
            self.options.max_bytes,
            state.disk.as_deref(),
        )
    }

    /// How many bytes of the segment may be read, and which comes after it.
    pub(super) fn extent(&self, first: u64) -> (u64, Option<u64>) {
        let state = self.state();
        let bytes = state
            .segments
            .iter()
            .find(|segment| segment.first == first)
            .map_or(0, |segment| segment.bytes);
        let next = state
            .segments
            .iter()
            .map(|segment| segment.first)
            .find(|other| *other > first);
        (bytes, next)
    }

    /// Where the sink goes on.
    pub(super) fn position(&self, sink: &str) -> Position {
        let state = self.state();
        let oldest = state.segments.first().map_or(0, |segment| segment.first);
        state
            .sinks
            .get(sink)
            .map_or_else(|| Position::at(oldest), |reached| reached.at)
    }

    /// A sink has everything before this position: segments that all of them have go.
    pub(super) fn delivered(&self, sink: &str, at: Position) {
        let mut state = self.state();
        let mut due = false;
        if let Some(reached) = state.sinks.get_mut(sink) {
            reached.at = at;
            reached.changed = true;
            due = reached.kept.is_none_or(|kept| kept.elapsed() >= KEEP_EVERY);
        }
        let done = state
            .sinks
            .values()
            .map(|reached| reached.at.number)
            .min()
            .unwrap_or(0);
        let mut gone = Vec::new();
        while state.segments.get(1).is_some_and(|next| next.first <= done) {
            gone.push(state.segments.remove(0));
        }
        drop(state);
        if due || !gone.is_empty() {
            self.keep_positions();
        }
        for segment in gone {
            let path = Segment::path(&self.options.folder, segment.first);
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "a segment of the log spool that is done with stays");
            }
        }
    }

    /// Writes down where every sink is.
    pub(super) fn keep_positions(&self) {
        let changed: Vec<(String, Position)> = {
            let mut state = self.state();
            state
                .sinks
                .iter_mut()
                .filter(|(_, reached)| reached.changed)
                .map(|(sink, reached)| {
                    reached.changed = false;
                    reached.kept = Some(Instant::now());
                    (sink.clone(), reached.at)
                })
                .collect()
        };
        for (sink, at) in changed {
            if let Err(error) = at.write(&self.options.folder, &sink) {
                // It gets some of it twice after a restart, which does no harm.
                tracing::warn!(sink, %error, "how far a sink of the log has come could not be kept");
            }
        }
    }

    pub(super) fn backlog(&self) -> BTreeMap<String, u64> {
        let head = *self.head.borrow();
        self.state()
            .sinks
            .iter()
            .map(|(sink, reached)| (sink.clone(), head.saturating_sub(reached.at.number)))
            .collect()
    }
}

/// Where a sink goes on that had come to `kept`.
fn place(kept: Option<Position>, segments: &[Segment], head: u64) -> Position {
    let last = segments.last();
    let end = last.map_or(Position::at(0), |last| Position {
        number: head,
        segment: last.first,
        offset: last.bytes,
    });
    let oldest = Position::at(segments.first().map_or(0, |segment| segment.first));
    match kept {
        None => oldest,
        // The end was torn off that it had got already.
        Some(kept) if kept.number >= head => end,
        Some(kept) => {
            let there = segments.iter().enumerate().any(|(place, segment)| {
                segment.first == kept.segment
                    && kept.offset <= segment.bytes
                    && kept.number >= segment.first
                    && segments
                        .get(place + 1)
                        .is_none_or(|next| kept.number <= next.first)
            });
            if there { kept } else { oldest }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Segment, place};

    #[test]
    fn a_sink_goes_on_where_it_was_or_with_the_oldest_that_is_there() {
        let segments = [
            Segment {
                first: 10,
                bytes: 100,
            },
            Segment { first: 20, bytes: 50 },
        ];
        let at = |number, segment, offset| Position {
            number,
            segment,
            offset,
        };
        for (kept, expected) in [
            (None, at(10, 10, 0)),
            (Some(at(15, 10, 60)), at(15, 10, 60)),
            (Some(at(20, 10, 100)), at(20, 10, 100)),
            (Some(at(22, 20, 20)), at(22, 20, 20)),
            // Its segment is gone, or shorter than it was, or another.
            (Some(at(5, 0, 60)), at(10, 10, 0)),
            (Some(at(15, 10, 101)), at(10, 10, 0)),
            (Some(at(21, 10, 90)), at(10, 10, 0)),
            // It had more than is there.
            (Some(at(40, 20, 90)), at(25, 20, 50)),
        ] {
            assert_eq!(place(kept, &segments, 25), expected, "{kept:?}");
        }
    }
}
