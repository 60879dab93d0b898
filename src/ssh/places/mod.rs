//! Places: how many connections may be open at once over all actions, and who gets the next. The decisions are made in
//! `queue`, which is pure; here is what wakes, sleeps and closes.

mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::domain::action::ActionId;

use queue::{Queue, Ticket, Word};

/// So long a connection that nobody uses is left alone although others wait: a host's next step comes at once.
pub(in crate::ssh) const REST: Duration = Duration::from_secs(1);

/// On whose behalf: an action, or nobody's in particular.
pub(in crate::ssh) type Party = Option<ActionId>;

/// Somebody who has a place and can be asked to give it back while they do not use it.
pub(in crate::ssh) trait Vacates: Send + Sync {
    /// Closes what is open by the place of this number ([`Use::number`]), if it still is. The place is given back afterwards.
    fn vacate(self: Arc<Self>, number: u64) -> BoxFuture<'static, ()>;
}

/// All places.
#[derive(Clone)]
pub(in crate::ssh) struct Places {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    began: Instant,
}

struct State {
    queue: Queue<Party>,
    calls: HashMap<Ticket, oneshot::Sender<()>>,
    holders: HashMap<Ticket, Weak<dyn Vacates>>,
    /// Somebody sleeps until a resting place can be asked back.
    alarm: bool,
}

/// A place, or the wait for one; dropping it gives it back.
pub(in crate::ssh) struct Place {
    places: Places,
    ticket: Ticket,
}

/// That a place is in use.
pub(in crate::ssh) struct Use {
    places: Places,
    ticket: Ticket,
}

impl Places {
    /// So many, at least one; one that nobody uses is only asked back after it has rested so long.
    pub(in crate::ssh) fn new(places: usize, rest: Duration) -> Self {
        Self {
            inner: Arc::new(Inner {
                state: Mutex::new(State {
                    queue: Queue::new(places, rest.as_millis() as u64),
                    calls: HashMap::new(),
                    holders: HashMap::new(),
                    alarm: false,
                }),
                began: Instant::now(),
            }),
        }
    }

    /// Waits for a place, which is then in use once. A wait that is given up is nobody's loss.
    pub(in crate::ssh) async fn take(&self, party: Party, holder: Weak<dyn Vacates>) -> (Place, Use) {
        let (call, called) = oneshot::channel();
        let place = {
            let mut state = self.state();
            let (ticket, words) = state.queue.ask(party, self.now());
            state.calls.insert(ticket, call);
            state.holders.insert(ticket, holder);
            self.pass_on(state, words);
            Place {
                places: self.clone(),
                ticket,
            }
        };
        // The sender is only dropped with the place itself.
        let _ = called.await;
        let used = Use {
            places: self.clone(),
            ticket: place.ticket,
        };
        (place, used)
    }

    /// How many of a party wait.
    pub(in crate::ssh) fn waiting(&self, party: Party) -> usize {
        self.state().queue.waiting(party)
    }

    /// How many places there are.
    pub(in crate::ssh) fn number(&self) -> usize {
        self.state().queue.places()
    }

    fn now(&self) -> u64 {
        self.inner.began.elapsed().as_millis() as u64
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, ticket: Ticket) {
        let mut state = self.state();
        state.calls.remove(&ticket);
        state.holders.remove(&ticket);
        let words = state.queue.leave(ticket, self.now());
        self.pass_on(state, words);
    }

    fn pass_on(&self, mut state: MutexGuard<'_, State>, words: Vec<Word>) {
        let runtime = tokio::runtime::Handle::try_current();
        for word in words {
            match word {
                Word::Come(ticket) => {
                    // Whoever has just given up leaves, and the place goes to the next.
                    if let Some(call) = state.calls.remove(&ticket) {
                        let _ = call.send(());
                    }
                }
                Word::Vacate(ticket) => {
                    // Nothing is upgraded here: the last one who holds it would come back to this lock.
                    let holder = state.holders.get(&ticket).cloned();
                    let places = self.clone();
                    if let Ok(runtime) = &runtime {
                        runtime.spawn(async move {
                            if let Some(holder) = holder.and_then(|holder| holder.upgrade()) {
                                holder.vacate(ticket).await;
                            }
                            places.leave(ticket);
                        });
                    }
                }
            }
        }
        if let (Some(at), false, Ok(runtime)) = (state.queue.wake_at(), state.alarm, runtime) {
            state.alarm = true;
            let (places, at) = (self.clone(), self.inner.began + Duration::from_millis(at));
            runtime.spawn(async move {
                tokio::time::sleep_until(at).await;
                let mut state = places.state();
                state.alarm = false;
                let words = state.queue.settle(places.now());
                places.pass_on(state, words);
            });
        }
    }
}

impl Place {
    /// Uses it once more; none where it was asked back meanwhile.
    pub(in crate::ssh) fn enter(&self) -> Option<Use> {
        self.places.state().queue.enter(self.ticket).then(|| Use {
            places: self.places.clone(),
            ticket: self.ticket,
        })
    }
}

impl Use {
    /// Which place it is.
    pub(in crate::ssh) fn number(&self) -> u64 {
        self.ticket
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.leave(self.ticket);
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut state = self.places.state();
        let words = state.queue.step_out(self.ticket, self.places.now());
        self.places.pass_on(state, words);
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "places_test.rs"]
mod tests;
