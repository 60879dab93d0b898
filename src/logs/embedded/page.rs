//! Reading: a page of an action's entries, its last one, how far a step's output has come.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::dsl::{max, sql};
use diesel::sql_types::Bool;
use diesel::sqlite::SqliteConnection;
use diesel::{
    BoolExpressionMethods, Connection, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    SelectableHelper,
};

use super::EmbeddedLogError;
use super::number::{block, number, numbers, numbers_of_block, seq};
use super::places;
use super::row::{self, EntryRow};
use super::schema::{actions, blocks, entries, places as places_table};
use super::words::Candidates;
use crate::app::ports::{LogOrder, LogPage, LogQuery, OutputOf, OutputRead, StreamOffsets};
use crate::domain::action::ActionId;
use crate::domain::log_context::LogContext;
use crate::domain::log_entry::{LogLevel, LogStream};
use crate::domain::mask::MASK;

/// The index by place is used for so many places at most; entries of more are found sooner by reading all in order.
const FEW_PLACES: usize = 64;
/// Rows read at once, at most, where some of them may not be wanted.
const AT_ONCE: i64 = 8192;

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

/// A page, of one state of the log.
pub(super) fn page(conn: &mut SqliteConnection, query: &LogQuery) -> Result<LogPage, EmbeddedLogError> {
    conn.transaction(|conn| {
        let found: Option<(i64, Option<String>)> = actions::table
            .filter(actions::id.eq(query.action.to_string()))
            .select((actions::number, actions::context))
            .first(conn)
            .optional()?;
        let Some((action, context)) = found else {
            return Ok(LogPage::default());
        };
        let Some(reading) = Reading::of(conn, action, query)? else {
            return Ok(LogPage::default());
        };
        let mut rows = reading.rows(conn)?;
        let next = (rows.len() > reading.limit).then(|| seq(rows[reading.limit - 1].number));
        rows.truncate(reading.limit);
        let of: HashSet<i64> = rows.iter().filter_map(|row| row.place).collect();
        let places = places::read(conn, &of.into_iter().collect::<Vec<_>>())?;
        let context = Arc::new(match context {
            Some(json) => serde_json::from_str(&json).map_err(|error| EmbeddedLogError::Corrupt {
                action: query.action,
                seq: 0,
                what: error.to_string(),
            })?,
            None => LogContext::default(),
        });
        let entries = rows
            .into_iter()
            .map(|row| {
                let place = row.place.and_then(|place| places.get(&place));
                row.read(query.action, &context, place)
            })
            .collect::<Result<_, _>>()?;
        Ok(LogPage { entries, next })
    })
}

/// One query under way.
struct Reading<'a> {
    query: &'a LogQuery,
    limit: usize,
    /// The numbers to look at: the first, and the one after the last.
    range: (i64, i64),
    /// Restricted to these places.
    places: Option<Vec<i64>>,
    /// The same where they are many.
    many_places: Option<HashSet<i64>>,
}

/// How many rows were looked at, and the number of the last.
struct Read {
    count: i64,
    last: Option<i64>,
}

impl Read {
    fn of(count: usize, last: Option<i64>) -> Self {
        Self {
            count: count as i64,
            last,
        }
    }
}

type Columns = diesel::helper_types::AsSelect<EntryRow, diesel::sqlite::Sqlite>;
type Select =
    diesel::dsl::IntoBoxed<'static, diesel::dsl::Select<entries::table, Columns>, diesel::sqlite::Sqlite>;

impl<'a> Reading<'a> {
    /// None where nothing can be found.
    fn of(
        conn: &mut SqliteConnection,
        action: i64,
        query: &'a LogQuery,
    ) -> Result<Option<Self>, EmbeddedLogError> {
        let (mut first, mut end) = numbers(action);
        match (query.order, query.after) {
            (_, None) => {}
            // Greater than any that may be: nothing comes after it.
            (LogOrder::OldestFirst, Some(after)) => {
                first = number(action, after).map_or(end, |number| number + 1);
            }
            (LogOrder::NewestFirst, Some(after)) => end = number(action, after).unwrap_or(end),
        }
        let places = places::wanted(conn, action, query)?;
        let hopeless = first >= end || places.as_ref().is_some_and(Vec::is_empty);
        let many = places.as_ref().filter(|places| places.len() > FEW_PLACES);
        let many_places = many.map(|places| places.iter().copied().collect());
        Ok((!hopeless).then_some(Self {
            query,
            many_places,
            limit: query.limit.max(1) as usize,
            range: (first, end),
            places,
        }))
    }

    /// As many rows as are wanted, and one more where there is one.
    fn rows(&self, conn: &mut SqliteConnection) -> Result<Vec<EntryRow>, EmbeddedLogError> {
        let blocks = (block(self.range.0), block(self.range.1 - 1) + 1);
        if let Some(text) = &self.query.text
            && let Some(mut candidates) = Candidates::of(conn, text, self.query.order, blocks)?
        {
            return self.of_blocks(conn, |conn| candidates.next(conn));
        }
        if self.query.from.is_some() || self.query.until.is_some() {
            let mut left = blocks;
            return self.of_blocks(conn, |conn| self.blocks_of_the_time(conn, &mut left));
        }
        match &self.places {
            Some(places) if places.len() <= FEW_PLACES => self.of_places(conn, places),
            _ => {
                let mut rows = Vec::new();
                self.read_on(conn, self.range, &mut rows)?;
                Ok(rows)
            }
        }
    }

    /// Of blocks one after another, which come in the order of the query.
    fn of_blocks(
        &self,
        conn: &mut SqliteConnection,
        mut next: impl FnMut(&mut SqliteConnection) -> Result<Vec<i64>, EmbeddedLogError>,
    ) -> Result<Vec<EntryRow>, EmbeddedLogError> {
        let mut rows = Vec::new();
        loop {
            let some = next(conn)?;
            if some.is_empty() {
                return Ok(rows);
            }
            // Of a word that is everywhere they lie side by side, and one reading is for all of them.
            for run in some.chunk_by(|one, next| one.abs_diff(*next) == 1) {
                let (lowest, highest) = (run[0].min(run[run.len() - 1]), run[0].max(run[run.len() - 1]));
                let (first, end) = (numbers_of_block(lowest).0, numbers_of_block(highest).1);
                let range = (first.max(self.range.0), end.min(self.range.1));
                self.read_on(conn, range, &mut rows)?;
                if rows.len() > self.limit {
                    return Ok(rows);
                }
            }
        }
    }

    /// Some of the blocks that have entries of the time; the rest is left.
    fn blocks_of_the_time(
        &self,
        conn: &mut SqliteConnection,
        left: &mut (i64, i64),
    ) -> Result<Vec<i64>, EmbeddedLogError> {
        let mut select = blocks::table
            .filter(blocks::number.ge(left.0))
            .filter(blocks::number.lt(left.1))
            .select(blocks::number)
            .limit(256)
            .into_boxed();
        if let Some(from) = self.query.from {
            select = select.filter(blocks::last_time.ge(from.as_millis()));
        }
        if let Some(until) = self.query.until {
            select = select.filter(blocks::first_time.lt(until.as_millis()));
        }
        select = match self.query.order {
            LogOrder::OldestFirst => select.order(blocks::number.asc()),
            LogOrder::NewestFirst => select.order(blocks::number.desc()),
        };
        let some: Vec<i64> = select.load(conn)?;
        match (some.last(), self.query.order) {
            (Some(last), LogOrder::OldestFirst) => left.0 = last + 1,
            (Some(last), LogOrder::NewestFirst) => left.1 = *last,
            (None, _) => {}
        }
        Ok(some)
    }

    /// Of a few places: each has its entries in order in the index, and those that come first of all are taken.
    fn of_places(
        &self,
        conn: &mut SqliteConnection,
        places: &[i64],
    ) -> Result<Vec<EntryRow>, EmbeddedLogError> {
        let at_once = (self.limit + 1).max(256);
        let mut rows: Vec<EntryRow> = Vec::new();
        let mut range = self.range;
        loop {
            let mut numbers: Vec<i64> = Vec::new();
            for place in places {
                numbers.extend(self.numbers_of_place(conn, *place, range, at_once)?);
            }
            numbers.sort_unstable();
            if self.query.order == LogOrder::NewestFirst {
                numbers.reverse();
            }
            // Beyond these, a place may have some that were not read.
            numbers.truncate(at_once);
            for some in numbers.chunks(512) {
                let select = self.select().filter(entries::number.eq_any(some.to_vec()));
                self.read(conn, select, &mut rows)?;
                if rows.len() > self.limit {
                    return Ok(rows);
                }
            }
            match (numbers.last(), self.query.order) {
                (None, _) => return Ok(rows),
                _ if numbers.len() < at_once => return Ok(rows),
                (Some(last), LogOrder::OldestFirst) => range.0 = last + 1,
                (Some(last), LogOrder::NewestFirst) => range.1 = *last,
            }
        }
    }

    fn numbers_of_place(
        &self,
        conn: &mut SqliteConnection,
        place: i64,
        (first, end): (i64, i64),
        at_once: usize,
    ) -> Result<Vec<i64>, EmbeddedLogError> {
        let select = entries::table
            .filter(entries::place.eq(place))
            .filter(entries::number.ge(first))
            .filter(entries::number.lt(end))
            .select(entries::number)
            .limit(at_once as i64)
            .into_boxed();
        Ok(match self.query.order {
            LogOrder::OldestFirst => select.order(entries::number.asc()),
            LogOrder::NewestFirst => select.order(entries::number.desc()),
        }
        .load(conn)?)
    }

    /// Reads a range in order until the page is full.
    fn read_on(
        &self,
        conn: &mut SqliteConnection,
        (mut first, mut end): (i64, i64),
        rows: &mut Vec<EntryRow>,
    ) -> Result<(), EmbeddedLogError> {
        let mut at_once = 256;
        while rows.len() <= self.limit {
            let wanted = (self.limit + 1 - rows.len()) as i64;
            let limit = if self.looks_itself() { at_once } else { wanted };
            at_once = (at_once * 2).min(AT_ONCE);
            let select = self
                .select()
                .filter(entries::number.ge(first))
                .filter(entries::number.lt(end))
                .limit(limit);
            let read = self.read(conn, select, rows)?;
            let Some(last) = read.last else {
                return Ok(());
            };
            if read.count < limit {
                return Ok(());
            }
            match self.query.order {
                LogOrder::OldestFirst => first = last + 1,
                LogOrder::NewestFirst => end = last,
            }
        }
        Ok(())
    }

    /// Adds those of some rows that are wanted.
    fn read(
        &self,
        conn: &mut SqliteConnection,
        select: Select,
        rows: &mut Vec<EntryRow>,
    ) -> Result<Read, EmbeddedLogError> {
        let select = self.filtered(select);
        if !self.looks_itself() {
            let some: Vec<EntryRow> = select.load(conn)?;
            let read = Read::of(some.len(), some.last().map(|row| row.number));
            rows.extend(some);
            return Ok(read);
        }
        // Most of them are often not wanted, and a whole row costs several times what is looked at here.
        let some: Vec<(i64, Option<i64>, String)> = select
            .select((entries::number, entries::place, entries::text))
            .load(conn)?;
        let wanted: Vec<i64> = some
            .iter()
            .filter(|(_, place, text)| self.is_wanted(*place, text))
            .map(|(number, ..)| *number)
            .take(self.limit + 1 - rows.len())
            .collect();
        for some in wanted.chunks(512) {
            let select = self.select().filter(entries::number.eq_any(some.to_vec()));
            rows.extend(select.load::<EntryRow>(conn)?);
        }
        Ok(Read::of(some.len(), some.last().map(|(number, ..)| *number)))
    }

    /// Every column, in the order of the query.
    fn select(&self) -> Select {
        let select = entries::table.select(EntryRow::as_select()).into_boxed();
        match self.query.order {
            LogOrder::OldestFirst => select.order(entries::number.asc()),
            LogOrder::NewestFirst => select.order(entries::number.desc()),
        }
    }

    /// What the database can tell by itself.
    fn filtered(&self, mut select: Select) -> Select {
        match self.query.level {
            None => {}
            // A literal, or SQLite could not know that the index of the story holds all of them.
            Some(LogLevel::Basic) => select = select.filter(sql::<Bool>("level = 'basic'")),
            Some(level) => select = select.filter(entries::level.eq(level.as_str())),
        }
        if let Some(stream) = self.query.stream {
            select = select.filter(entries::stream.eq(stream.as_str()));
        }
        if let Some(outcome) = self.query.outcome {
            select = select.filter(entries::outcome.eq(outcome.as_str()));
        }
        if let Some(from) = self.query.from {
            select = select.filter(entries::time.ge(from.as_millis()));
        }
        if let Some(until) = self.query.until {
            select = select.filter(entries::time.lt(until.as_millis()));
        }
        match &self.places {
            Some(places) if places.len() <= FEW_PLACES => {
                select.filter(entries::place.eq_any(places.clone()))
            }
            _ => select,
        }
    }

    /// Whether the database cannot tell everything.
    fn looks_itself(&self) -> bool {
        self.query.text.is_some() || self.many_places.is_some()
    }

    /// What the database cannot tell.
    fn is_wanted(&self, place: Option<i64>, text: &str) -> bool {
        let wanted = self.query.text.as_ref();
        wanted.is_none_or(|wanted| wanted.matches(text))
            && self
                .many_places
                .as_ref()
                .is_none_or(|places| place.is_some_and(|place| places.contains(&place)))
    }
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

/// The end of a line in its stream, its number there, what it says, and what it has beside.
type LastLine = (Option<i64>, Option<i64>, String, Option<String>);

/// The last line of each stream says how far it has come.
pub(super) fn output_read(
    conn: &mut SqliteConnection,
    of: &OutputOf,
) -> Result<OutputRead, EmbeddedLogError> {
    let Some(action) = action_number(conn, of.action)? else {
        return Ok(OutputRead::default());
    };
    // Entries of an older Edgewise do not say of which attempt they are.
    let places: Vec<i64> = places_table::table
        .filter(places_table::action.eq(action))
        .filter(places_table::target.eq(of.target.as_str()))
        .filter(places_table::step.eq(&of.step))
        .filter(
            places_table::attempt
                .is_null()
                .or(places_table::attempt.eq(of.attempt as i32)),
        )
        .select(places_table::number)
        .load(conn)?;
    let mut furthest = |stream: LogStream| -> Result<(u64, u64, bool), EmbeddedLogError> {
        let (mut bytes, mut lines, mut is_hidden) = (0, 0, false);
        for place in &places {
            let last: Option<LastLine> = entries::table
                .filter(entries::place.eq(place))
                .filter(entries::stream.eq(stream.as_str()))
                .filter(entries::byte_offset.is_not_null())
                .order(entries::number.desc())
                .select((entries::byte_offset, entries::line, entries::text, entries::more))
                .first(conn)
                .optional()?;
            let (byte_offset, line, text, more) = last.unwrap_or_default();
            let byte_offset = byte_offset.unwrap_or(0).unsigned_abs();
            if byte_offset > bytes {
                is_hidden = text.ends_with(MASK) || row::is_note(more.as_deref());
            }
            bytes = bytes.max(byte_offset);
            lines = lines.max(line.unwrap_or(0).unsigned_abs());
        }
        Ok((bytes, lines, is_hidden))
    };
    let (stdout, stdout_lines, stdout_hidden) = furthest(LogStream::Stdout)?;
    let (stderr, stderr_lines, stderr_hidden) = furthest(LogStream::Stderr)?;
    Ok(OutputRead {
        bytes: StreamOffsets { stdout, stderr },
        stdout_lines,
        stderr_lines,
        stdout_hidden,
        stderr_hidden,
    })
}
