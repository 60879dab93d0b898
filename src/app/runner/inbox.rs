//! Words for a running action: from this process, or from its inbox in the store.

use tokio::sync::oneshot;

use crate::domain::actor::Actor;
use crate::domain::rollout::{Event, Refused, Steer};
use crate::store::{StoreError, StoredSteer};

use super::dispatcher::{Dispatcher, Stopped};

/// A word for a running action, answered once it is stored or refused.
pub(super) struct Word {
    pub(super) steer: Steer,
    pub(super) by: Actor,
    pub(super) reason: String,
    pub(super) answer: oneshot::Sender<Result<(), Refused>>,
}

/// What reaches a running action from this process.
pub(super) enum Said {
    /// A word.
    Word(Word),
    /// Something was put into the action's inbox.
    Inbox,
}

impl Dispatcher {
    /// What was asked of this action where it was not running yet, or at another server.
    pub(super) async fn read_inbox(&mut self) -> Result<(), Stopped> {
        match self.store.take_steers(self.action.record.id).await {
            Ok(posted) => {
                for steer in posted {
                    self.read(steer).await?;
                }
            }
            Err(StoreError::Corrupt { .. }) => self.clear_inbox().await,
            Err(error) => tracing::warn!(action = %self.action.record.id, %error, "the inbox was not read"),
        }
        Ok(())
    }

    /// One word that cannot be read must not silence those behind it; they are read with the next heartbeat.
    async fn clear_inbox(&self) {
        let id = self.action.record.id;
        match self.store.drop_unreadable_steers(id).await {
            Ok(dropped) => {
                for why in dropped {
                    tracing::error!(action = %id, %why, "a word in the inbox cannot be read and was dropped");
                }
            }
            Err(error) => tracing::warn!(action = %id, %error, "the inbox was not cleared"),
        }
    }

    pub(super) async fn hear(&mut self, word: Word) -> Result<(), Stopped> {
        if let Err(refused) = self.rollout.may(&word.steer) {
            // Whoever asked may be gone; nothing was changed either way.
            let _ = word.answer.send(Err(refused));
            return Ok(());
        }
        let event = Event::Steered {
            steer: word.steer,
            by: word.by,
            reason: word.reason,
        };
        let due = self.store_and_tell(event, None).await?;
        let _ = word.answer.send(Ok(()));
        self.perform_all(due).await
    }

    /// A word from another server's inbox. What is not possible (any more) is still taken out of it.
    async fn read(&mut self, posted: StoredSteer) -> Result<(), Stopped> {
        let event = Event::Steered {
            steer: posted.steer,
            by: posted.by,
            reason: posted.reason,
        };
        let due = self.store_and_tell(event, Some(posted.id)).await?;
        self.perform_all(due).await
    }
}
