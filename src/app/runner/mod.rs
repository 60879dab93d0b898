//! Runs actions: the dispatcher has the truth of each, the executor does its steps, recovery goes on with what a
//! stopped server left.

mod attempts;
mod check;
mod claims;
mod closing;
mod debt;
mod dispatcher;
mod door;
mod ends;
mod executor;
mod figures;
mod hearing;
mod host_check;
mod in_flight;
mod in_force;
mod inbox;
mod journal;
mod leases;
mod measuring;
mod notices;
mod output;
mod outside;
mod payload;
mod pool_places;
mod pools;
mod record;
mod recovery;
mod replay;
mod secrets;
mod seen;
mod service;
mod sessions;
mod story;
mod timers;
mod verdicts;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio_util::task::TaskTracker;

use crate::app::error::AppError;
use crate::app::feed::Feed;
use crate::app::messenger::Bell;
use crate::domain::action::ActionId;
use crate::domain::actor::Actor;
use crate::domain::output_limit::OutputLimits;
use crate::domain::rollout::{Rollout, Steer};
use crate::domain::timestamp::Timestamp;
use crate::store::{ServerId, SteerId, Store, StoreError};

pub use figures::Figures;
pub(crate) use notices::first_notices;
pub use outside::Outside;

use claims::Running;
use closing::Closing;
use dispatcher::Stopped;
use ends::Ends;
use inbox::{Said, Word};

/// How long a server's claim on an action holds without being renewed: with the look at what is free, a dead server's
/// actions are taken over within 30 s.
const CLAIM_SECONDS: u64 = 20;
/// By how much at most it is shorter, by chance: what falls in step with servers that die on an even beat would be free, again and
/// again, just before whoever takes it up dies.
const CLAIM_JITTER_MILLIS: u64 = 5000;
/// From one renewal, and look at what is free, to the next.
const RENEW_SECONDS: u64 = 5;
/// How long an action rests after it could not be gone on with; twice as long each time, up to the longest rest.
const REST_SECONDS: u64 = 5;
const LONGEST_REST_SECONDS: u64 = 300;
/// How long one who steers an action that runs elsewhere waits to be told what became of the word.
const ELSEWHERE: Duration = Duration::from_secs(10);
/// From one look at that to the next.
const LOOK: Duration = Duration::from_millis(100);

/// When a claim that is made or renewed now runs out.
fn claim_until(now: Timestamp) -> Timestamp {
    let shorter = rand::random::<u64>() % CLAIM_JITTER_MILLIS;
    now.plus_millis(CLAIM_SECONDS * 1000 - shorter)
}

/// Runs the actions of this process. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    outside: Outside,
    feed: Feed,
    bell: Bell,
    output_limits: OutputLimits,
    server: ServerId,
    running: Running,
    /// How often in a row each action could not be gone on with.
    troubled: Mutex<HashMap<ActionId, u32>>,
    ended: watch::Sender<u64>,
    ends: Ends,
    figures: Figures,
    tasks: TaskTracker,
    /// Where actions run. Use cases are called on the web server's own threads, whose runtimes end with it.
    runtime: Handle,
    closing: Closing,
}

impl Runner {
    /// A runner that runs nothing yet. Its actions will run on the runtime it is made on.
    pub(crate) fn new(
        store: Store,
        outside: Outside,
        feed: Feed,
        bell: Bell,
        output_limits: OutputLimits,
    ) -> Self {
        let (ended, ends) = Ends::channel();
        let server = ServerId(uuid::Uuid::now_v7().to_string());
        let shared = Shared {
            store,
            outside,
            feed,
            bell,
            output_limits,
            server,
            running: Running::default(),
            troubled: Mutex::default(),
            ended,
            ends,
            figures: Figures::default(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
            closing: Closing::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Goes on with every action that a stopped server left, and keeps looking for those of servers that die.
    pub async fn recover(&self) -> Result<(), StoreError> {
        let runner = self.clone();
        self.claim_free().await?;
        self.shared.tasks.spawn_on(
            async move {
                let shared = &runner.shared;
                loop {
                    let next = runner.next_look().await;
                    tokio::select! {
                        () = shared.closing.ending() => return,
                        () = shared.outside.clock.sleep_until(next) => {}
                        () = shared.running.wanted() => {}
                    }
                    runner.renew().await;
                }
            },
            &self.shared.runtime,
        );
        Ok(())
    }

    /// When it looks again at what is free: when its own claims want to be renewed, or sooner where a claim that nobody renews
    /// runs out before.
    async fn next_look(&self) -> Timestamp {
        let shared = &self.shared;
        let now = shared.outside.clock.now();
        let usual = now.plus_seconds(RENEW_SECONDS);
        match shared.store.next_free_claim(&shared.server, now).await {
            Ok(Some(free)) => usual.min(free.plus_millis(1)),
            // Where the store does not answer, what is renewed next says so.
            Ok(None) | Err(_) => usual,
        }
    }

    /// Keeps what this server has, and takes up what is free.
    async fn renew(&self) {
        let shared = &self.shared;
        let clock = &shared.outside.clock;
        let now = clock.now();
        let until = claim_until(now);
        let asked = shared.running.ids();
        let renewing = shared.store.renew_claims(&shared.server, &asked, until);
        tokio::pin!(renewing);
        let renewed = loop {
            let patience = clock.now().plus_seconds(1);
            tokio::select! {
                biased;
                renewed = &mut renewing => break renewed,
                // The claims end whether the store answers or not.
                () = clock.sleep_until(patience) => {
                    let lost = shared.running.give_up(clock.now());
                    if lost > 0 {
                        tracing::warn!(lost, "the store does not answer, and claims on actions ran out");
                    }
                }
            }
        };
        match renewed {
            Ok(renewed) => {
                shared.running.renewed(&asked, &renewed, until);
                if shared.closing.has_begun() {
                    return;
                }
                if let Err(error) = self.claim_free().await {
                    tracing::warn!(%error, "free actions were not claimed");
                }
            }
            Err(error) => {
                let lost = shared.running.give_up(clock.now());
                tracing::warn!(%error, lost, "the claims on actions were not renewed");
            }
        }
    }

    async fn claim_free(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        loop {
            let now = shared.outside.clock.now();
            let until = claim_until(now);
            match shared.store.claim_next(&shared.server, now, until).await? {
                Some(id) => self.spawn(id, until),
                None => return Ok(()),
            }
        }
    }

    /// Sets an action going that was just written. While the server stops it is left to the next one.
    pub(crate) fn start(&self, id: ActionId) {
        if self.shared.closing.has_begun() {
            return;
        }
        let runner = self.clone();
        self.shared.tasks.spawn_on(
            async move {
                let shared = &runner.shared;
                let now = shared.outside.clock.now();
                let until = claim_until(now);
                match shared.store.claim_action(id, &shared.server, now, until).await {
                    Ok(true) => runner.spawn(id, until),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(action = %id, %error, "an action was not claimed; it will be");
                    }
                }
            },
            &self.shared.runtime,
        );
    }

    fn spawn(&self, id: ActionId, until: Timestamp) {
        let shared = &self.shared;
        let Some((place, claim, words)) = shared.running.enter(id, until, &shared.closing) else {
            return;
        };
        let runner = self.clone();
        let figures = shared.figures.of_action(id);
        shared.tasks.spawn_on(
            async move {
                let shared = &runner.shared;
                let run = recovery::run(shared, id, claim, words, figures.clone());
                let result = AssertUnwindSafe(run)
                    .catch_unwind()
                    .await
                    .unwrap_or(Err(Stopped::Panicked));
                figures.ended();
                drop(place);
                runner.leave(id, result).await;
                shared.ended.send_modify(|count| *count += 1);
            },
            &self.shared.runtime,
        );
    }

    /// Gives the claim on an action back that did not come to its end here, so that it is gone on with.
    async fn leave(&self, id: ActionId, result: Result<(), Stopped>) {
        let rest = match result {
            Ok(()) => {
                self.troubled(|troubled| troubled.remove(&id));
                return;
            }
            Err(Stopped::Shutdown) => None,
            Err(Stopped::TakenOver) => {
                tracing::warn!(action = %id, "this server lost its claim on an action");
                // Where nobody has taken it up meanwhile, it goes on here.
                self.start(id);
                return;
            }
            Err(stopped) => {
                let times = self.troubled(|troubled| {
                    let times = troubled.entry(id).or_default();
                    *times += 1;
                    *times
                });
                let seconds = REST_SECONDS
                    .saturating_mul(1 << (times - 1).min(10))
                    .min(LONGEST_REST_SECONDS);
                if matches!(stopped, Stopped::LogOwed) {
                    tracing::warn!(action = %id, %stopped, "output of an action that has ended is read again in {seconds} s");
                } else {
                    tracing::error!(action = %id, %stopped, "an action could not be gone on with; it is tried again in {seconds} s");
                }
                Some(self.shared.outside.clock.now().plus_seconds(seconds))
            }
        };
        if let Err(error) = self
            .shared
            .store
            .release_claim(id, &self.shared.server, rest)
            .await
        {
            tracing::warn!(action = %id, %error, "the claim was not released; it will run out");
        }
    }

    fn troubled<T>(&self, act: impl FnOnce(&mut HashMap<ActionId, u32>) -> T) -> T {
        act(&mut self
            .shared
            .troubled
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }

    /// Steers an action. Where another server runs it, the word goes to its inbox, and what became of it is waited for
    /// a while; a word that nobody has heard by then stays there.
    pub(crate) async fn steer(
        &self,
        id: ActionId,
        steer: Steer,
        by: Actor,
        reason: String,
    ) -> Result<(), AppError> {
        let conflict = |refused: &dyn std::fmt::Display| AppError::Conflict(refused.to_string());
        // While this server stops, whoever goes on with the action hears it.
        let here = self
            .shared
            .running
            .words(id)
            .filter(|_| !self.shared.closing.has_begun());
        if let Some(words) = here {
            let (answer, answered) = oneshot::channel();
            let word = Word {
                steer: steer.clone(),
                by: by.clone(),
                reason: reason.clone(),
                answer,
            };
            if words.send(Said::Word(word)).is_ok() {
                match answered.await {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(refused)) => return Err(conflict(&refused)),
                    // It has ended, or this server gave it up: the inbox knows.
                    Err(_) => {}
                }
            }
        }
        let now = self.shared.outside.clock.now();
        let posted = self
            .shared
            .store
            .post_steer(id, &steer, &by, &reason, now)
            .await?;
        // It may have begun to run here in between, and read its inbox before.
        if let Some(words) = self.shared.running.words(id) {
            let _ = words.send(Said::Inbox);
        }
        match tokio::time::timeout(ELSEWHERE, self.heard(posted)).await {
            Ok(seq) => self
                .refusal(id, seq?)
                .await?
                .map_or(Ok(()), |refused| Err(conflict(&refused))),
            Err(_) => Ok(()),
        }
    }

    /// The number of the event that a word has become.
    async fn heard(&self, steer: SteerId) -> Result<u64, StoreError> {
        loop {
            if let Some(seq) = self.shared.store.steer_event(steer).await? {
                return Ok(seq);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Why the engine refused what happened at `seq`; none where it did not.
    async fn refusal(&self, id: ActionId, seq: u64) -> Result<Option<String>, StoreError> {
        let Some(action) = self.shared.store.action(id).await? else {
            return Ok(None);
        };
        let mut rollout = Rollout::new(Arc::new(action.plan));
        for stored in self.shared.store.events(id).await? {
            let applied = rollout.apply(&stored.event, stored.time);
            if stored.seq == seq {
                return Ok(applied.err().map(|refused| refused.to_string()));
            }
        }
        Ok(None)
    }

    /// Under which name this server claims actions.
    pub(crate) fn server(&self) -> &ServerId {
        &self.shared.server
    }

    /// Where its actions run.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.shared.runtime
    }

    /// What the runner counted.
    pub(crate) fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// Begins nothing new, and stops working when no step is under way any more: at the latest after so many seconds, or
    /// when `at_once` resolves. Each action is handed over as soon as its own steps have come to their end.
    pub async fn drain(&self, seconds: u64, at_once: impl Future<Output = ()>) {
        let shared = &self.shared;
        let mut ended = shared.ended.subscribe();
        shared.closing.begin();
        let deadline = shared.outside.clock.now().plus_seconds(seconds);
        let idle = async {
            loop {
                ended.mark_unchanged();
                if shared.running.is_empty() {
                    return;
                }
                // The sender is part of what is borrowed here.
                let _ = ended.changed().await;
            }
        };
        tokio::select! {
            () = idle => {}
            () = shared.outside.clock.sleep_until(deadline) => {}
            () = at_once => {}
        }
        self.stop().await;
    }

    /// Stops working: steps under way go on on their hosts, and the next server goes on with the actions.
    pub async fn stop(&self) {
        self.shared.closing.end();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}
