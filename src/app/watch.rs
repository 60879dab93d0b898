//! Watching actions: lists, one of them whole, its log, and its story as it happens.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};

use crate::app::App;
use crate::app::error::AppError;
use crate::app::feed::{FeedEntry, Following, Subscription};
use crate::app::ports::LogQuery;
use crate::app::request::ActionQuery;
use crate::app::telling::{Teller, action_view, summary};
use crate::app::view::{ActionSummary, ActionView, FeedItem, LogView, Page};
use crate::domain::action::{ActionId, ActionStatus};
use crate::domain::actor::{Caller, Permission};
use crate::domain::name::Name;
use crate::domain::rollout::Rollout;
use crate::domain::timestamp::Timestamp;
use crate::store::{ActionFilter, FrozenAction, StoredEvent};

/// Log entries read from the store at once while catching up.
const CATCH_UP: u32 = 2000;
/// Seconds between two looks at an action that another server runs.
const ELSEWHERE_SECONDS: u64 = 1;

impl App {
    /// The actions that the caller may see, newest first.
    pub async fn actions(
        &self,
        caller: &Caller,
        query: &ActionQuery,
    ) -> Result<Page<ActionSummary>, AppError> {
        let since = query
            .since
            .as_deref()
            .map(|text| {
                text.parse::<Timestamp>()
                    .map_err(|error| AppError::field("since", error.to_string()))
            })
            .transpose()?;
        let status = query
            .status
            .as_deref()
            .map(|word| {
                ActionStatus::parse(word).ok_or_else(|| {
                    let words: Vec<&str> = ActionStatus::ALL.iter().map(|status| status.as_str()).collect();
                    AppError::field("status", format!("`{word}` is none of {}", words.join(", ")))
                })
            })
            .transpose()?;
        let cursor = query
            .cursor
            .as_deref()
            .map(|text| {
                ActionId::parse(text)
                    .ok_or_else(|| AppError::field("cursor", "give the `next` of the page before"))
            })
            .transpose()?;
        if query.user.as_ref().is_some_and(|user| user.contains('\0')) {
            return Err(AppError::field("user", "no name has a NUL in it"));
        }
        let allowed = visible(caller);
        let filter = ActionFilter {
            space: query
                .space
                .as_deref()
                .map(|text| named("space", text))
                .transpose()?,
            allowed,
            project: query
                .project
                .as_deref()
                .map(|text| named("project", text))
                .transpose()?,
            status: status.into_iter().collect(),
            user: query.user.clone(),
            since,
            cursor: cursor.map(|id| id.to_string()),
        };
        let limit = query.limit.unwrap_or(50).clamp(1, 200);
        let page = self.store.list_actions(&filter, limit).await?;
        Ok(Page {
            items: page.items.iter().map(summary).collect(),
            next: page.next,
        })
    }

    /// One action whole.
    pub async fn action(&self, caller: &Caller, id: ActionId) -> Result<ActionView, AppError> {
        let action = self.visible_action(caller, id).await?;
        let (rollout, seq) = self.folded(&action).await?;
        Ok(action_view(&action, &rollout, seq))
    }

    /// The story after `after`, from the stores and then as it happens. The channel closes after the end.
    pub async fn follow(
        &self,
        caller: &Caller,
        id: ActionId,
        after: Option<u64>,
    ) -> Result<mpsc::Receiver<FeedEntry>, AppError> {
        let action = self.visible_action(caller, id).await?;
        let (sender, receiver) = mpsc::channel(256);
        let follower = Follower {
            app: self.clone(),
            id,
            teller: Teller::new(action),
            read: None,
            told: after,
            sender,
            _counted: self.feed.follower(),
        };
        self.runner.runtime().spawn(async move {
            if let Err(error) = follower.run().await {
                tracing::warn!(action = %id, %error, "a follower was cut off");
            }
        });
        Ok(receiver)
    }

    /// Whether the caller may (still) see the action.
    pub async fn may_see(&self, caller: &Caller, id: ActionId) -> Result<bool, AppError> {
        let record = self.store.action_record(id).await?;
        Ok(record.is_some_and(|record| caller.may(Permission::See, record.space.as_str())))
    }

    /// The action, if the caller may see it.
    pub(crate) async fn visible_action(
        &self,
        caller: &Caller,
        id: ActionId,
    ) -> Result<FrozenAction, AppError> {
        self.store
            .action(id)
            .await?
            .filter(|action| caller.may(Permission::See, action.record.space.as_str()))
            .ok_or_else(|| AppError::NotFound(format!("action {id}")))
    }

    /// The engine as the stored events make it, and the number of the last of them.
    pub(crate) async fn folded(&self, action: &FrozenAction) -> Result<(Rollout, u64), AppError> {
        let events = self.store.events(action.record.id).await?;
        let mut rollout = Rollout::new(Arc::new(action.plan.clone()));
        for stored in &events {
            // What the engine refused when it happened, it refuses again.
            let _ = rollout.apply(&stored.event, stored.time);
        }
        Ok((rollout, events.last().map_or(0, |stored| stored.seq)))
    }
}

/// A name in a query.
fn named(field: &str, text: &str) -> Result<Name, AppError> {
    Name::parse(text).map_err(|error| AppError::field(field, error.to_string()))
}

/// The spaces whose actions the caller may see; none where it may see all.
pub(crate) fn visible(caller: &Caller) -> Option<Vec<Name>> {
    (!caller.server_admin).then(|| {
        let mut names: Vec<Name> = caller.roles.iter().map(|(name, _)| name.clone()).collect();
        names.dedup();
        names
    })
}

/// One who follows an action.
struct Follower {
    app: App,
    id: ActionId,
    /// The action as the events up to `read` make it.
    teller: Teller,
    read: Option<u64>,
    /// Everything up to here has been told.
    told: Option<u64>,
    sender: mpsc::Sender<FeedEntry>,
    _counted: Following,
}

/// The one who follows has gone.
struct Gone;

impl Follower {
    async fn run(mut self) -> Result<(), AppError> {
        loop {
            let subscription = self.app.feed.subscribe(self.id);
            let until = subscription.as_ref().map(|live| live.published);
            let over = match self.catch_up(until).await? {
                Ok(over) => over,
                Err(Gone) => return Ok(()),
            };
            match subscription {
                Some(live) => match self.live(live).await {
                    // It fell behind, or the action ended: the stores know the rest.
                    Ok(()) => {}
                    Err(Gone) => return Ok(()),
                },
                None if over => return Ok(()),
                None => {
                    let clock = &self.app.outside.clock;
                    let pause = clock.sleep_until(clock.now().plus_seconds(ELSEWHERE_SECONDS));
                    tokio::select! {
                        () = self.sender.closed() => return Ok(()),
                        () = pause => {}
                    }
                }
            }
        }
    }

    /// Tells what the stores have after what was told, up to `until`; says whether the action is over.
    async fn catch_up(&mut self, until: Option<u64>) -> Result<Result<bool, Gone>, AppError> {
        let events = match self.read {
            None => self.app.store.events(self.id).await?,
            Some(read) => self.app.store.events_after(self.id, read).await?,
        };
        let limit = until.unwrap_or(u64::MAX);
        let mut told_by_event: BTreeMap<u64, Vec<FeedItem>> = BTreeMap::new();
        for StoredEvent { seq, time, event } in events.iter().filter(|stored| stored.seq <= limit) {
            if self.told.is_none_or(|told| *seq > told) {
                told_by_event.insert(*seq, self.teller.happened(*seq, *time, event));
            } else {
                self.teller.passed(*time, event);
            }
            self.read = Some(*seq);
        }
        let over = self.teller.rollout().status().is_final();
        loop {
            let logs = self
                .app
                .outside
                .log_search
                .followed(&LogQuery {
                    after: self.told,
                    ..LogQuery::of(self.id, CATCH_UP)
                })
                .await
                .map_err(|error| AppError::Unavailable(error.to_string()))?;
            let last_page = logs.next.is_none();
            let logs = logs.entries;
            for entry in logs.iter().filter(|entry| entry.seq <= limit) {
                while let Some(first) = told_by_event
                    .first_entry()
                    .filter(|first| *first.key() < entry.seq)
                {
                    let (seq, items) = first.remove_entry();
                    if self.tell(seq, items).await.is_err() {
                        return Ok(Err(Gone));
                    }
                }
                let item = FeedItem::Log(Box::new(LogView::from(entry)));
                if self.tell(entry.seq, vec![item]).await.is_err() {
                    return Ok(Err(Gone));
                }
            }
            if last_page || logs.last().is_some_and(|entry| entry.seq > limit) {
                break;
            }
        }
        for (seq, items) in told_by_event {
            if self.tell(seq, items).await.is_err() {
                return Ok(Err(Gone));
            }
        }
        Ok(Ok(over))
    }

    async fn live(&mut self, mut live: Subscription) -> Result<(), Gone> {
        loop {
            let next = tokio::select! {
                // An action that waits may say nothing for days.
                () = self.sender.closed() => return Err(Gone),
                next = live.receiver.recv() => next,
            };
            match next {
                Ok(entry) => {
                    let (seq, last) = (entry.seq, entry.last);
                    if self.told.is_none_or(|told| seq > told) {
                        self.sender.send(entry).await.map_err(|_| Gone)?;
                        if last {
                            self.told = Some(seq);
                        }
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed) => {
                    return Ok(());
                }
            }
        }
    }

    async fn tell(&mut self, seq: u64, items: Vec<FeedItem>) -> Result<(), Gone> {
        for entry in FeedEntry::all(seq, items) {
            self.sender.send(entry).await.map_err(|_| Gone)?;
        }
        self.told = Some(seq);
        Ok(())
    }
}
