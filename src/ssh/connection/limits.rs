//! How many logins may be under way at once: to one sshd, to one network, through one jump host, and over all.
//!
//! sshd sheds logins beyond `MaxStartups` (10 by default), a site's firewall may take a flood for an attack, and a jump host
//! has to carry them all. A limit that turns out to be too high for a server is lowered as long as the server is in use.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ssh::settings::SshLimits;

use super::network::Network;

/// Gates that nobody uses are forgotten when there are more than so many.
const MANY: usize = 512;
/// So many logins in a row must go well before a limit that was lowered is raised by one.
const CALM: usize = 16;

/// Where a login goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Goal {
    /// The server: by which way, at which address and port.
    pub(super) server: String,
    /// What stands before it.
    pub(super) region: Region,
}

/// What stands before a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Region {
    /// Its network.
    Network(Network),
    /// The jump host through which it is reached: the way there.
    Jump(String),
}

/// Who may begin a login.
#[derive(Debug)]
pub(super) struct Limits {
    most: SshLimits,
    everywhere: Arc<Semaphore>,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
}

/// The turns at one place.
#[derive(Debug)]
struct Gate {
    turns: Arc<Semaphore>,
    most: usize,
    /// What holds now.
    now: AtomicUsize,
    calm: AtomicUsize,
}

/// The right to be in a login, until it is dropped.
pub(super) struct Turn {
    gate: Arc<Gate>,
    server: OwnedSemaphorePermit,
    _region: OwnedSemaphorePermit,
    _everywhere: OwnedSemaphorePermit,
}

impl Limits {
    pub(super) fn new(most: SshLimits) -> Self {
        Self {
            everywhere: Arc::new(Semaphore::new(most.starts.max(1))),
            gates: Mutex::default(),
            most,
        }
    }

    /// Waits for a turn. It is had from the narrow to the wide, so that a wait at one server takes no place from the others.
    pub(super) async fn turn(&self, goal: &Goal) -> Turn {
        let gate = self.gate(format!("at {}", goal.server), self.most.starts_per_address);
        let server = acquire(&gate.turns).await;
        let (region, most) = match &goal.region {
            Region::Network(network) => (format!("in {network}"), self.most.starts_per_network),
            Region::Jump(way) => (format!("via {way}"), self.most.starts_per_jump),
        };
        let region = acquire(&self.gate(region, most).turns).await;
        let everywhere = acquire(&self.everywhere).await;
        Turn {
            gate,
            server,
            _region: region,
            _everywhere: everywhere,
        }
    }

    fn gate(&self, name: String, most: usize) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() > MANY {
            gates.retain(|_, gate| !gate.is_idle());
        }
        Arc::clone(
            gates
                .entry(name)
                .or_insert_with(|| Arc::new(Gate::new(most.max(1)))),
        )
    }
}

impl Gate {
    fn new(most: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(most)),
            most,
            now: AtomicUsize::new(most),
            calm: AtomicUsize::new(0),
        }
    }

    /// Nobody is in it and nobody waits: those who do hold the semaphore.
    fn is_idle(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1 && Arc::strong_count(&self.turns) == 1
    }
}

impl Turn {
    /// The server shed the login: it gets fewer at once from now on.
    pub(super) fn was_shed(self) {
        self.gate.calm.store(0, Ordering::Relaxed);
        let lower = |now: usize| (now > 1).then(|| now - 1);
        let lowered = self
            .gate
            .now
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower);
        if lowered.is_ok() {
            self.server.forget();
        }
    }

    /// It went well.
    pub(super) fn went_well(self) {
        if self.gate.calm.fetch_add(1, Ordering::Relaxed) + 1 < CALM {
            return;
        }
        self.gate.calm.store(0, Ordering::Relaxed);
        let most = self.gate.most;
        let raise = |now: usize| (now < most).then(|| now + 1);
        let raised = self
            .gate
            .now
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, raise);
        if raised.is_ok() {
            self.gate.turns.add_permits(1);
        }
    }
}

async fn acquire(turns: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(turns)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed")
}

#[cfg(test)]
mod tests {
    use futures_util::future::FutureExt as _;

    use super::{CALM, Goal, Limits, MANY, Network, Region, Turn};
    use crate::ssh::settings::SshLimits;

    fn limits() -> Limits {
        Limits::new(SshLimits {
            starts: 6,
            starts_per_network: 4,
            starts_per_jump: 3,
            starts_per_address: 2,
            ..SshLimits::default()
        })
    }

    fn goal(address: [u8; 4]) -> Goal {
        Goal {
            server: format!("{address:?}"),
            region: Region::Network(Network::of(address.into())),
        }
    }

    fn behind(jump: &str, server: &str) -> Goal {
        Goal {
            server: format!("{jump} {server}"),
            region: Region::Jump(jump.to_owned()),
        }
    }

    fn at_once(limits: &Limits, goals: impl IntoIterator<Item = Goal>) -> Vec<Turn> {
        goals
            .into_iter()
            .filter_map(|goal| limits.turn(&goal).now_or_never())
            .collect()
    }

    #[test]
    fn each_limit_holds_by_itself() {
        let here = |n: u8| goal([10, 0, 0, n]);
        for (goals, most, what) in [
            (vec![here(1); 5], 2, "one server"),
            ((1..9).map(here).collect(), 4, "one network"),
            ((1..9).map(|n| goal([10, 0, n, 1])).collect(), 6, "all"),
            (
                (1..9).map(|n| behind("jump", &n.to_string())).collect(),
                3,
                "one jump host",
            ),
        ] {
            assert_eq!(at_once(&limits(), goals).len(), most, "{what}");
        }
    }

    #[test]
    fn the_same_address_behind_two_jump_hosts_is_two_servers() {
        let limits = limits();
        let goals = [
            behind("a", "10.0.0.1:22"),
            behind("a", "10.0.0.1:22"),
            behind("b", "10.0.0.1:22"),
        ];
        assert_eq!(at_once(&limits, goals).len(), 3);
    }

    #[test]
    fn a_server_that_sheds_gets_fewer_until_it_is_calm_again() {
        let limits = limits();
        let one = || limits.turn(&goal([10, 0, 0, 1])).now_or_never();
        for _ in 0..5 {
            one().expect("a turn").was_shed();
        }
        let held = one().expect("one is always left");
        assert!(one().is_none());
        drop(held);
        for _ in 0..CALM {
            one().expect("a turn").went_well();
        }
        let held = (one().expect("a turn"), one().expect("two again"));
        assert!(one().is_none());
        drop(held);
    }

    #[test]
    fn a_wait_that_is_given_up_takes_no_turn_and_places_are_forgotten() {
        let limits = limits();
        let held = at_once(&limits, vec![goal([10, 0, 0, 1]); 3]);
        assert_eq!(held.len(), 2);
        drop(held);
        assert_eq!(at_once(&limits, vec![goal([10, 0, 0, 1]); 3]).len(), 2);
        for n in 0..3 * MANY {
            at_once(&limits, [goal([10, (n / 256) as u8, (n % 256) as u8, 1])]);
        }
        assert!(limits.gates.lock().expect("no panic").len() <= MANY + 2);
    }
}
