//! The room for lines of output on their way to the log store: what of an action is in memory while the store is slow or
//! hangs. Nobody waits for room: a line that gets none is held at the end of its output, or left out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::log_entry::Dropped;

/// What a line takes up besides its text: the entry, and its place in the queue. An estimate.
const ENTRY_BYTES: u64 = 512;
/// What every attempt has for itself, about 1,000 short lines: another one's flood takes nothing of it.
const OWN_BYTES: usize = 512 * 1024;
/// What one attempt may have beyond that of its action's, about 30,000 short lines.
const ATTEMPT_BYTES: usize = 16 * 1024 * 1024;
/// What all attempts of an action together may have beyond their own.
const ACTION_BYTES: usize = 128 * 1024 * 1024;

/// The room of one action.
pub(super) struct ActionRoom(Arc<Semaphore>);

impl Default for ActionRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ACTION_BYTES)))
    }
}

impl ActionRoom {
    /// The room of one of its attempts.
    pub(super) fn of_attempt(&self) -> AttemptRoom {
        AttemptRoom {
            own: Arc::new(Semaphore::new(OWN_BYTES)),
            more: Arc::new(Semaphore::new(ATTEMPT_BYTES)),
            action: Arc::clone(&self.0),
        }
    }
}

/// The room of one attempt.
pub(super) struct AttemptRoom {
    own: Arc<Semaphore>,
    more: Arc<Semaphore>,
    action: Arc<Semaphore>,
}

/// Room that one line has until it is dropped.
pub(super) struct Room {
    _first: OwnedSemaphorePermit,
    _of_action: Option<OwnedSemaphorePermit>,
}

impl AttemptRoom {
    /// Room for a line of so many bytes; none where there is not enough.
    pub(super) fn take(&self, bytes: u64) -> Option<Room> {
        // A line of any length has room where nothing else is on its way.
        let bytes = (bytes + ENTRY_BYTES).min(OWN_BYTES as u64) as u32;
        let take = |of: &Arc<Semaphore>| Arc::clone(of).try_acquire_many_owned(bytes).ok();
        if let Some(own) = take(&self.own) {
            return Some(Room {
                _first: own,
                _of_action: None,
            });
        }
        Some(Room {
            _first: take(&self.more)?,
            _of_action: Some(take(&self.action)?),
        })
    }
}

/// The room of entries of which each may be left out: what is seen of an attempt again and again.
pub(super) struct Repeated {
    room: AttemptRoom,
    left_out: Dropped,
}

/// The room of an entry, and what is to be said before it was left out, with the room of that.
pub(super) type RepeatedRoom = (Room, Option<(Dropped, Room)>);

impl Repeated {
    pub(super) fn new(room: AttemptRoom) -> Self {
        Self {
            room,
            left_out: Dropped::default(),
        }
    }

    /// Room for an entry of so many bytes. Where there is none, it is left out, which is told with the next one or at the end.
    pub(super) fn take(&mut self, bytes: u64) -> Option<RepeatedRoom> {
        let note = if self.left_out.lines > 0 {
            self.room.take(0).map(|room| (self.left_out, room))
        } else {
            None
        };
        match self.room.take(bytes) {
            Some(room) if note.is_some() == (self.left_out.lines > 0) => {
                self.left_out = Dropped::default();
                Some((room, note))
            }
            _ => {
                self.left_out.lines += 1;
                self.left_out.bytes += bytes;
                None
            }
        }
    }

    /// What is still to be told.
    pub(super) fn left_out(&self) -> Option<Dropped> {
        (self.left_out.lines > 0).then_some(self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::{ACTION_BYTES, ATTEMPT_BYTES, ActionRoom, AttemptRoom, OWN_BYTES, Repeated, Room};
    use crate::domain::log_entry::Dropped;

    fn all(of: &AttemptRoom, bytes: u64) -> Vec<Room> {
        std::iter::from_fn(|| of.take(bytes)).collect()
    }

    #[test]
    fn a_flood_of_short_lines_has_room_for_tens_of_thousands_and_no_more() {
        let action = ActionRoom::default();
        let lines = all(&action.of_attempt(), 20).len();
        assert!((30_000..35_000).contains(&lines), "{lines}");
    }

    #[test]
    fn room_is_counted_in_bytes_and_comes_back() {
        let action = ActionRoom::default();
        let attempt = action.of_attempt();
        let bytes = 64 * 1024;
        let taken = all(&attempt, bytes);
        assert!(taken.len() as u64 <= (OWN_BYTES + ATTEMPT_BYTES) as u64 / bytes);
        assert!(attempt.take(bytes).is_none());
        let before = taken.len();
        drop(taken);
        assert_eq!(all(&attempt, bytes).len(), before);
    }

    #[test]
    fn what_is_seen_again_and_again_has_its_bound_and_what_is_left_out_is_counted() {
        let action = ActionRoom::default();
        let mut probes = Repeated::new(action.of_attempt());
        let mut on_their_way: Vec<_> = (0..100_000).filter_map(|_| probes.take(60)).collect();
        assert!((25_000..35_000).contains(&on_their_way.len()));
        let lines = 100_000 - on_their_way.len() as u64;
        assert_eq!(
            probes.left_out(),
            Some(Dropped {
                lines,
                bytes: lines * 60
            })
        );
        // Room for one is not room for the note and the next one.
        on_their_way.pop();
        assert!(probes.take(60).is_none());
        on_their_way.clear();
        let (_room, note) = probes.take(60).unwrap();
        let lines = lines + 1;
        assert_eq!(
            note.map(|(dropped, _)| dropped),
            Some(Dropped {
                lines,
                bytes: lines * 60
            })
        );
        assert!(probes.take(60).unwrap().1.is_none(), "it is told once");
        assert_eq!(probes.left_out(), None);
    }

    #[test]
    fn a_line_longer_than_all_room_has_some() {
        assert!(
            ActionRoom::default()
                .of_attempt()
                .take(u64::from(u32::MAX))
                .is_some()
        );
    }

    #[test]
    fn floods_of_many_leave_an_attempt_what_is_its_own() {
        let action = ActionRoom::default();
        let attempts: Vec<AttemptRoom> = (0..=(ACTION_BYTES / ATTEMPT_BYTES))
            .map(|_| action.of_attempt())
            .collect();
        let floods: Vec<Vec<Room>> = attempts.iter().map(|attempt| all(attempt, 100_000)).collect();
        let quiet = action.of_attempt();
        let lines = all(&quiet, 20).len();
        assert!((900..1100).contains(&lines), "{lines}");
        drop(floods);
        assert!(all(&quiet, 20).len() > 30_000);
    }
}
