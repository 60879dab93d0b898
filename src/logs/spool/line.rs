//! One record in a segment: a line of its checksum and its JSON.
//!
//! A line, because JSON has no line feed of its own: whatever is damaged, the next line feed is where the next record
//! begins, and a person can read the file.

use std::io::Write as _;

use crate::domain::log_entry::LogEntry;

/// Eight hexadecimal digits of the CRC-32 of what follows the space after them.
const DIGITS: usize = 8;

/// A line that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record of the spool is damaged")]
pub struct Damaged;

/// Adds the line of an entry to `into`, its line feed included.
///
/// # Errors
/// What the serializer says; nothing is added.
pub fn encode(entry: &LogEntry, into: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let begin = into.len();
    into.extend_from_slice(b"00000000 ");
    let json = into.len();
    if let Err(error) = serde_json::to_writer(&mut *into, entry) {
        into.truncate(begin);
        return Err(error);
    }
    let sum = crc32fast::hash(&into[json..]);
    let mut digits = &mut into[begin..begin + DIGITS];
    // Eight digits fit into eight bytes.
    let _ = write!(digits, "{sum:08x}");
    into.push(b'\n');
    Ok(())
}

/// The JSON of a line without its line feed, where its checksum holds.
pub(super) fn checked(line: &[u8]) -> Result<&[u8], Damaged> {
    let (digits, rest) = line.split_at_checked(DIGITS).ok_or(Damaged)?;
    let json = rest.strip_prefix(b" ").ok_or(Damaged)?;
    let digits = std::str::from_utf8(digits).map_err(|_| Damaged)?;
    let sum = u32::from_str_radix(digits, 16).map_err(|_| Damaged)?;
    if sum == crc32fast::hash(json) {
        Ok(json)
    } else {
        Err(Damaged)
    }
}

/// The entry of a line without its line feed.
///
/// # Errors
/// [`Damaged`] where its checksum does not hold, or it is no entry that this Edgewise knows.
pub fn decode(line: &[u8]) -> Result<LogEntry, Damaged> {
    serde_json::from_slice(checked(line)?).map_err(|_| Damaged)
}
