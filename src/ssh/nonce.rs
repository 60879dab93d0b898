//! Numbers that nobody can guess: they mark records in a step's output, and name temporary files.

use data_encoding::HEXLOWER;

/// 96 random bits in hex.
pub(super) fn nonce() -> String {
    HEXLOWER.encode(&rand::random::<[u8; 12]>())
}
