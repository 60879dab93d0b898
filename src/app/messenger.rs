//! Carries notices from the outbox to their receivers: at least once, in order for each action and receiver, and also
//! after a restart. What becomes of them changes nothing about the action.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::app::App;
use crate::app::ports::{Clock, Delivery, Notifier, Secrets};
use crate::domain::timestamp::Timestamp;
use crate::store::{OutboxNotice, Store, StoreError};

/// How many notices are on their way at once.
const AT_ONCE: u32 = 32;
/// A notice that a server took and never answered for is taken by another after so long: longer than one attempt lasts.
const TAKEN_SECONDS: u64 = 60;
/// From the first attempt to the second; twice as long each time, up to the longest.
const FIRST_PAUSE_SECONDS: u64 = 2;
const LONGEST_PAUSE_SECONDS: u64 = 900;
/// Without a ring the outbox is looked at so often: another server may have died with notices.
const LOOK_SECONDS: u64 = 15;

/// How others are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The address by which people reach this server, which links begin with; none gives paths alone.
    pub public_url: Option<String>,
    /// After so many hours a notice that is not taken is given up.
    pub keep_trying_hours: u32,
}

impl Default for Telling {
    fn default() -> Self {
        Self {
            public_url: None,
            keep_trying_hours: 24,
        }
    }
}

/// Rings when something was put into the outbox. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<Notify>);

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }
}

/// Who carries them.
pub(crate) struct Messenger {
    store: Store,
    clock: Arc<dyn Clock>,
    carrier: Arc<Carrier>,
    bell: Bell,
}

/// What one delivery needs.
struct Carrier {
    store: Store,
    clock: Arc<dyn Clock>,
    secrets: Arc<dyn Secrets>,
    notifier: Arc<dyn Notifier>,
    telling: Telling,
}

impl Messenger {
    pub(crate) fn new(app: &App) -> Self {
        Self {
            store: app.store.clone(),
            clock: Arc::clone(&app.outside.clock),
            bell: app.bell.clone(),
            carrier: Arc::new(Carrier {
                store: app.store.clone(),
                clock: Arc::clone(&app.outside.clock),
                secrets: Arc::clone(&app.outside.secrets),
                notifier: Arc::clone(&app.outside.notifier),
                telling: app.settings.telling.clone(),
            }),
        }
    }

    /// Carries until it is dropped.
    pub(crate) async fn run(&self) {
        let mut under_way: JoinSet<()> = JoinSet::new();
        loop {
            let room = AT_ONCE.saturating_sub(under_way.len() as u32);
            let next = if room == 0 {
                None
            } else {
                match self.take(room, &mut under_way).await {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::warn!(%error, "the outbox was not read; trying again");
                        None
                    }
                }
            };
            let look = self.clock.now().plus_seconds(LOOK_SECONDS);
            let wake = next.map_or(look, |next| next.min(look));
            tokio::select! {
                // The one behind it may go now.
                Some(_) = under_way.join_next() => {}
                () = self.bell.0.notified() => {}
                () = self.clock.sleep_until(wake) => {}
            }
        }
    }

    /// Sends what is due; says when the next one is.
    async fn take(&self, room: u32, under_way: &mut JoinSet<()>) -> Result<Option<Timestamp>, StoreError> {
        let now = self.clock.now();
        let taken = self
            .store
            .take_notices(now, now.plus_seconds(TAKEN_SECONDS), room)
            .await?;
        for notice in taken {
            let carrier = Arc::clone(&self.carrier);
            under_way.spawn(async move { carrier.carry(notice).await });
        }
        // One that stands behind another is due all the time, and goes when that one has gone.
        Ok(self.store.next_notice().await?.filter(|next| *next > now))
    }
}

impl Carrier {
    async fn carry(&self, taken: OutboxNotice) {
        let noted = match self.deliver(&taken).await {
            Ok(()) => self.store.notice_taken(taken.id, self.clock.now()).await,
            Err(why) => {
                let now = self.clock.now();
                let next = now.plus_seconds(pause_seconds(taken.attempts));
                let end = taken
                    .created_at
                    .plus_seconds(u64::from(self.telling.keep_trying_hours) * 3600);
                let notice = &taken.addressed.notice;
                if next > end {
                    tracing::error!(action = %taken.action, notice = notice.id, attempts = taken.attempts, why,
                        "a notice was not taken and is given up");
                } else {
                    tracing::warn!(action = %taken.action, notice = notice.id, attempts = taken.attempts, why,
                        "a notice was not taken; it is sent again");
                }
                self.store
                    .notice_refused(taken.id, &why, now, Some(next).filter(|next| *next <= end))
                    .await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(action = %taken.action, %error, "what became of a notice was not stored; it is sent again");
        }
    }

    async fn deliver(&self, taken: &OutboxNotice) -> Result<(), String> {
        let receiver = &taken.addressed.receiver;
        let mut notice = taken.addressed.notice.clone();
        if let Some(base) = &self.telling.public_url {
            notice.action.url = format!("{}{}", base.trim_end_matches('/'), notice.action.url);
        }
        let url = match &receiver.url {
            Value::String(url) => url.clone(),
            reference => self.secrets.resolve(reference)?,
        };
        let secret = receiver
            .secret
            .as_ref()
            .map(|reference| self.secrets.resolve(reference))
            .transpose()?;
        self.notifier
            .send(&Delivery {
                kind: receiver.kind,
                url,
                secret,
                notice,
                attempt: taken.attempts,
                at: self.clock.now(),
            })
            .await
    }
}

/// The pause after so many attempts.
fn pause_seconds(attempts: u64) -> u64 {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .min(20);
    FIRST_PAUSE_SECONDS
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::pause_seconds;

    #[test]
    fn pauses_double_up_to_the_longest() {
        assert_eq!([1, 2, 3, 4].map(pause_seconds), [2, 4, 8, 16]);
        for attempts in [10, 20, u64::MAX] {
            assert_eq!(pause_seconds(attempts), 900);
        }
    }
}
