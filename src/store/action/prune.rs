//! Forgetting finished actions, with their events, plans and steers. The inventory and the log are kept elsewhere.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{AT_ONCE, live_words};
use crate::domain::timestamp::Timestamp;
use crate::store::pools::Alone;
use crate::store::schema::actions;
use crate::store::{Store, StoreError, reading, writing};

/// Which finished actions to forget: those for which both hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneRule {
    /// They ended before this moment.
    pub ended_before: Timestamp,
    /// They are not among the newest so many of their project.
    pub keep_of_project: u32,
}

impl Store {
    /// Forgets finished actions by the rule; says how many. Done in parts, so that others get their turn to write.
    pub async fn prune_actions(&self, rule: &PruneRule) -> Result<usize, StoreError> {
        let newest_first: Vec<(String, String, String, Option<i64>)> = reading!(self, conn => {
            actions::table
                .filter(actions::status.ne_all(live_words()))
                .order(actions::id.desc())
                .select((actions::id, actions::space, actions::project, actions::ended_at))
                .load(conn)
                .await?
        });
        let doomed = doomed(newest_first, rule);
        let mut gone = 0;
        for some in doomed.chunks(AT_ONCE) {
            gone += self.delete_actions(some).await?;
        }
        Ok(gone)
    }

    async fn delete_actions(&self, ids: &[String]) -> Result<usize, StoreError> {
        writing!(self, Alone::No, conn => {
            let gone = diesel::delete(actions::table.filter(actions::id.eq_any(ids))).execute(conn).await?;
            Ok(gone)
        })
    }
}

/// The ids to forget, of finished actions as `(id, space, project, ended_at)`, newest first.
fn doomed(newest_first: Vec<(String, String, String, Option<i64>)>, rule: &PruneRule) -> Vec<String> {
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    newest_first
        .into_iter()
        .filter_map(|(id, space, project, ended_at)| {
            let place = seen.entry((space, project)).or_default();
            *place += 1;
            let old = ended_at.is_none_or(|ended_at| ended_at < rule.ended_before.as_millis());
            (old && *place > rule.keep_of_project).then_some(id)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{PruneRule, doomed};
    use crate::domain::timestamp::Timestamp;

    #[test]
    fn an_action_goes_when_it_is_old_and_enough_newer_ones_are_there() {
        let row = |id: &str, project: &str, ended: i64| {
            (id.to_owned(), "s".to_owned(), project.to_owned(), Some(ended))
        };
        let rows = vec![
            row("5", "web", 50),
            row("4", "web", 9),
            row("3", "api", 9),
            row("2", "web", 50),
            row("1", "web", 9),
        ];
        let rule = PruneRule {
            ended_before: Timestamp::from_millis(10),
            keep_of_project: 1,
        };
        assert_eq!(doomed(rows, &rule), ["4", "1"]);
    }
}
