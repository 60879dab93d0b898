//! The queue: who is ahead of an action on its targets.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::live_words;
use crate::domain::action::ActionId;
use crate::store::column::Row;
use crate::store::{Store, StoreError, reading};

#[derive(QueryableByName)]
struct AheadRow {
    #[diesel(sql_type = Text)]
    id: String,
}

impl Store {
    /// The last of the actions before this one that have, or want, one of its targets, and are under way or due earlier; none
    /// where there is none. One that itself waits for this one (two servers' clocks may differ) is not ahead of it.
    pub async fn action_ahead(&self, id: ActionId) -> Result<Option<ActionId>, StoreError> {
        let live = live_words().join("', '");
        let sql = format!(
            "SELECT a.id FROM actions a JOIN actions me ON me.id = $1 \
             WHERE a.id < me.id AND a.status IN ('{live}') \
             AND (a.started_at IS NOT NULL OR a.status = 'INPROGRESS' OR a.due_at <= me.due_at) \
             AND (a.queued_behind IS NULL OR a.queued_behind < me.id) \
             AND EXISTS (SELECT 1 FROM action_targets mine JOIN action_targets theirs \
             ON theirs.lease_key = mine.lease_key WHERE mine.action = me.id AND theirs.action = a.id) \
             ORDER BY a.id DESC LIMIT 1"
        );
        let key = id.to_string();
        let rows: Vec<AheadRow> = reading!(self, conn => {
            diesel::sql_query(&sql).bind::<Text, _>(&key).load(conn).await?
        });
        let Some(AheadRow { id }) = rows.into_iter().next() else {
            return Ok(None);
        };
        let row = Row {
            table: "actions",
            key: &id,
        };
        row.action(&id).map(Some)
    }
}
