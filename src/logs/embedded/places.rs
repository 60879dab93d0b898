//! What many entries of an action have in common: target, step, stage, attempt and machine. Kept once, and named by a number.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::sqlite::SqliteConnection;
use diesel::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
    SqliteExpressionMethods,
};

use super::EmbeddedLogError;
use super::schema::places;
use crate::app::ports::LogQuery;
use crate::domain::log_context::LogHost;
use crate::domain::log_entry::LogEntry;
use crate::domain::name::TargetName;

/// Where in its action an entry belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) target: Option<TargetName>,
    pub(super) step: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) attempt: Option<u32>,
    pub(super) host: Option<Arc<LogHost>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = places)]
struct PlaceRow {
    number: i64,
    target: Option<String>,
    step: Option<String>,
    stage: Option<String>,
    attempt: Option<i32>,
    address: Option<String>,
    port: Option<i32>,
}

#[derive(Insertable)]
#[diesel(table_name = places)]
struct NewPlaceRow<'a> {
    action: i64,
    target: Option<&'a str>,
    step: Option<&'a str>,
    stage: Option<&'a str>,
    attempt: Option<i32>,
    address: Option<&'a str>,
    port: Option<i32>,
}

impl Place {
    /// The place of an entry; none of one that is about the action itself.
    pub(super) fn of(entry: &LogEntry) -> Option<Self> {
        let place = Self {
            target: entry.target.clone(),
            step: entry.step.clone(),
            stage: entry.stage.clone(),
            attempt: entry.attempt,
            host: entry.host.clone(),
        };
        let is_bare = place.target.is_none()
            && place.step.is_none()
            && place.stage.is_none()
            && place.attempt.is_none()
            && place.host.is_none();
        (!is_bare).then_some(place)
    }

    fn row(&self, action: i64) -> NewPlaceRow<'_> {
        NewPlaceRow {
            action,
            target: self.target.as_ref().map(TargetName::as_str),
            step: self.step.as_deref(),
            stage: self.stage.as_deref(),
            attempt: self.attempt.map(|attempt| attempt as i32),
            address: self.host.as_ref().map(|host| host.address.as_str()),
            port: self.host.as_ref().and_then(|host| host.port).map(i32::from),
        }
    }
}

impl PlaceRow {
    fn read(self) -> Result<Place, String> {
        let port = self.port.and_then(|port| u16::try_from(port).ok());
        Ok(Place {
            target: self
                .target
                .map(|target| TargetName::parse(&target))
                .transpose()
                .map_err(|error| error.to_string())?,
            step: self.step,
            stage: self.stage,
            attempt: self.attempt.and_then(|attempt| u32::try_from(attempt).ok()),
            host: self.address.map(|address| Arc::new(LogHost { address, port })),
        })
    }
}

/// The number of a place, which is made where there is none.
pub(super) fn number_of(
    conn: &mut SqliteConnection,
    action: i64,
    place: &Place,
) -> Result<i64, EmbeddedLogError> {
    let row = place.row(action);
    let found: Option<i64> = places::table
        .filter(places::action.eq(action))
        .filter(places::target.is(row.target))
        .filter(places::step.is(row.step))
        .filter(places::stage.is(row.stage))
        .filter(places::attempt.is(row.attempt))
        .filter(places::address.is(row.address))
        .filter(places::port.is(row.port))
        .select(places::number)
        .limit(1)
        .load(conn)?
        .pop();
    match found {
        Some(number) => Ok(number),
        None => Ok(diesel::insert_into(places::table)
            .values(&row)
            .returning(places::number)
            .get_result(conn)?),
    }
}

/// The places that a query restricts its entries to; none where it does not.
pub(super) fn wanted(
    conn: &mut SqliteConnection,
    action: i64,
    query: &LogQuery,
) -> Result<Option<Vec<i64>>, EmbeddedLogError> {
    if query.target.is_none() && query.step.is_none() && query.stage.is_none() {
        return Ok(None);
    }
    let mut select = places::table
        .filter(places::action.eq(action))
        .order(places::number)
        .select(places::number)
        .into_boxed();
    if let Some(target) = &query.target {
        select = select.filter(places::target.eq(target));
    }
    if let Some(step) = &query.step {
        select = select.filter(places::step.eq(step));
    }
    if let Some(stage) = &query.stage {
        select = select.filter(places::stage.eq(stage));
    }
    Ok(Some(select.load(conn)?))
}

/// The places of these numbers.
pub(super) fn read(
    conn: &mut SqliteConnection,
    numbers: &[i64],
) -> Result<HashMap<i64, Place>, EmbeddedLogError> {
    let mut read = HashMap::with_capacity(numbers.len());
    for some in numbers.chunks(500) {
        let rows: Vec<PlaceRow> = places::table
            .filter(places::number.eq_any(some))
            .select(PlaceRow::as_select())
            .load(conn)?;
        for row in rows {
            let number = row.number;
            let place = row
                .read()
                .map_err(|what| EmbeddedLogError::CorruptPlace { number, what })?;
            read.insert(number, place);
        }
    }
    Ok(read)
}
