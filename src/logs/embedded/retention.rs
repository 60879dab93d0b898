//! Forgetting the log of old actions, by age and by size: whole actions, oldest first.

use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::number::{block, numbers, numbers_of_block};
use super::schema::{actions, blocks, entries, places};
use super::{EmbeddedLogError, EmbeddedLogs, words};
use crate::app::ports::{LogError, LogKeeper};
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;

/// How many blocks of entries are deleted in one transaction: short enough that a batch waits no noticeable time.
const AT_ONCE: i64 = 32;

/// What the log keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRetention {
    /// Actions whose latest entry is older are forgotten.
    pub not_before: Timestamp,
    /// Where all entries together take up more bytes than this, the oldest actions are forgotten. About
    /// what the text and its rows take; the file with the index of words is about an eighth larger.
    pub max_bytes: u64,
}

impl EmbeddedLogs {
    /// Forgets what the retention does not keep, but never the log of an action of `live`; says of how many actions.
    ///
    /// # Errors
    /// [`EmbeddedLogError`]; what has been forgotten until then stays so, and the next run goes on.
    pub async fn prune(&self, retention: LogRetention, live: &[ActionId]) -> Result<usize, EmbeddedLogError> {
        let oldest_first: Vec<(i64, String, i64, i64)> = Self::work(&self.readers, |conn| {
            Ok(actions::table
                .order((actions::last_time, actions::number))
                .select((actions::number, actions::id, actions::bytes, actions::last_time))
                .load(conn)?)
        })
        .await?;
        let live: Vec<String> = live.iter().map(ToString::to_string).collect();
        let doomed = doomed(&oldest_first, retention, &live);
        for action in &doomed {
            let action = *action;
            // Each part is a turn of its own in the queue of writers.
            while !Self::work(&self.writer, move |conn| forget_some(conn, action)).await? {}
        }
        if !doomed.is_empty() {
            Self::work(&self.writer, |conn| {
                Ok(conn.batch_execute("PRAGMA incremental_vacuum;")?)
            })
            .await?;
        }
        Ok(doomed.len())
    }
}

#[async_trait]
impl LogKeeper for EmbeddedLogs {
    async fn forget(
        &self,
        not_before: Timestamp,
        max_bytes: u64,
        live: &[ActionId],
    ) -> Result<usize, LogError> {
        let retention = LogRetention {
            not_before,
            max_bytes,
        };
        self.prune(retention, live)
            .await
            .map_err(|error| LogError(error.to_string()))
    }
}

/// The numbers of the actions to forget, of `(number, id, bytes, last_time)`, oldest first.
fn doomed(oldest_first: &[(i64, String, i64, i64)], retention: LogRetention, live: &[String]) -> Vec<i64> {
    let mut bytes: u64 = oldest_first
        .iter()
        .map(|(_, _, bytes, _)| bytes.unsigned_abs())
        .sum();
    let mut doomed = Vec::new();
    for (number, id, its_bytes, last_time) in oldest_first {
        let too_old = *last_time < retention.not_before.as_millis();
        if (too_old || bytes > retention.max_bytes) && !live.contains(id) {
            bytes = bytes.saturating_sub(its_bytes.unsigned_abs());
            doomed.push(*number);
        }
    }
    doomed
}

/// Deletes some entries of an action; says whether it is gone.
fn forget_some(conn: &mut SqliteConnection, action: i64) -> Result<bool, EmbeddedLogError> {
    let (first, end) = numbers(action);
    conn.immediate_transaction(|conn| {
        let some: Vec<i64> = blocks::table
            .filter(blocks::number.ge(block(first)))
            .filter(blocks::number.lt(block(end)))
            .order(blocks::number)
            .limit(AT_ONCE)
            .select(blocks::number)
            .load(conn)?;
        if let (Some(first), Some(last)) = (some.first(), some.last()) {
            let (from, to) = (numbers_of_block(*first).0, numbers_of_block(*last).1);
            diesel::delete(
                entries::table
                    .filter(entries::number.ge(from))
                    .filter(entries::number.lt(to)),
            )
            .execute(conn)?;
            words::forget(conn, (*first, last + 1))?;
            diesel::delete(blocks::table.filter(blocks::number.between(*first, *last))).execute(conn)?;
        }
        let gone = some.len() < AT_ONCE as usize;
        if gone {
            diesel::delete(places::table.filter(places::action.eq(action))).execute(conn)?;
            diesel::delete(actions::table.find(action)).execute(conn)?;
        }
        Ok(gone)
    })
}

#[cfg(test)]
mod tests {
    use super::{LogRetention, doomed};
    use crate::domain::timestamp::Timestamp;

    #[test]
    fn the_oldest_go_first_and_no_more_than_must() {
        let row = |number: i64, bytes: i64, last: i64| (number, number.to_string(), bytes, last);
        let rows = [row(1, 10, 5), row(2, 10, 20), row(3, 10, 30), row(4, 10, 40)];
        let retention = |not_before: i64, max_bytes: u64| LogRetention {
            not_before: Timestamp::from_millis(not_before),
            max_bytes,
        };
        assert_eq!(doomed(&rows, retention(0, 40), &[]), [] as [i64; 0]);
        assert_eq!(doomed(&rows, retention(10, 40), &[]), [1]);
        assert_eq!(doomed(&rows, retention(0, 25), &[]), [1, 2]);
        assert_eq!(doomed(&rows, retention(0, 25), &["1".to_owned()]), [2, 3]);
        assert_eq!(doomed(&rows, retention(100, 0), &["4".to_owned()]), [1, 2, 3]);
    }
}
