//! Reading: a page of an action's entries, its last one, how far a step's output has come.

use diesel::dsl::{max, sql};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper};

use super::EmbeddedLogError;
use super::row::{EntryRow, number, numbers, seq};
use super::schema::{actions, entries};
use super::text::Search;
use crate::app::ports::{LogQuery, StreamOffsets};
use crate::domain::action::ActionId;
use crate::domain::log_entry::{LogEntry, LogLevel, LogStream};

/// The number of an action in this file; none where it has no entries.
pub(super) fn action_number(
    conn: &mut SqliteConnection,
    id: ActionId,
) -> Result<Option<i64>, EmbeddedLogError> {
    Ok(actions::table
        .filter(actions::id.eq(id.to_string()))
        .select(actions::number)
        .first(conn)
        .optional()?)
}

pub(super) fn page(conn: &mut SqliteConnection, query: &LogQuery) -> Result<Vec<LogEntry>, EmbeddedLogError> {
    let Some(action) = action_number(conn, query.action)? else {
        return Ok(Vec::new());
    };
    let (first, end) = numbers(action);
    // Greater than any that may be: nothing comes after it.
    let after = query
        .after
        .map_or(first - 1, |after| number(action, after).unwrap_or(end));
    let search = Search::parse(query.text.as_deref().unwrap_or_default())?;
    let rows = match &search.expression {
        Some(expression) => found(conn, query, expression, &search.signs, (after, end))?,
        None => listed(conn, query, action, &search.signs, (after, end))?,
    };
    rows.into_iter().map(|row| row.read(query.action)).collect()
}

/// Without words: the table or one of its indexes, in order.
fn listed(
    conn: &mut SqliteConnection,
    query: &LogQuery,
    action: i64,
    signs: &[String],
    (after, end): (i64, i64),
) -> Result<Vec<EntryRow>, EmbeddedLogError> {
    let mut select = entries::table
        .filter(entries::action.eq(action))
        .filter(entries::number.gt(after))
        .filter(entries::number.lt(end))
        .order(entries::number)
        .limit(i64::from(query.limit))
        .select(EntryRow::as_select())
        .into_boxed();
    match query.level {
        None => {}
        // A literal, or SQLite could not know that the index of the story holds all of them.
        Some(LogLevel::Basic) => select = select.filter(sql::<Bool>("level = 'basic'")),
        Some(level) => select = select.filter(entries::level.eq(level.as_str())),
    }
    if let Some(target) = &query.target {
        select = select.filter(entries::target.eq(target));
    }
    if let Some(step) = &query.step {
        select = select.filter(entries::step.eq(step));
    }
    for sign in signs {
        select = select.filter(
            sql::<Bool>("instr(text, ")
                .bind::<Text, _>(sign.clone())
                .sql(") > 0"),
        );
    }
    Ok(select.load(conn)?)
}

/// With words: the index of words gives the entries in their order, so that a page ends the search.
fn found(
    conn: &mut SqliteConnection,
    query: &LogQuery,
    expression: &str,
    signs: &[String],
    (after, end): (i64, i64),
) -> Result<Vec<EntryRow>, EmbeddedLogError> {
    let mut text = String::from(
        "SELECT e.* FROM words CROSS JOIN entries e ON e.number = words.rowid \
         WHERE words MATCH ? AND words.rowid > ? AND words.rowid < ? \
         AND (? IS NULL OR e.level = ?) AND (? IS NULL OR e.target = ?) AND (? IS NULL OR e.step = ?)",
    );
    for _ in signs {
        text.push_str(" AND instr(e.text, ?) > 0");
    }
    text.push_str(" ORDER BY words.rowid LIMIT ?");
    let level = query.level.map(LogLevel::as_str);
    let mut select = diesel::sql_query(text)
        .into_boxed()
        .bind::<Text, _>(expression)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(end)
        .bind::<Nullable<Text>, _>(level)
        .bind::<Nullable<Text>, _>(level)
        .bind::<Nullable<Text>, _>(query.target.as_deref())
        .bind::<Nullable<Text>, _>(query.target.as_deref())
        .bind::<Nullable<Text>, _>(query.step.as_deref())
        .bind::<Nullable<Text>, _>(query.step.as_deref());
    for sign in signs {
        select = select.bind::<Text, _>(sign);
    }
    Ok(select.bind::<BigInt, _>(i64::from(query.limit)).load(conn)?)
}

pub(super) fn last_seq(
    conn: &mut SqliteConnection,
    action: ActionId,
) -> Result<Option<u64>, EmbeddedLogError> {
    let Some(action) = action_number(conn, action)? else {
        return Ok(None);
    };
    let (first, end) = numbers(action);
    let last: Option<i64> = entries::table
        .filter(entries::number.ge(first))
        .filter(entries::number.lt(end))
        .select(max(entries::number))
        .first(conn)?;
    Ok(last.map(seq))
}

pub(super) fn offsets(
    conn: &mut SqliteConnection,
    action: ActionId,
    target: &str,
    step: &str,
) -> Result<StreamOffsets, EmbeddedLogError> {
    let Some(action) = action_number(conn, action)? else {
        return Ok(StreamOffsets::default());
    };
    let mut furthest = |stream: LogStream| -> Result<u64, EmbeddedLogError> {
        let offset: Option<i64> = entries::table
            .filter(entries::action.eq(action))
            .filter(entries::target.eq(target))
            .filter(entries::step.eq(step))
            .filter(entries::stream.eq(stream.as_str()))
            .select(max(entries::byte_offset))
            .first(conn)?;
        Ok(offset.map_or(0, i64::unsigned_abs))
    };
    Ok(StreamOffsets {
        stdout: furthest(LogStream::Stdout)?,
        stderr: furthest(LogStream::Stderr)?,
    })
}
