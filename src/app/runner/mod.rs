//! Runs actions: the dispatcher has the truth of each, the executor does its steps, recovery goes on with what a
//! stopped server left.

mod attempts;
mod check;
mod dispatcher;
mod ends;
mod executor;
mod figures;
mod host_check;
mod journal;
mod outside;
mod payload;
mod pools;
mod record;
mod recovery;
mod secrets;
mod service;
mod sessions;
mod story;
mod timers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::error::AppError;
use crate::app::feed::Feed;
use crate::domain::action::ActionId;
use crate::domain::actor::Actor;
use crate::domain::rollout::{RolloutSettings, Steer};
use crate::store::{ServerId, Store, StoreError};

pub use figures::Figures;
pub use outside::Outside;

use dispatcher::{Said, Stopped, Word};
use ends::Ends;

/// How long a server's claim on an action holds without being renewed.
const CLAIM_SECONDS: u64 = 30;
/// From one renewal to the next.
const RENEW_SECONDS: u64 = 10;

/// Runs the actions of this process. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    outside: Outside,
    feed: Feed,
    settings: RolloutSettings,
    server: ServerId,
    words: Mutex<HashMap<ActionId, mpsc::UnboundedSender<Said>>>,
    ended: watch::Sender<u64>,
    ends: Ends,
    figures: Figures,
    tasks: TaskTracker,
    /// Where actions run. Use cases are called on the web server's own threads, whose runtimes end with it.
    runtime: Handle,
    shutdown: CancellationToken,
}

impl Runner {
    /// A runner that runs nothing yet. Its actions will run on the runtime it is made on.
    pub(crate) fn new(store: Store, outside: Outside, feed: Feed, settings: RolloutSettings) -> Self {
        let (ended, ends) = Ends::channel();
        let server = ServerId(uuid::Uuid::now_v7().to_string());
        let shared = Shared {
            store,
            outside,
            feed,
            settings,
            server,
            words: Mutex::default(),
            ended,
            ends,
            figures: Figures::default(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
            shutdown: CancellationToken::new(),
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
                    let next = shared.outside.clock.now().plus_seconds(RENEW_SECONDS);
                    tokio::select! {
                        () = shared.shutdown.cancelled() => return,
                        () = shared.outside.clock.sleep_until(next) => {}
                    }
                    let until = shared.outside.clock.now().plus_seconds(CLAIM_SECONDS);
                    if let Err(error) = shared.store.renew_claims(&shared.server, until).await {
                        tracing::warn!(%error, "the claims on actions were not renewed");
                    } else if let Err(error) = runner.claim_free().await {
                        tracing::warn!(%error, "free actions were not claimed");
                    }
                }
            },
            &self.shared.runtime,
        );
        Ok(())
    }

    async fn claim_free(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        loop {
            let now = shared.outside.clock.now();
            let until = now.plus_seconds(CLAIM_SECONDS);
            match shared.store.claim_next(&shared.server, now, until).await? {
                Some(id) => self.spawn(id),
                None => return Ok(()),
            }
        }
    }

    /// Sets an action going that was just written.
    pub(crate) fn start(&self, id: ActionId) {
        let runner = self.clone();
        self.shared.tasks.spawn_on(
            async move {
                let shared = &runner.shared;
                let now = shared.outside.clock.now();
                match shared
                    .store
                    .claim_action(id, &shared.server, now, now.plus_seconds(CLAIM_SECONDS))
                    .await
                {
                    Ok(true) => runner.spawn(id),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(action = %id, %error, "an action was not claimed; it will be");
                    }
                }
            },
            &self.shared.runtime,
        );
    }

    fn spawn(&self, id: ActionId) {
        let runner = self.clone();
        let (sender, words) = mpsc::unbounded_channel();
        {
            let mut known = self.shared.words.lock().unwrap_or_else(PoisonError::into_inner);
            if known.contains_key(&id) {
                return;
            }
            known.insert(id, sender);
        }
        let figures = self.shared.figures.of_action(id);
        self.shared.tasks.spawn_on(async move {
            let result = recovery::run(&runner.shared, id, words, figures.clone()).await;
            figures.ended();
            runner
                .shared
                .words
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&id);
            match result {
                Ok(()) => {}
                Err(Stopped::Shutdown) => {
                    if let Err(error) = runner.shared.store.release_claim(id, &runner.shared.server).await {
                        tracing::warn!(action = %id, %error, "the claim was not released; it will run out");
                    }
                }
                Err(stopped) => {
                    tracing::error!(action = %id, %stopped, "an action was given up by this server");
                }
            }
            runner.shared.ended.send_modify(|count| *count += 1);
        }, &self.shared.runtime);
    }

    /// Steers an action. Where another server runs it, the word goes to its inbox.
    pub(crate) async fn steer(
        &self,
        id: ActionId,
        steer: Steer,
        by: Actor,
        reason: String,
    ) -> Result<(), AppError> {
        let Some(words) = self.running(id) else {
            let now = self.shared.outside.clock.now();
            self.shared
                .store
                .post_steer(id, &steer, &by, &reason, now)
                .await?;
            // It may have begun to run here in between, and read its inbox before.
            if let Some(words) = self.running(id) {
                let _ = words.send(Said::Inbox);
            }
            return Ok(());
        };
        let (answer, answered) = oneshot::channel();
        let over = || AppError::Conflict("the action has just ended".to_owned());
        words
            .send(Said::Word(Word {
                steer,
                by,
                reason,
                answer,
            }))
            .map_err(|_| over())?;
        match answered.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refused)) => Err(AppError::Conflict(refused.to_string())),
            Err(_) => Err(over()),
        }
    }

    /// The way to an action that runs in this process.
    fn running(&self, id: ActionId) -> Option<mpsc::UnboundedSender<Said>> {
        let known = self.shared.words.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).cloned()
    }

    /// Where its actions run.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.shared.runtime
    }

    /// What the runner counted.
    pub(crate) fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// Stops working: steps under way go on on their hosts, and the next server goes on with the actions.
    pub async fn stop(&self) {
        self.shared.shutdown.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}
