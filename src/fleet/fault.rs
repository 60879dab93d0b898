//! The ways in which a made-up host can misbehave.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A way to misbehave, until another one is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fault {
    /// None.
    #[default]
    None,
    /// Connections are closed as soon as they are opened, before a word is said.
    Refuse,
    /// Connections are taken, and nothing is ever said.
    HangBeforeBanner,
    /// Every login is refused.
    RefuseLogins,
    /// Sessions are not opened.
    RefuseSessions,
    /// The connection is cut when the command of this number (from 1, counted since the fault was set) was started.
    CutOnExec(usize),
    /// Each connection is cut after so many bytes to the host, counted since it was opened.
    CutAfterBytesIn(u64),
    /// Each connection is cut after so many bytes from the host, counted since it was opened.
    CutAfterBytesOut(u64),
    /// Commands whose text (with what comes on their stdin first) contains this do not run, and end with this exit code.
    Fail {
        /// The text.
        matching: String,
        /// The exit code.
        code: u32,
    },
    /// Every command waits so long before it starts.
    Slow(Duration),
}

/// What a host does wrong at the moment.
#[derive(Debug, Default)]
pub(super) struct Faults {
    current: Mutex<Fault>,
    execs: AtomicUsize,
    cuts: AtomicUsize,
}

impl Faults {
    pub(super) fn set(&self, fault: Fault) {
        self.execs.store(0, Ordering::SeqCst);
        self.cuts.store(0, Ordering::SeqCst);
        *lock(&self.current) = fault;
    }

    pub(super) fn get(&self) -> Fault {
        lock(&self.current).clone()
    }

    /// Notes that a connection was cut.
    pub(super) fn count_cut(&self) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }

    /// How many connections were cut, or refused, since the fault was set.
    pub(super) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    /// The number of a command since the fault was set.
    pub(super) fn count_exec(&self) -> usize {
        self.execs.fetch_add(1, Ordering::SeqCst) + 1
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
