//! The live side of watching: those who follow an action in this process are told here as it happens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use crate::app::view::FeedItem;
use crate::domain::action::ActionId;

/// How many items a slow follower may be behind before it has to read the history again.
const BACKLOG: usize = 4096;

/// Tells followers what happens to the actions that run in this process.
#[derive(Clone, Default)]
pub struct Feed {
    channels: Arc<Mutex<HashMap<ActionId, Channel>>>,
    following: Arc<AtomicUsize>,
}

/// One who follows an action, counted as long as this lives.
pub(crate) struct Following(Arc<AtomicUsize>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An item with its place in the action's story.
#[derive(Debug, Clone)]
pub struct FeedEntry {
    /// Its place. One event may make several items of the same `seq`.
    pub seq: u64,
    /// None of the same `seq` comes after it: whoever was told this one has been told `seq` whole.
    pub last: bool,
    /// What is told.
    pub item: Arc<FeedItem>,
}

impl FeedEntry {
    /// The entries of what was stored as `seq`, in order.
    pub(crate) fn all(seq: u64, items: Vec<FeedItem>) -> impl Iterator<Item = Self> {
        let count = items.len();
        items.into_iter().enumerate().map(move |(place, item)| Self {
            seq,
            last: place + 1 == count,
            item: Arc::new(item),
        })
    }
}

struct Channel {
    sender: broadcast::Sender<FeedEntry>,
    /// Everything up to here has been stored and published.
    published: u64,
}

/// What a follower gets: everything after `published` comes through `receiver`, everything up to it
/// can be read from the stores.
pub struct Subscription {
    /// The live items.
    pub receiver: broadcast::Receiver<FeedEntry>,
    /// The highest `seq` that was stored and published before.
    pub published: u64,
}

impl Feed {
    /// Counts one who follows until what is returned is dropped.
    pub(crate) fn follower(&self) -> Following {
        self.following.fetch_add(1, Ordering::Relaxed);
        Following(Arc::clone(&self.following))
    }

    /// How many follow at this moment.
    pub(crate) fn followers(&self) -> usize {
        self.following.load(Ordering::Relaxed)
    }

    /// Opens the channel of an action that this process begins to run. `published` is the highest `seq` of it
    /// in the stores.
    pub fn open(&self, action: ActionId, published: u64) {
        self.with(|channels| {
            channels.entry(action).or_insert_with(|| Channel {
                sender: broadcast::channel(BACKLOG).0,
                published,
            });
        });
    }

    /// Whether anybody follows an action at this moment.
    #[must_use]
    pub fn is_followed(&self, action: ActionId) -> bool {
        self.with(|channels| {
            let channel = channels.get(&action);
            channel.is_some_and(|channel| channel.sender.receiver_count() > 0)
        })
    }

    /// Tells the followers of `action`, and notes that everything up to `seq` is stored. Where nobody followed when it
    /// happened there are no items: one who came since is sent to the stores for them.
    pub fn publish(&self, action: ActionId, seq: u64, items: Option<Vec<FeedItem>>) {
        self.with(|channels| {
            if let Some(channel) = channels.get_mut(&action) {
                channel.published = channel.published.max(seq);
                let Some(items) = items else {
                    if channel.sender.receiver_count() > 0 {
                        channel.sender = broadcast::channel(BACKLOG).0;
                    }
                    return;
                };
                for entry in FeedEntry::all(seq, items) {
                    // An error only says that nobody listens.
                    let _ = channel.sender.send(entry);
                }
            }
        });
    }

    /// Closes the channel of an action that is over, or that this process gives up.
    pub fn close(&self, action: ActionId) {
        self.with(|channels| {
            channels.remove(&action);
        });
    }

    /// Subscribes to an action; none where this process does not run it.
    #[must_use]
    pub fn subscribe(&self, action: ActionId) -> Option<Subscription> {
        self.with(|channels| {
            channels.get(&action).map(|channel| Subscription {
                receiver: channel.sender.subscribe(),
                published: channel.published,
            })
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<ActionId, Channel>) -> T) -> T {
        // The map stays whole whatever a panicking holder did: each change to it is one call.
        act(&mut self.channels.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
