//! Which log entries somebody asks for at the command line.

use clap::Args;

use crate::app::view::LogView;
use crate::cli::exit::{Exit, Failure};
use crate::domain::outcome::Outcome;
use crate::domain::text_query::TextQuery;
use crate::domain::timestamp::Timestamp;

/// Filters. One that is not given does not restrict.
#[derive(Debug, Clone, Default, Args)]
pub struct LogFilter {
    /// How closely to look: `basic` is the story, `detail` is every line of output
    #[arg(long, value_parser = ["basic", "detail"])]
    level: Option<String>,
    /// Of this target
    #[arg(long)]
    target: Option<String>,
    /// Of this step
    #[arg(long)]
    step: Option<String>,
    /// Of targets of this stage
    #[arg(long)]
    stage: Option<String>,
    /// Of what ended so: `ok`, `failed`, `unreachable`, `timeout` ...
    #[arg(long)]
    outcome: Option<String>,
    /// From this stream
    #[arg(long, value_parser = ["story", "command", "stdout", "stderr", "probe"])]
    stream: Option<String>,
    /// Holding all of these words
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Of this moment (RFC 3339) or later
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// The same, read: for entries that come without being asked for.
#[derive(Debug)]
pub struct Sieve {
    filter: LogFilter,
    text: Option<TextQuery>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl LogFilter {
    /// As the server is asked.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        [
            ("level", &self.level),
            ("target", &self.target),
            ("step", &self.step),
            ("stage", &self.stage),
            ("outcome", &self.outcome),
            ("stream", &self.stream),
            ("q", &self.search),
            ("from", &self.from),
            ("until", &self.until),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.clone().map(|value| (name, value)))
        .collect()
    }

    /// Reads what is written.
    ///
    /// # Errors
    /// A usage error that names the option.
    pub fn sieve(&self) -> Result<Sieve, Failure> {
        let wrong = |option: &str, why: String| Failure {
            exit: Exit::Usage,
            message: format!("{option}: {why}"),
        };
        let moment = |option: &str, text: &Option<String>| {
            text.as_deref()
                .map(str::parse::<Timestamp>)
                .transpose()
                .map_err(|error| wrong(option, error.to_string()))
        };
        Ok(Sieve {
            text: self
                .search
                .as_deref()
                .map_or(Ok(None), TextQuery::parse)
                .map_err(|error| wrong("--search", error.to_string()))?,
            from: moment("--from", &self.from)?,
            until: moment("--until", &self.until)?,
            filter: self.clone(),
        })
    }
}

impl Sieve {
    /// Whether an entry is asked for.
    pub fn lets(&self, entry: &LogView) -> bool {
        let is =
            |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        let filter = &self.filter;
        is(&filter.level, Some(entry.level.as_str()))
            && is(&filter.target, entry.target.as_deref())
            && is(&filter.step, entry.step.as_deref())
            && is(&filter.stage, entry.more.stage.as_deref())
            && is(&filter.outcome, entry.outcome.map(Outcome::as_str))
            && is(&filter.stream, Some(entry.stream.as_str()))
            && self.text.as_ref().is_none_or(|text| text.matches(&entry.text))
            && self.from.is_none_or(|from| entry.time >= from)
            && self.until.is_none_or(|until| entry.time < until)
    }
}

#[cfg(test)]
mod tests {
    use super::{LogFilter, Outcome};

    use crate::app::view::{LogMore, LogView};
    use crate::domain::log_entry::{LogLevel, LogStream};
    use crate::domain::timestamp::Timestamp;

    type Set = fn(&mut LogFilter, String);

    #[test]
    fn what_comes_by_itself_is_filtered_as_the_server_would() {
        let entry = LogView {
            seq: 1,
            time: Timestamp::from_millis(1_795_228_610_000),
            level: LogLevel::Detail,
            target: Some("web-1".into()),
            step: Some("start".into()),
            stream: LogStream::Stderr,
            text: "connection refused".into(),
            outcome: Some(Outcome::Timeout),
            exit_code: None,
            more: LogMore {
                stage: Some("10%".into()),
                ..LogMore::default()
            },
        };
        let table: [(Set, &str, &str); 9] = [
            (|f, v| f.level = Some(v), "detail", "basic"),
            (|f, v| f.target = Some(v), "web-1", "web-2"),
            (|f, v| f.step = Some(v), "start", "stop"),
            (|f, v| f.stage = Some(v), "10%", "1"),
            (|f, v| f.outcome = Some(v), "timeout", "ok"),
            (|f, v| f.stream = Some(v), "stderr", "stdout"),
            (|f, v| f.search = Some(v), "Refused", "accepted"),
            (
                |f, v| f.from = Some(v),
                "2026-11-21T02:36:50Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                |f, v| f.until = Some(v),
                "2027-01-01T00:00:00Z",
                "2026-11-21T02:36:50Z",
            ),
        ];
        for (set, lets, stops) in table {
            for (value, expected) in [(lets, true), (stops, false)] {
                let mut filter = LogFilter::default();
                set(&mut filter, value.to_owned());
                assert_eq!(filter.query().len(), 1);
                assert_eq!(filter.sieve().unwrap().lets(&entry), expected, "{value}");
            }
        }
        let wrong = LogFilter {
            from: Some("yesterday".into()),
            ..LogFilter::default()
        };
        assert!(wrong.sieve().unwrap_err().message.starts_with("--from"));
    }
}
