//! The room for lines of output on their way to the log store: what of an action is in memory while the store is slow or
//! hangs. Nobody waits for room: a line that gets none is held at the end of its output, or left out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

#[cfg(test)]
mod tests {
    use super::{ACTION_BYTES, ATTEMPT_BYTES, ActionRoom, AttemptRoom, OWN_BYTES, Room};

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
