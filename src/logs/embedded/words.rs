//! The index of words: which blocks of entries have a word. Entries are written without it; when an action has enough
//! blocks that are full, their words are written together. Whoever searches reads the entries of the blocks that the
//! index names, and of those that it does not have yet.

use std::collections::HashSet;
use std::fmt::Write as _;

use diesel::dsl::max;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, RunQueryDsl};

use super::EmbeddedLogError;
use super::number::{block, numbers, numbers_of_block};
use super::schema::{actions, blocks, entries};
use crate::app::ports::LogOrder;
use crate::domain::text_query::{TextQuery, words_of};

/// So many blocks of an action are indexed together, which is 2048 lines: so many are read by each search beside those that the
/// index names. Writing is as quick with a quarter or four times as many (`docs/decisions/embedded-log.md`).
const AT_ONCE: usize = 32;

/// Indexes the blocks of an action that are full, where there are enough of them.
pub(super) fn index(conn: &mut SqliteConnection, action: i64) -> Result<(), EmbeddedLogError> {
    let (first, end) = numbers(action);
    let last: Option<i64> = blocks::table
        .filter(blocks::number.ge(block(first)))
        .filter(blocks::number.lt(block(end)))
        .select(max(blocks::number))
        .first(conn)?;
    // More entries are to come into the last one.
    let Some(last) = last else { return Ok(()) };
    let full = unindexed(conn, (block(first), last))?;
    if full.len() < AT_ONCE {
        return Ok(());
    }
    for block in full {
        let words = words_of_block(conn, block)?;
        diesel::sql_query("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)")
            .bind::<BigInt, _>(block)
            .bind::<Text, _>(words)
            .execute(conn)?;
        diesel::update(blocks::table.find(block))
            .set(blocks::indexed.eq(true))
            .execute(conn)?;
    }
    Ok(())
}

/// The same for every action: those of an older Edgewise have no such index.
pub(super) fn index_all(conn: &mut SqliteConnection) -> Result<(), EmbeddedLogError> {
    let all: Vec<i64> = actions::table.select(actions::number).load(conn)?;
    all.into_iter().try_for_each(|action| index(conn, action))
}

/// The words of a block, each once.
fn words_of_block(conn: &mut SqliteConnection, block: i64) -> Result<String, EmbeddedLogError> {
    let (first, end) = numbers_of_block(block);
    let texts: Vec<String> = entries::table
        .filter(entries::number.ge(first))
        .filter(entries::number.lt(end))
        .select(entries::text)
        .load(conn)?;
    let mut seen: HashSet<String> = HashSet::new();
    let mut all = String::new();
    let mut folded = String::new();
    for word in texts.iter().flat_map(|text| words_of(text)) {
        folded.clear();
        if word.is_ascii() {
            folded.push_str(word);
            folded.make_ascii_lowercase();
        } else {
            folded.extend(word.chars().flat_map(char::to_lowercase));
        }
        if !seen.contains(&folded) {
            all.push_str(&folded);
            all.push(' ');
            seen.insert(folded.clone());
        }
    }
    Ok(all)
}

/// The blocks in this range whose words are not all in the index.
fn unindexed(conn: &mut SqliteConnection, (first, end): (i64, i64)) -> Result<Vec<i64>, EmbeddedLogError> {
    Ok(diesel::sql_query(
        "SELECT number FROM blocks WHERE indexed = 0 AND number >= ? AND number < ? ORDER BY number",
    )
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(end)
    .load::<BlockNumber>(conn)?
    .into_iter()
    .map(|block| block.number)
    .collect())
}

/// Drops the words of some blocks of which no entry is left.
pub(super) fn forget(conn: &mut SqliteConnection, (first, end): (i64, i64)) -> Result<(), EmbeddedLogError> {
    diesel::sql_query(
        "DELETE FROM words WHERE rowid IN \
         (SELECT number FROM blocks WHERE number >= ? AND number < ? AND indexed = 1)",
    )
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(end)
    .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct BlockNumber {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The blocks that may have entries which match, some at a time, in the order of the query.
pub(super) struct Candidates {
    expression: String,
    order: LogOrder,
    /// The blocks still to come: the first, and the one after the last.
    range: (i64, i64),
    /// Not in the index, so they are read in any case; those that come next are at the end.
    unindexed: Vec<i64>,
}

impl Candidates {
    /// None where the search has no word, so that the index cannot help.
    pub(super) fn of(
        conn: &mut SqliteConnection,
        text: &TextQuery,
        order: LogOrder,
        range: (i64, i64),
    ) -> Result<Option<Self>, EmbeddedLogError> {
        if text.phrases().is_empty() {
            return Ok(None);
        }
        let mut expression = String::new();
        for word in text.phrases().iter().flatten() {
            let and = if expression.is_empty() { "" } else { " AND " };
            // Words are letters and digits alone; in quotes none of them is an operator.
            let _ = write!(expression, "{and}\"{word}\"");
        }
        let mut unindexed = unindexed(conn, range)?;
        if order == LogOrder::OldestFirst {
            unindexed.reverse();
        }
        Ok(Some(Self {
            expression,
            order,
            range,
            unindexed,
        }))
    }

    /// The next blocks; empty at the end.
    pub(super) fn next(&mut self, conn: &mut SqliteConnection) -> Result<Vec<i64>, EmbeddedLogError> {
        const SOME: usize = 32;
        let (direction, oldest_first) = match self.order {
            LogOrder::OldestFirst => ("ASC", true),
            LogOrder::NewestFirst => ("DESC", false),
        };
        let found: Vec<i64> = diesel::sql_query(format!(
            "SELECT rowid AS number FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? \
             ORDER BY rowid {direction} LIMIT {SOME}"
        ))
        .bind::<Text, _>(&self.expression)
        .bind::<BigInt, _>(self.range.0)
        .bind::<BigInt, _>(self.range.1)
        .load::<BlockNumber>(conn)?
        .into_iter()
        .map(|block| block.number)
        .collect();
        let is_last = found.len() < SOME;
        // Up to where the index has been asked now.
        let reached = |block: i64| {
            is_last
                || found.last().is_some_and(|last| {
                    if oldest_first {
                        block <= *last
                    } else {
                        block >= *last
                    }
                })
        };
        let mut next = Vec::with_capacity(found.len());
        while let Some(block) = self.unindexed.pop_if(|block| reached(*block)) {
            next.push(block);
        }
        match found.last() {
            Some(last) if !is_last && oldest_first => self.range.0 = last + 1,
            Some(last) if !is_last => self.range.1 = *last,
            // Nothing is left for another call.
            _ => self.range.1 = self.range.0,
        }
        next.extend(found);
        next.sort_unstable();
        // A block that was indexed and has got a late entry is in both.
        next.dedup();
        if !oldest_first {
            next.reverse();
        }
        Ok(next)
    }
}
