//! The secrets of one action: resolved when it runs, in memory only.

use std::collections::BTreeMap;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::app::accounts::{hash_password, verify_password};
use crate::app::ports::Secrets;
use crate::domain::action::ActionId;
use crate::domain::config::MergedConfig;
use crate::domain::mask::Masker;
use crate::domain::plan::secret_placeholder;
use crate::store::{PasswordHash, ServerId, Store};

use super::dispatcher::Stopped;

/// What is kept in place of the mark of values that were others on the way: no values are those of before any more.
const CHANGED: &str = "changed";

/// Marks are made by so many at once: each takes 19 MiB.
static MARKING: Semaphore = Semaphore::const_new(2);

/// The values of the configuration keys declared secret. A key whose value cannot be had keeps the reason,
/// which is told only where the value is needed.
#[derive(Clone, Default)]
pub(super) struct SecretValues {
    by_placeholder: BTreeMap<String, Result<String, String>>,
}

impl SecretValues {
    /// Resolves every secret of the frozen configuration.
    pub(super) fn resolve(config: &MergedConfig, secrets: &dyn Secrets) -> Self {
        let by_placeholder = config
            .secrets
            .iter()
            .filter_map(|key| {
                let reference = config.values.get(key)?;
                let value = secrets
                    .resolve(reference)
                    .map_err(|reason| format!("secret `{key}`: {reason}"));
                Some((secret_placeholder(key), value))
            })
            .collect();
        Self { by_placeholder }
    }

    /// Whether everything that the action's commands could have said until now is hidden: none of the values has become
    /// another one since `has_run`, since its first step began. Notes by what the next server can tell: a salted hash, as of a
    /// password, of all values together.
    pub(super) async fn are_as_before(
        &self,
        store: &Store,
        (id, by): (ActionId, &ServerId),
        has_run: bool,
    ) -> Result<bool, Stopped> {
        if self.by_placeholder.is_empty() {
            return Ok(true);
        }
        let Some(values) = self.all() else {
            return Ok(false);
        };
        let known = store.secrets_mark(id).await?;
        // It is closed by nobody.
        let _turn = MARKING.acquire().await;
        if has_run {
            let Some(mark) = known.filter(|mark| mark != CHANGED).map(PasswordHash) else {
                return Ok(false);
            };
            let same = spawn_blocking(move || verify_password(&values, Some(&mark))).await;
            let same = same.map_err(|_| Stopped::Panicked)?;
            if !same {
                store.keep_secrets_mark(id, by, CHANGED).await?;
            }
            return Ok(same);
        }
        let mark = spawn_blocking(move || hash_password(&values)).await;
        match mark.map_err(|_| Stopped::Panicked)? {
            Ok(mark) => store.keep_secrets_mark(id, by, &mark.0).await?,
            // Then the next server takes them for changed.
            Err(error) => tracing::error!(action = %id, %error, "its secrets could not be marked"),
        }
        Ok(true)
    }

    /// All values as one text, in which each has its place; none where one cannot be had.
    fn all(&self) -> Option<String> {
        let values: Option<Vec<(&String, &String)>> = self
            .by_placeholder
            .iter()
            .map(|(key, value)| Some((key, value.as_ref().ok()?)))
            .collect();
        serde_json::to_string(&values?).ok()
    }

    /// Hides all of them.
    pub(super) fn masker(&self) -> Masker {
        Masker::new(
            self.by_placeholder
                .values()
                .filter_map(|value| value.as_deref().ok()),
        )
    }

    /// `text` with its placeholders filled in.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = text.to_owned();
        for (placeholder, value) in &self.by_placeholder {
            if filled.contains(placeholder.as_str()) {
                filled = filled.replace(placeholder.as_str(), value.as_deref().map_err(ToOwned::to_owned)?);
            }
        }
        Ok(filled)
    }
}
