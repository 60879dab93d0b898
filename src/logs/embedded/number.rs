//! How entries are numbered: an action's lie side by side in their order, and blocks of them are indexed together.

/// How many bits of an entry's number are its `seq`: 68 thousand million entries an action, and 134 million actions.
const SEQ_BITS: u32 = 36;
/// How many bits of an entry's number are its place in its block. Smaller blocks make the index larger, larger ones make each
/// search read more lines in vain: `docs/decisions/embedded-log.md` has the measurement. Files hold blocks of this size, so
/// that another one takes a migration.
const BLOCK_BITS: u32 = 6;

/// The number of an entry; none where `seq` is too great to have one.
pub(super) fn number(action: i64, seq: u64) -> Option<i64> {
    let seq = i64::try_from(seq).ok().filter(|seq| *seq < 1 << SEQ_BITS)?;
    // The number after the action's last must fit too.
    let end = action.checked_add(1)?.checked_mul(1 << SEQ_BITS)?;
    Some(end - (1 << SEQ_BITS) + seq)
}

/// The `seq` of the entry of this number.
pub(super) fn seq(number: i64) -> u64 {
    (number & ((1 << SEQ_BITS) - 1)).unsigned_abs()
}

/// The numbers that entries of an action may have: the first, and the one after the last.
pub(super) fn numbers(action: i64) -> (i64, i64) {
    let first = action << SEQ_BITS;
    (first, first.saturating_add(1 << SEQ_BITS))
}

/// The block of an entry.
pub(super) fn block(number: i64) -> i64 {
    number >> BLOCK_BITS
}

/// The numbers of a block: the first, and the one after the last.
pub(super) fn numbers_of_block(block: i64) -> (i64, i64) {
    (block << BLOCK_BITS, (block + 1) << BLOCK_BITS)
}

#[cfg(test)]
mod tests {
    use super::{block, number, numbers, numbers_of_block, seq};

    #[test]
    fn a_number_is_an_action_and_a_seq() {
        for (action, at) in [(1, 0), (1, 5), (7, (1 << 36) - 1), ((1 << 27) - 2, 3)] {
            let number = number(action, at).unwrap();
            let (first, end) = numbers(action);
            assert!((first..end).contains(&number), "{action} {at}");
            assert_eq!(seq(number), at);
            let (first, end) = numbers_of_block(block(number));
            assert!((first..end).contains(&number), "{action} {at}");
        }
        assert_eq!(number(1, 1 << 36), None);
        assert_eq!(number((1 << 27) - 1, 0), None);
    }

    #[test]
    fn no_block_belongs_to_two_actions() {
        let (first, end) = numbers(3);
        assert_eq!(numbers_of_block(block(first)).0, first);
        assert_eq!(numbers_of_block(block(end - 1)).1, end);
    }
}
