//! Forgetting: whole indices, once their period is over for long enough.

use elasticsearch::http::Method;
use serde_json::Value;

use super::nodes::Request;
use super::template::OWNER;
use super::{ElasticsearchError, ElasticsearchLogs};
use crate::domain::timestamp::Timestamp;

impl ElasticsearchLogs {
    /// Deletes each index of ours whose period was over before `not_before`, and before `live_since`, when the oldest
    /// action that is under way began. Says which. Repeating it is harmless.
    ///
    /// An index is ours where its name is one that Edgewise gives and its mapping says that Edgewise made it.
    ///
    /// # Errors
    /// [`ElasticsearchError`]; what was deleted until then stays so.
    pub async fn forget_before(
        &self,
        not_before: Timestamp,
        live_since: Option<Timestamp>,
    ) -> Result<Vec<String>, ElasticsearchError> {
        let path = format!(
            "{}/_mapping?filter_path=*.mappings._meta&ignore_unavailable=true&allow_no_indices=true",
            self.indices.patterns()
        );
        let answer = self.nodes.send(&Request::new(Method::Get, path, None)).await?;
        let found: Value = answer.json()?;
        let before = live_since.map_or(not_before, |since| not_before.min(since));
        let mut gone = Vec::new();
        for (index, about) in found.as_object().into_iter().flatten() {
            let is_over = self.indices.over_at(index).is_some_and(|end| end <= before);
            if !is_over || about["mappings"]["_meta"]["owner"] != OWNER {
                continue;
            }
            let answer = self
                .nodes
                .send(&Request::new(Method::Delete, index, None))
                .await?;
            // Another server may have been quicker.
            if answer.status != 404 {
                let _: Value = answer.json()?;
            }
            gone.push(index.clone());
        }
        Ok(gone)
    }
}
