//! The pieces of files that were read last. Hosts that a file goes to at the same time are at about the same place in it, so
//! that each piece is read once for all of them; one that lags behind reads its piece again. What is held does not grow
//! with the files, nor with the hosts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

/// Bytes of a piece.
pub(super) const PIECE: u64 = 256 * 1024;
/// Pieces that are held: 16 MiB.
const HELD: usize = 64;

/// Which piece of which file.
type Place = (u64, u64);
type Slot = Arc<OnceCell<Bytes>>;

/// What is held, for all files.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    files: AtomicU64,
    held: Mutex<VecDeque<(Place, Slot)>>,
}

impl Pieces {
    /// A number for a file that has none yet.
    pub(super) fn new_file(&self) -> u64 {
        self.files.fetch_add(1, Ordering::Relaxed)
    }

    /// The piece, by `read` where nobody has read it a moment ago. Those who ask for it together wait for one reading.
    pub(super) async fn get(
        &self,
        place: Place,
        read: impl Future<Output = Result<Bytes, String>>,
    ) -> Result<Bytes, String> {
        let slot = self.slot(place);
        slot.get_or_try_init(|| read).await.cloned()
    }

    fn slot(&self, place: Place) -> Slot {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = held.iter().rev().find(|(known, _)| *known == place) {
            return Arc::clone(slot);
        }
        if held.len() >= HELD {
            held.pop_front();
        }
        let slot = Slot::default();
        held.push_back((place, Arc::clone(&slot)));
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use bytes::Bytes;

    use super::{HELD, Pieces};

    #[tokio::test]
    async fn those_who_go_together_read_once_and_no_more_is_held_than_allowed() {
        let (pieces, read) = (Pieces::default(), AtomicU64::new(0));
        let get = |place| {
            pieces.get(place, async {
                read.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(Bytes::from_static(b"x"))
            })
        };
        let (one, two) = tokio::join!(get((1, 0)), get((1, 0)));
        assert_eq!(
            (one, two),
            (Ok(Bytes::from_static(b"x")), Ok(Bytes::from_static(b"x")))
        );
        assert_eq!(read.load(Ordering::Relaxed), 1);
        for piece in 1..=HELD as u64 {
            get((1, piece)).await.unwrap();
        }
        assert_eq!(pieces.held.lock().unwrap().len(), HELD);
        // The first one had to make room.
        get((1, 0)).await.unwrap();
        assert_eq!(read.load(Ordering::Relaxed), HELD as u64 + 2);
    }

    #[tokio::test]
    async fn a_reading_that_failed_is_tried_again() {
        let pieces = Pieces::default();
        let failed = pieces.get((1, 0), async { Err("no".to_owned()) }).await;
        assert_eq!(failed, Err("no".to_owned()));
        let good = pieces.get((1, 0), async { Ok(Bytes::from_static(b"x")) }).await;
        assert_eq!(good, Ok(Bytes::from_static(b"x")));
    }
}
