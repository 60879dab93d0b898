//! The secrets of one action: resolved when it runs, in memory only.

use std::collections::BTreeMap;

use crate::app::ports::Secrets;
use crate::domain::config::MergedConfig;
use crate::domain::mask::Masker;
use crate::domain::plan::secret_placeholder;

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

    /// Whether all of them could be had, so that all are hidden.
    pub(super) fn are_known(&self) -> bool {
        self.by_placeholder.values().all(Result::is_ok)
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
