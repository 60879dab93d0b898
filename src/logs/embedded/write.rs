//! Writing a batch of entries, in one transaction.

use std::collections::BTreeMap;

use diesel::sqlite::SqliteConnection;
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::EmbeddedLogError;
use super::row::{EntryRow, number};
use super::schema::{actions, entries};
use crate::domain::action::ActionId;
use crate::domain::log_entry::LogEntry;

/// What an entry takes up beside its text, in the table and in its indexes, about (measured).
const ROW_BYTES: i64 = 100;

/// Entries, by action, in the order of their `seq`: the index of words is quickest with rising numbers.
pub(super) struct Batch {
    by_action: BTreeMap<ActionId, Vec<EntryRow>>,
}

#[derive(Insertable)]
#[diesel(table_name = actions)]
struct NewActionRow {
    id: String,
    bytes: i64,
    last_time: i64,
}

impl Batch {
    pub(super) fn of(written: &[LogEntry]) -> Result<Self, EmbeddedLogError> {
        let mut by_action: BTreeMap<ActionId, Vec<EntryRow>> = BTreeMap::new();
        for entry in written {
            // The action's number is filled in when it is known.
            by_action
                .entry(entry.action)
                .or_default()
                .push(EntryRow::of(0, entry)?);
        }
        for rows in by_action.values_mut() {
            rows.sort_by_key(|row| row.number);
        }
        Ok(Self { by_action })
    }

    /// Writes all of it or nothing. Entries that are there already stay as they are.
    pub(super) fn write(self, conn: &mut SqliteConnection) -> Result<(), EmbeddedLogError> {
        conn.immediate_transaction(|conn| {
            for (id, rows) in self.by_action {
                let action = action_number(conn, id)?;
                let (mut bytes, mut last_time) = (0, i64::MIN);
                for mut row in rows {
                    let seq = row.number.unsigned_abs();
                    row.number = number(action, seq).ok_or(EmbeddedLogError::TooManyEntries(seq))?;
                    row.action = action;
                    let new = diesel::insert_into(entries::table)
                        .values(&row)
                        .on_conflict_do_nothing()
                        .execute(conn)?;
                    if new > 0 {
                        bytes += ROW_BYTES + i64::try_from(row.text.len()).unwrap_or(i64::MAX - ROW_BYTES);
                        last_time = last_time.max(row.time);
                    }
                }
                if bytes > 0 {
                    let before: i64 = actions::table
                        .find(action)
                        .select(actions::last_time)
                        .first(conn)?;
                    diesel::update(actions::table.find(action))
                        .set((
                            actions::bytes.eq(actions::bytes + bytes),
                            actions::last_time.eq(before.max(last_time)),
                        ))
                        .execute(conn)?;
                }
            }
            Ok(())
        })
    }
}

fn action_number(conn: &mut SqliteConnection, id: ActionId) -> Result<i64, EmbeddedLogError> {
    if let Some(number) = super::page::action_number(conn, id)? {
        return Ok(number);
    }
    let row = NewActionRow {
        id: id.to_string(),
        bytes: 0,
        last_time: i64::MIN,
    };
    Ok(diesel::insert_into(actions::table)
        .values(&row)
        .returning(actions::number)
        .get_result(conn)?)
}
