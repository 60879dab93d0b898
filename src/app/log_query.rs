//! From what a caller asks of the log to what the log store is asked.

use crate::app::error::AppError;
use crate::app::ports::{LogOrder, LogQuery};
use crate::app::request::LogsQuery;
use crate::domain::action::ActionId;
use crate::domain::log_entry::{LogLevel, LogStream};
use crate::domain::outcome::Outcome;
use crate::domain::text_query::TextQuery;
use crate::domain::timestamp::Timestamp;

/// Entries on a page where nobody says how many.
const USUAL: u32 = 500;
/// Entries on a page at most.
const MOST: u32 = 5000;

/// The query of the log store.
pub(crate) fn log_query(action: ActionId, asked: &LogsQuery) -> Result<LogQuery, AppError> {
    let order = match asked.order.as_deref() {
        None | Some("oldest") => LogOrder::OldestFirst,
        Some("newest") => LogOrder::NewestFirst,
        Some(other) => {
            let message = format!("`{other}` is neither `oldest` nor `newest`");
            return Err(AppError::field("order", message));
        }
    };
    let after = asked.after.as_deref().map(|text| {
        text.parse()
            .map_err(|_| AppError::field("after", "give the `next` of the page before"))
    });
    let text = asked.q.as_deref().map_or(Ok(None), TextQuery::parse);
    Ok(LogQuery {
        action,
        level: one_of("level", asked.level.as_deref(), &LogLevel::ALL, |level| {
            level.as_str()
        })?,
        target: asked.target.clone(),
        step: asked.step.clone(),
        stage: asked.stage.clone(),
        outcome: one_of("outcome", asked.outcome.as_deref(), &Outcome::ALL, |outcome| {
            outcome.as_str()
        })?,
        stream: one_of(
            "stream",
            asked.stream.as_deref(),
            &LogStream::ALL,
            LogStream::as_str,
        )?,
        text: text.map_err(|error| AppError::field("q", error.to_string()))?,
        from: moment("from", asked.from.as_deref())?,
        until: moment("until", asked.until.as_deref())?,
        order,
        after: after.transpose()?,
        limit: asked.limit.unwrap_or(USUAL).clamp(1, MOST),
    })
}

/// The value that a word names.
pub(crate) fn one_of<T: Copy>(
    field: &str,
    asked: Option<&str>,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Option<T>, AppError> {
    let Some(asked) = asked else { return Ok(None) };
    let found = all.iter().copied().find(|value| word(*value) == asked);
    found.map(Some).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|value| word(*value)).collect();
        AppError::field(field, format!("`{asked}` is none of {}", words.join(", ")))
    })
}

fn moment(field: &str, asked: Option<&str>) -> Result<Option<Timestamp>, AppError> {
    asked
        .map(|text| {
            text.parse::<Timestamp>()
                .map_err(|error| AppError::field(field, error.to_string()))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::log_query;
    use crate::app::error::AppError;
    use crate::app::ports::LogOrder;
    use crate::app::request::LogsQuery;
    use crate::domain::action::ActionId;
    use crate::domain::log_entry::{LogLevel, LogStream};
    use crate::domain::outcome::Outcome;
    use crate::domain::timestamp::Timestamp;

    fn id() -> ActionId {
        ActionId::from_parts(Timestamp::from_millis(1), [1; 10])
    }

    type Spoil = fn(&mut LogsQuery);

    #[test]
    fn every_filter_is_passed_on() {
        let asked = LogsQuery {
            level: Some("detail".to_owned()),
            target: Some("web-1".to_owned()),
            step: Some("start".to_owned()),
            stage: Some("10%".to_owned()),
            outcome: Some("timeout".to_owned()),
            stream: Some("stderr".to_owned()),
            q: Some("refused".to_owned()),
            from: Some("2026-11-21T02:36:50.123Z".to_owned()),
            until: Some("2026-11-21T02:36:51Z".to_owned()),
            order: Some("newest".to_owned()),
            after: Some("17".to_owned()),
            limit: Some(9999),
        };
        let query = log_query(id(), &asked).unwrap();
        assert_eq!(query.level, Some(LogLevel::Detail));
        assert_eq!(query.target.as_deref(), Some("web-1"));
        assert_eq!(query.step.as_deref(), Some("start"));
        assert_eq!(query.stage.as_deref(), Some("10%"));
        assert_eq!(query.outcome, Some(Outcome::Timeout));
        assert_eq!(query.stream, Some(LogStream::Stderr));
        assert!(query.text.unwrap().matches("Refused!"));
        assert_eq!(query.until.unwrap().millis_since(query.from.unwrap()), 877);
        assert_eq!(query.order, LogOrder::NewestFirst);
        assert_eq!((query.after, query.limit), (Some(17), 5000));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        let table: [(&str, Spoil); 7] = [
            ("level", |q| q.level = Some("loud".to_owned())),
            ("outcome", |q| q.outcome = Some("good".to_owned())),
            ("stream", |q| q.stream = Some("stdin".to_owned())),
            ("from", |q| q.from = Some("yesterday".to_owned())),
            ("order", |q| q.order = Some("best".to_owned())),
            ("after", |q| q.after = Some("x".to_owned())),
            ("q", |q| q.q = Some("x ".repeat(65))),
        ];
        for (field, spoil) in table {
            let mut asked = LogsQuery::default();
            spoil(&mut asked);
            let Err(AppError::Invalid(errors)) = log_query(id(), &asked) else {
                panic!("{field} is wrong");
            };
            assert_eq!(errors[0].field, field);
        }
    }
}
