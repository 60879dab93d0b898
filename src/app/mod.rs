//! Use cases that read as a person would say them.

pub mod access;
pub mod accounts;
pub mod act;
mod again;
pub mod background;
pub mod configure;
pub mod error;
pub mod feed;
pub(crate) mod guesses;
pub mod health;
mod log_query;
pub mod log_state;
pub mod logs;
pub mod messenger;
pub mod notices;
pub mod planning;
pub(crate) mod policies;
pub mod ports;
pub mod quarantine;
pub mod request;
pub mod runner;
pub mod see;
pub mod steer;
pub mod telling;
pub mod uploads;
pub mod view;
pub mod watch;

use std::sync::Arc;

use crate::app::feed::Feed;
use crate::app::guesses::Guesses;
use crate::app::health::ActionCounts;
use crate::app::messenger::{Bell, Telling};
use crate::app::ports::Interpreter;
use crate::app::runner::{Outside, Runner};
use crate::domain::output_limit::OutputLimits;
use crate::domain::rollout::RolloutSettings;
use crate::store::Store;

pub use access::{NewSession, SessionCaller};
pub use health::Unfit;
pub use steer::Steered;

/// Everything the use cases need. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) outside: Outside,
    pub(crate) interpreter: Arc<dyn Interpreter>,
    pub(crate) runner: Runner,
    pub(crate) feed: Feed,
    pub(crate) bell: Bell,
    pub(crate) guesses: Arc<Guesses>,
    pub(crate) action_counts: Arc<ActionCounts>,
    pub(crate) settings: AppSettings,
}

/// What an operator sets of the use cases.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// How many hours a session lasts from the sign-in.
    pub session_hours: u64,
    /// What the engine of every action is told.
    pub rollout: RolloutSettings,
    /// The folder whose disk must have room.
    pub data_dir: std::path::PathBuf,
    /// How much of what steps write is kept in the log.
    pub output: OutputLimits,
    /// How long what is over is kept.
    pub keeping: background::Keeping,
    /// How others are told of actions.
    pub telling: Telling,
}

impl App {
    /// Puts the use cases together. Nothing runs before [`Runner::recover`].
    #[must_use]
    pub fn new(
        store: Store,
        outside: Outside,
        interpreter: Arc<dyn Interpreter>,
        settings: AppSettings,
    ) -> Self {
        let feed = Feed::default();
        let bell = Bell::default();
        let runner = Runner::new(
            store.clone(),
            outside.clone(),
            feed.clone(),
            bell.clone(),
            settings.output,
        );
        Self {
            store,
            outside,
            interpreter,
            runner,
            feed,
            bell,
            guesses: Arc::default(),
            action_counts: Arc::default(),
            settings,
        }
    }

    /// What runs the actions of this process.
    #[must_use]
    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    /// The store that the use cases work with.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}
