//! Writing a batch of entries, in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;
use diesel::sqlite::SqliteConnection;
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::EmbeddedLogError;
use super::number::{block, number};
use super::places::{self, Place};
use super::row::NewEntryRow;
use super::schema::{actions, blocks, entries};
use super::words;
use crate::domain::action::ActionId;
use crate::domain::log_context::LogContext;
use crate::domain::log_entry::LogEntry;

/// What a line of output takes up beside its text: 50 bytes in the table and 15 in the index by place
/// (`docs/decisions/embedded-log.md`).
const ROW_BYTES: i64 = 65;

/// Entries, by action, in the order of their `seq`: a table is written quickest with rising numbers.
pub(super) struct Batch {
    by_action: BTreeMap<ActionId, OfAction>,
}

struct OfAction {
    context: Arc<LogContext>,
    rows: Vec<(NewEntryRow, Option<Place>)>,
}

#[derive(Insertable)]
#[diesel(table_name = actions)]
struct NewActionRow {
    id: String,
    bytes: i64,
    last_time: i64,
    context: String,
}

#[derive(Insertable)]
#[diesel(table_name = blocks)]
struct NewBlockRow {
    number: i64,
    first_time: i64,
    last_time: i64,
    indexed: bool,
}

impl Batch {
    pub(super) fn of(written: &[LogEntry]) -> Result<Self, EmbeddedLogError> {
        let mut by_action: BTreeMap<ActionId, OfAction> = BTreeMap::new();
        for entry in written {
            by_action
                .entry(entry.action)
                .or_insert_with(|| OfAction {
                    context: Arc::clone(&entry.context),
                    rows: Vec::new(),
                })
                .rows
                .push((NewEntryRow::of(entry)?, Place::of(entry)));
        }
        for action in by_action.values_mut() {
            action.rows.sort_by_key(|(row, _)| row.number);
        }
        Ok(Self { by_action })
    }

    /// Writes all of it or nothing. Entries that are there already stay as they are.
    pub(super) fn write(self, conn: &mut SqliteConnection) -> Result<(), EmbeddedLogError> {
        conn.immediate_transaction(|conn| {
            for (id, written) in self.by_action {
                let action = action_number(conn, id, &written.context)?;
                write_action(conn, action, written.rows)?;
                words::index(conn, action)?;
            }
            Ok(())
        })
    }
}

fn write_action(
    conn: &mut SqliteConnection,
    action: i64,
    rows: Vec<(NewEntryRow, Option<Place>)>,
) -> Result<(), EmbeddedLogError> {
    let mut known: HashMap<Place, i64> = HashMap::new();
    let mut touched: BTreeMap<i64, NewBlockRow> = BTreeMap::new();
    let mut bytes = 0;
    for (mut row, place) in rows {
        let seq = row.number.unsigned_abs();
        row.number = number(action, seq).ok_or(EmbeddedLogError::TooManyEntries(seq))?;
        row.place = match place {
            None => None,
            Some(place) => {
                if let Some(number) = known.get(&place) {
                    Some(*number)
                } else {
                    let number = places::number_of(conn, action, &place)?;
                    known.insert(place, number);
                    Some(number)
                }
            }
        };
        // Without `ON CONFLICT`: with it Diesel makes the statement's text anew for each row.
        match diesel::insert_into(entries::table).values(&row).execute(conn) {
            Ok(_) => {}
            // It is there already. SQLite takes back the statement alone, not the transaction.
            Err(DatabaseError(UniqueViolation, _)) => continue,
            Err(error) => return Err(error.into()),
        }
        bytes += ROW_BYTES + i64::try_from(row.text.len()).unwrap_or(i64::MAX - ROW_BYTES);
        let number = block(row.number);
        let block = touched.entry(number).or_insert(NewBlockRow {
            number,
            first_time: row.time,
            last_time: row.time,
            indexed: false,
        });
        block.first_time = block.first_time.min(row.time);
        block.last_time = block.last_time.max(row.time);
    }
    let Some(last_time) = touched.values().map(|block| block.last_time).max() else {
        return Ok(());
    };
    for block in touched.values() {
        touch(conn, block)?;
    }
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
    Ok(())
}

/// Notes that a block has new entries, whose words are not in the index.
fn touch(conn: &mut SqliteConnection, block: &NewBlockRow) -> Result<(), EmbeddedLogError> {
    let inserted = diesel::insert_into(blocks::table)
        .values(block)
        .on_conflict_do_nothing()
        .execute(conn)?;
    if inserted == 0 {
        let (first, last): (i64, i64) = blocks::table
            .find(block.number)
            .select((blocks::first_time, blocks::last_time))
            .first(conn)?;
        diesel::update(blocks::table.find(block.number))
            .set((
                blocks::first_time.eq(first.min(block.first_time)),
                blocks::last_time.eq(last.max(block.last_time)),
                blocks::indexed.eq(false),
            ))
            .execute(conn)?;
    }
    Ok(())
}

fn action_number(
    conn: &mut SqliteConnection,
    id: ActionId,
    context: &LogContext,
) -> Result<i64, EmbeddedLogError> {
    if let Some(number) = super::page::action_number(conn, id)? {
        return Ok(number);
    }
    let row = NewActionRow {
        id: id.to_string(),
        bytes: 0,
        last_time: i64::MIN,
        context: serde_json::to_string(context)
            .map_err(|error| EmbeddedLogError::Unwritable(error.to_string()))?,
    };
    Ok(diesel::insert_into(actions::table)
        .values(&row)
        .returning(actions::number)
        .get_result(conn)?)
}
