//! What this process runs, and until when it may: the claims, kept by heartbeat, and the ends of those that were lost.
//!
//! A server that cannot renew a claim stops working on the action by itself when the claim runs out, before another
//! may take it up. What it began on hosts goes on there and is found by whoever goes on with the action. Should its
//! clock or its luck be worse than that, the store refuses what it wants to write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::app::ports::Clock;
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;

use super::closing::Closing;
use super::inbox::Said;

/// The right to work on one action, for the tasks that do. Cheap to clone.
#[derive(Clone)]
pub(super) struct Claim {
    until: watch::Receiver<Timestamp>,
    /// Cancelled when the claim is lost, or the server goes down.
    over: CancellationToken,
    closing: Closing,
    wanted: Arc<Notify>,
}

impl Claim {
    /// Resolves while the claim holds: at once, or when it was renewed, which is asked for. Never again once it is
    /// lost.
    pub(super) async fn held(&mut self, clock: &dyn Clock) {
        if clock.now() >= *self.until.borrow() {
            self.wanted.notify_one();
        }
        if self.until.wait_for(|until| clock.now() < *until).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Resolves when this process may not go on with the action.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// How the server stops.
    pub(super) fn closing(&self) -> &Closing {
        &self.closing
    }

    /// What ends with whoever works on the action, and when this process may not go on.
    pub(super) fn alive(&self) -> Alive {
        Alive(self.over.child_token())
    }
}

/// Somebody works on the action as long as this lives.
pub(super) struct Alive(CancellationToken);

impl Alive {
    /// Cancelled when nobody does any more.
    pub(super) fn end(&self) -> CancellationToken {
        self.0.clone()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What runs in this process.
#[derive(Clone, Default)]
pub(super) struct Running {
    runs: Arc<Mutex<HashMap<ActionId, Run>>>,
    wanted: Arc<Notify>,
}

struct Run {
    words: mpsc::UnboundedSender<Said>,
    until: watch::Sender<Timestamp>,
    over: CancellationToken,
}

/// An action is here as long as this lives.
pub(super) struct Place {
    running: Running,
    id: ActionId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.with(|runs| runs.remove(&self.id));
    }
}

impl Running {
    /// Notes an action that was claimed; none where it is here already.
    pub(super) fn enter(
        &self,
        id: ActionId,
        until: Timestamp,
        closing: &Closing,
    ) -> Option<(Place, Claim, mpsc::UnboundedReceiver<Said>)> {
        self.with(|runs| {
            if runs.contains_key(&id) {
                return None;
            }
            let (words, heard) = mpsc::unbounded_channel();
            let (until, renewed) = watch::channel(until);
            let over = closing.over();
            let claim = Claim {
                until: renewed,
                over: over.clone(),
                closing: closing.clone(),
                wanted: Arc::clone(&self.wanted),
            };
            runs.insert(id, Run { words, until, over });
            let place = Place {
                running: self.clone(),
                id,
            };
            Some((place, claim, heard))
        })
    }

    /// The way to an action that runs here.
    pub(super) fn words(&self, id: ActionId) -> Option<mpsc::UnboundedSender<Said>> {
        self.with(|runs| runs.get(&id).map(|run| run.words.clone()))
    }

    /// Resolves when somebody waits for a renewal.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// The actions whose claims are to be renewed.
    pub(super) fn ids(&self) -> Vec<ActionId> {
        self.with(|runs| {
            let held = runs.iter().filter(|(_, run)| !run.over.is_cancelled());
            held.map(|(id, _)| *id).collect()
        })
    }

    /// Of the claims `asked` about these were renewed; the others are lost.
    pub(super) fn renewed(&self, asked: &[ActionId], renewed: &[ActionId], until: Timestamp) {
        self.with(|runs| {
            for id in asked {
                match runs.get(id) {
                    Some(run) if renewed.contains(id) => drop(run.until.send_replace(until)),
                    Some(run) => run.over.cancel(),
                    None => {}
                }
            }
        });
    }

    /// Whether nothing runs here.
    pub(super) fn is_empty(&self) -> bool {
        self.with(|runs| runs.is_empty())
    }

    /// Gives up what nobody renewed in time; says how many those are.
    pub(super) fn give_up(&self, now: Timestamp) -> usize {
        self.with(|runs| {
            let lost = |run: &&Run| *run.until.borrow() <= now && !run.over.is_cancelled();
            let lost: Vec<&Run> = runs.values().filter(lost).collect();
            for run in &lost {
                run.over.cancel();
            }
            lost.len()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<ActionId, Run>) -> T) -> T {
        // The map stays whole whatever a panicking holder did: each change to it is one call.
        act(&mut self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
