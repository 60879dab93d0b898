//! What was written to a stream last: the other side may not have read it when it went away, and nobody would tell.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A daemon that lives reads what it has within so long.
const UNREAD: Duration = Duration::from_secs(5);
/// More than the queues of both sides hold.
const MOST_BYTES: usize = 8 << 20;

/// The portions that were sent last. Those that were sent well before the last one are known to be read: the daemon was there
/// to take that one.
#[derive(Debug, Default)]
pub(super) struct Unsure {
    portions: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
}

impl Unsure {
    /// Notes what was sent now.
    pub(super) fn sent(&mut self, portion: Vec<u8>, now: Instant) {
        if portion.is_empty() {
            return;
        }
        self.bytes += portion.len();
        self.portions.push_back((now, portion));
        while let Some((sent, first)) = self.portions.front()
            && self.portions.len() > 1
            && (now.duration_since(*sent) > UNREAD || self.bytes > MOST_BYTES)
        {
            self.bytes -= first.len();
            self.portions.pop_front();
        }
    }

    /// They, in their order.
    pub(super) fn portions(&self) -> impl Iterator<Item = &[u8]> {
        self.portions.iter().map(|(_, portion)| portion.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{MOST_BYTES, Unsure};

    #[test]
    fn what_was_sent_well_before_the_last_or_is_too_much_is_forgotten() {
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut unsure = Unsure::default();
        for (portion, seconds) in [("a", 0), ("b", 1), ("c", 5), ("d", 6)] {
            unsure.sent(portion.into(), at(seconds));
        }
        let kept: Vec<&[u8]> = unsure.portions().collect();
        assert_eq!(kept, [b"b", b"c", b"d"]);
        unsure.sent(vec![0; MOST_BYTES + 1], at(7));
        assert_eq!(unsure.portions().count(), 1, "the last one stays, however large");
        unsure.sent(Vec::new(), at(99));
        assert_eq!(unsure.portions().count(), 1);
    }
}
