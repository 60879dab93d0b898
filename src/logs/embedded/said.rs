//! How much of what programs wrote there is of each target.

use std::collections::HashMap;

use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{QueryableByName, RunQueryDsl};

use super::EmbeddedLogError;
use super::number::numbers;
use super::page::action_number;
use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::output_limit::Amount;

#[derive(QueryableByName)]
struct SaidRow {
    #[diesel(sql_type = Text)]
    target: String,
    #[diesel(sql_type = BigInt)]
    lines: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// Of every target of an action that has output: its lines and their bytes.
pub(super) fn said(
    conn: &mut SqliteConnection,
    action: ActionId,
) -> Result<HashMap<TargetName, Amount>, EmbeddedLogError> {
    let Some(action) = action_number(conn, action)? else {
        return Ok(HashMap::new());
    };
    let (first, end) = numbers(action);
    let rows: Vec<SaidRow> = diesel::sql_query(
        "SELECT p.target AS target, COUNT(*) AS lines, SUM(octet_length(e.text)) AS bytes \
         FROM entries e JOIN places p ON p.number = e.place \
         WHERE e.number >= $1 AND e.number < $2 AND e.stream IN ('stdout', 'stderr') AND p.target IS NOT NULL \
         GROUP BY p.target",
    )
    .bind::<BigInt, _>(first)
    .bind::<BigInt, _>(end)
    .load(conn)?;
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    let of = |row: SaidRow| {
        // A name that is none any more has no limit either.
        let target = TargetName::parse(&row.target).ok()?;
        let said = Amount {
            lines: count(row.lines),
            bytes: count(row.bytes),
        };
        Some((target, said))
    };
    Ok(rows.into_iter().filter_map(of).collect())
}
