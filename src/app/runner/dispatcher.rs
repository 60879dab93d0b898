//! The truth of one action: one event after another is applied to the engine, stored, and told; only then are
//! the engine's effects handed to tasks, whose answers come back as events.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::app::feed::Feed;
use crate::app::ports::LogError;
use crate::app::telling::LiveTeller;
use crate::domain::action::ActionStatus;
use crate::domain::analysis::Measurement;
use crate::domain::log_event::LogEvent;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Effect, Event, Rollout, Steer, Way};
use crate::domain::timestamp::Timestamp;
use crate::store::{FrozenAction, LeaseConflict, ServerId, Store, StoreError};

use super::attempts::Attempts;
use super::claims::{Alive, Claim};
use super::executor::Executor;
use super::figures::Figures;
use super::inbox::Said;
use super::journal::{About, Journal};
use super::notices::Notices;
use super::outside::Outside;
use super::story::Story;
use super::timers::Timers;
use super::{ends, host_check, measuring, pools, story};

/// From one heartbeat to the next: leases are renewed, and words from other servers are read.
const HEARTBEAT_SECONDS: u64 = 5;

/// Why a dispatcher stopped before its action ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    /// The server is going down: the action goes on when it is up again.
    #[error("the server is stopping")]
    Shutdown,
    /// Another server works on the action.
    #[error("another server has taken the action over")]
    TakenOver,
    /// The store does not answer, or holds something this program cannot read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log store does not say how far the log goes: its numbers would be used twice.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Leases of an action under way are held by another.
    #[error("its leases are held by another: {0}")]
    Leases(LeaseConflict),
    /// A fault of this program.
    #[error("a fault of edgewise: a task panicked")]
    Panicked,
}

/// What a task came to: an event, or its panic.
pub(super) type Answer = Result<Event, Stopped>;

/// What is to be done now that its event is stored.
pub(super) enum Due {
    /// A step whose start is stored.
    Start {
        target: TargetName,
        way: Way,
        step: u32,
        attempt: u32,
    },
    /// Anything else.
    Effect(Effect),
}

/// Runs one action from where its stored events left it to its end.
pub(super) struct Dispatcher {
    pub(super) store: Store,
    pub(super) server: ServerId,
    pub(super) claim: Claim,
    /// Ends the tasks with the dispatcher, in whatever way that ends.
    pub(super) alive: Alive,
    pub(super) feed: Feed,
    pub(super) outside: Outside,
    pub(super) action: Arc<FrozenAction>,
    pub(super) rollout: Rollout,
    pub(super) teller: LiveTeller,
    pub(super) notices: Notices,
    pub(super) journal: Journal,
    pub(super) executor: Arc<Executor>,
    pub(super) attempts: Attempts,
    pub(super) lease_keys: Vec<(String, TargetName)>,
    /// The sanitizer asked about some of the plan's commands, and they are what they were then.
    pub(super) approvable: bool,
    pub(super) asking: Arc<pools::Asking>,
    pub(super) timers: Timers,
    /// When the store is asked for the leases again that it failed to give.
    pub(super) leases_again: Option<Timestamp>,
    pub(super) answers: mpsc::UnboundedSender<Answer>,
    pub(super) answered: mpsc::UnboundedReceiver<Answer>,
    pub(super) words: mpsc::UnboundedReceiver<Said>,
    pub(super) ends: ends::Ends,
    pub(super) tasks: TaskTracker,
    pub(super) figures: Figures,
    /// How many steps are under way from here.
    pub(super) steps_under_way: usize,
    /// The log says that targets wait for a connection.
    pub(super) held_up: bool,
    /// What its events bring into the log.
    pub(super) story: Story,
}

impl Dispatcher {
    /// Runs the effects, and what follows from them, to the end of the action.
    pub(super) async fn run(mut self, effects: Vec<Effect>) -> Result<(), Stopped> {
        let result = self.work(effects).await;
        self.tasks.close();
        if result.is_ok() {
            // Steps that nobody waits for any more are stopped, not left behind.
            self.executor.cancel.cancel();
            self.tasks.wait().await;
        }
        self.executor.sessions.close_all().await;
        result
    }

    async fn work(&mut self, effects: Vec<Effect>) -> Result<(), Stopped> {
        let closing = self.claim.closing().clone();
        if closing.has_begun() {
            return Err(Stopped::Shutdown);
        }
        let mut heartbeat = self.outside.clock.now().plus_seconds(HEARTBEAT_SECONDS);
        let due = self.take_up(effects).await?;
        self.perform_all(due).await?;
        self.read_inbox().await?;
        while !self.rollout.status().is_final() {
            let wake = [self.timers.next(), self.leases_again]
                .into_iter()
                .flatten()
                .fold(heartbeat, Timestamp::min);
            // Words, moments and heartbeats come first: they are few. Of answers there are always more while many
            // targets are in progress, and an abort would be heard when all is done.
            tokio::select! {
                biased;
                () = self.claim.over() => return Err(self.leave()),
                () = closing.beginning() => return self.wind_down().await,
                Some(said) = self.words.recv() => match said {
                    Said::Word(word) => self.hear(word).await?,
                    Said::Inbox => self.read_inbox().await?,
                },
                () = self.outside.clock.sleep_until(wake) => {
                    let now = self.outside.clock.now();
                    while let Some(timer) = self.timers.take_due(now) {
                        self.happen(Event::TimerFired { timer }).await?;
                    }
                    if self.leases_again.take_if(|at| *at <= now).is_some() {
                        self.perform_all(vec![Due::Effect(Effect::TakeLeases)]).await?;
                    }
                    if now >= heartbeat {
                        heartbeat = now.plus_seconds(HEARTBEAT_SECONDS);
                        self.beat(now).await?;
                    }
                }
                () = self.ends.noticed() => self.look_ahead().await?,
                Some(answer) = self.answered.recv() => {
                    let event = answer?;
                    self.note_end(&event);
                    self.happen(event).await?;
                }
            }
        }
        Ok(())
    }

    /// The server stops: steps under way may come to their end, and nothing follows from them here. Whoever goes on finds out
    /// what is to be done next, as after any other end of a server.
    async fn wind_down(&mut self) -> Result<(), Stopped> {
        if self.steps_under_way > 0 {
            let text = story::stopping(self.steps_under_way);
            self.journal.story(LogEvent::Recovery, About::default(), &text);
        }
        let mut heartbeat = self.outside.clock.now();
        while self.steps_under_way > 0 && !self.rollout.status().is_final() {
            tokio::select! {
                biased;
                () = self.claim.over() => return Err(self.leave()),
                () = self.outside.clock.sleep_until(heartbeat) => {
                    let now = self.outside.clock.now();
                    heartbeat = now.plus_seconds(HEARTBEAT_SECONDS);
                    self.keep_leases(now).await;
                }
                // Other answers are not kept: what a pool or a host said is asked again when it is of use.
                Some(answer) = self.answered.recv() => {
                    let event = answer?;
                    if self.note_end(&event) {
                        self.store_and_tell(event, None).await?;
                    }
                }
            }
        }
        if self.rollout.status().is_final() {
            Ok(())
        } else {
            Err(Stopped::Shutdown)
        }
    }

    /// Counts a step as over; says whether the event is the end of one.
    fn note_end(&mut self, event: &Event) -> bool {
        let ends = matches!(event, Event::StepEnded { .. });
        self.steps_under_way = self.steps_under_way.saturating_sub(usize::from(ends));
        ends
    }

    /// Tells that steps are left to whoever goes on, and why this process may not.
    fn leave(&self) -> Stopped {
        let why = self.over();
        if self.steps_under_way > 0 && matches!(why, Stopped::Shutdown) {
            let text = story::handed_over(self.steps_under_way);
            self.journal.story(LogEvent::Recovery, About::default(), &text);
        }
        why
    }

    /// Why this process may not go on.
    pub(super) fn over(&self) -> Stopped {
        if self.claim.closing().is_over() {
            Stopped::Shutdown
        } else {
            Stopped::TakenOver
        }
    }

    /// Keeps the leases, and reads what was asked of this action at another server.
    async fn beat(&mut self, now: Timestamp) -> Result<(), Stopped> {
        self.keep_leases(now).await;
        self.tell_what_holds_up();
        self.look_ahead().await?;
        self.read_inbox().await
    }

    /// A wait for a connection that lasts is told once, and its end too.
    fn tell_what_holds_up(&mut self) {
        let held_up = self.outside.hosts.held_up(self.action.record.id);
        if held_up.is_some() == self.held_up {
            return;
        }
        self.held_up = held_up.is_some();
        let event = if self.held_up {
            LogEvent::Waiting
        } else {
            LogEvent::Resumed
        };
        self.journal
            .story(event, About::default(), &story::held_up(held_up));
    }

    /// Looks whether the action ahead in the queue has ended.
    async fn look_ahead(&mut self) -> Result<(), Stopped> {
        let Some(behind) = self.rollout.queued_behind() else {
            return Ok(());
        };
        if self.rollout.status() != ActionStatus::Queued {
            return Ok(());
        }
        let over = match self.store.action_record(behind).await {
            Ok(record) => record.is_none_or(|record| record.status.is_final()),
            Err(error) => {
                tracing::warn!(action = %self.action.record.id, %error, "the action ahead was not read");
                false
            }
        };
        if !over {
            return Ok(());
        }
        // It came after the others that were ahead, and may have ended before them.
        match self.store.action_ahead(self.action.record.id).await {
            Ok(None) => self.happen(Event::QueueReached).await,
            Ok(Some(behind)) => self.happen(Event::QueueMoved { behind }).await,
            Err(error) => {
                tracing::warn!(action = %self.action.record.id, %error, "the queue was not read");
                Ok(())
            }
        }
    }

    async fn happen(&mut self, event: Event) -> Result<(), Stopped> {
        let due = self.store_and_tell(event, None).await?;
        self.perform_all(due).await
    }

    /// Remembers that what the sanitizer asked about may run. A gate's approval is another matter: it counts
    /// only where commands were asked about.
    pub(super) fn note_approval(&self, event: &Event) {
        if matches!(
            event,
            Event::Steered {
                steer: Steer::Approve,
                ..
            }
        ) && self.approvable
        {
            self.executor.approved.store(true, Ordering::Release);
        }
    }

    pub(super) async fn perform_all(&mut self, due: Vec<Due>) -> Result<(), Stopped> {
        // Depth first by hand: an effect may cause events, whose effects come before its siblings.
        let mut due: Vec<Due> = due.into_iter().rev().collect();
        while let Some(next) = due.pop() {
            let following = match next {
                Due::Start {
                    target,
                    way,
                    step,
                    attempt,
                } => {
                    self.start_step(target, way, step, attempt, false);
                    continue;
                }
                Due::Effect(effect) => self.perform(effect).await?,
            };
            due.extend(following.into_iter().rev());
        }
        Ok(())
    }

    async fn perform(&mut self, effect: Effect) -> Result<Vec<Due>, Stopped> {
        match effect {
            Effect::TakeLeases => self.take_leases().await,
            Effect::CheckHosts => {
                let executor = Arc::clone(&self.executor);
                let plan = Arc::clone(&self.attempts.plan);
                self.answer_with(async move { host_check::look(&executor, &plan).await });
                Ok(Vec::new())
            }
            Effect::AskPools { target } => {
                let asking = Arc::clone(&self.asking);
                self.answer_with(async move { asking.ask(target).await });
                Ok(Vec::new())
            }
            // One that stood behind an effect with events of its own.
            Effect::RunStep { .. } => self.take_up(vec![effect]).await,
            Effect::LookUpStep {
                target,
                way,
                step,
                attempt,
            } => {
                self.start_step(target, way, step, attempt, true);
                Ok(Vec::new())
            }
            Effect::Arm { timer, at } => {
                self.timers.arm(timer, at);
                Ok(Vec::new())
            }
            Effect::Measure {
                stage,
                metric,
                measurement,
            } => {
                let outside = self.outside.clone();
                let source = self
                    .attempts
                    .plan
                    .metric(stage, metric)
                    .map(|metric| metric.source.clone());
                self.answer_with(async move {
                    let result = match source {
                        Some(source) => measuring::measure(&outside, &source).await,
                        None => Measurement::Unreachable {
                            detail: "the plan has no such metric".to_owned(),
                        },
                    };
                    Event::Measured {
                        stage,
                        metric,
                        measurement,
                        result,
                    }
                });
                Ok(Vec::new())
            }
            // Stored with the event that caused them: the version in the inventory, the bad one in quarantine, and the
            // final status, which also released the leases.
            Effect::RecordVersion { .. } | Effect::Quarantine { .. } | Effect::End { .. } => Ok(Vec::new()),
        }
    }

    fn start_step(&mut self, target: TargetName, way: Way, step: u32, attempt: u32, look_up: bool) {
        let executor = Arc::clone(&self.executor);
        let Some(mut run) = self.attempts.attempt(&target, way, step, attempt, look_up) else {
            tracing::error!(action = %self.action.record.id, %target, step, "the plan has no such step");
            return;
        };
        if look_up && attempt == 1 {
            let progress = self.rollout.target(target.as_str());
            let steps = progress.map(|progress| match way {
                Way::Forth => &progress.forth,
                Way::Back => &progress.back,
            });
            run.since = steps.and_then(|steps| steps.get(step as usize)?.started_at);
        }
        self.steps_under_way += 1;
        self.answer_with(async move {
            let result = executor.run(&run, executor.cancel.clone()).await;
            Event::StepEnded {
                target,
                way,
                step,
                attempt,
                result,
            }
        });
    }

    /// Runs a task whose end is an event. It begins while the claim on the action holds, and ends with the dispatcher.
    fn answer_with(&self, task: impl Future<Output = Event> + Send + 'static) {
        let answers = self.answers.clone();
        let mut claim = self.claim.clone();
        let clock = Arc::clone(&self.outside.clock);
        let ended = self.alive.end();
        self.tasks.spawn(async move {
            let task = async {
                claim.held(&*clock).await;
                AssertUnwindSafe(task).catch_unwind().await
            };
            tokio::select! {
                answer = task => {
                    // The dispatcher may have ended meanwhile; then nobody needs the answer.
                    let _ = answers.send(answer.map_err(|_| Stopped::Panicked));
                }
                // Steps under way go on on their hosts, and are looked up by whoever goes on with the action.
                () = ended.cancelled() => {}
            }
        });
    }
}
