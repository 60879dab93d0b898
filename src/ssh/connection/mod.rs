//! A connection to a host: reached over its jump hosts, its key checked, logged in, and shared by everything that
//! runs there.

mod algorithms;
mod channel;
mod dial;
mod guard;
mod hop;
mod jumps;
mod leash;
mod limits;
mod network;
mod open;
mod race;
mod scan;
mod socket;

pub use dial::Dialer;
pub use open::Connection;
pub use scan::Scanned;

pub(super) use channel::{Heard, Running};
pub(super) use guard::{Guard, Report};
