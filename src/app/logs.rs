//! Reading an action's log: page by page, from end to end, and folded over its hosts.

use std::sync::Arc;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::log_query::{log_query, one_of};
use crate::app::ports::{LogQuery, LogSearch};
use crate::app::request::{FoldQuery, LogsQuery};
use crate::app::view::{FoldedView, LogView, Page};
use crate::domain::action::ActionId;
use crate::domain::actor::Caller;
use crate::domain::fold::{FoldOptions, Outputs, fold, headline};
use crate::domain::log_entry::{LogEntry, LogStream};

/// Entries read at once by one who reads all: few enough that long lines take no noticeable memory.
const AT_ONCE: u32 = 1000;

impl App {
    /// A page of an action's log.
    pub async fn logs(
        &self,
        caller: &Caller,
        id: ActionId,
        query: &LogsQuery,
    ) -> Result<Page<LogView>, AppError> {
        self.visible_action(caller, id).await?;
        let query = log_query(id, query)?;
        let page = self
            .outside
            .log_search
            .page(&query)
            .await
            .map_err(|error| AppError::Unavailable(error.to_string()))?;
        Ok(Page {
            items: page.entries.iter().map(LogView::from).collect(),
            next: page.next.map(|seq| seq.to_string()),
        })
    }

    /// All entries that the query asks for, from `after` on to the end; its `limit` does not count.
    pub async fn log_reader(
        &self,
        caller: &Caller,
        id: ActionId,
        query: &LogsQuery,
    ) -> Result<LogReader, AppError> {
        self.visible_action(caller, id).await?;
        let query = LogQuery {
            limit: AT_ONCE,
            ..log_query(id, query)?
        };
        Ok(LogReader {
            search: Arc::clone(&self.outside.log_search),
            next: Some(query),
        })
    }

    /// What the hosts wrote in a step, grouped by sameness.
    pub async fn folded_logs(
        &self,
        caller: &Caller,
        id: ActionId,
        query: &FoldQuery,
    ) -> Result<FoldedView, AppError> {
        let Some(step) = query.step.clone() else {
            let message = "say of which step: `step=` with its name";
            return Err(AppError::field("step", message));
        };
        let outputs = [LogStream::Stdout, LogStream::Stderr];
        let stream = one_of("stream", query.stream.as_deref(), &outputs, LogStream::as_str)?;
        let mut options = FoldOptions::default();
        for word in query.ignore.as_deref().unwrap_or_default().split(',') {
            match word.trim() {
                "" => {}
                "space" => options.ignore_space = true,
                "times" => options.ignore_times = true,
                other => {
                    let message = format!("`{other}` is neither `space` nor `times`");
                    return Err(AppError::field("ignore", message));
                }
            }
        }
        let wanted = LogsQuery {
            step: Some(step.clone()),
            stage: query.stage.clone(),
            ..LogsQuery::default()
        };
        let mut reader = self.log_reader(caller, id, &wanted).await?;
        let mut outputs = Outputs::new(options);
        while let Some(entries) = reader.next().await? {
            for entry in &entries {
                outputs.take(entry, stream);
            }
        }
        // Comparing many long outputs takes a while, and others wait on this thread.
        let groups = tokio::task::spawn_blocking(move || fold(outputs))
            .await
            .map_err(|error| AppError::Internal(error.to_string()))?;
        Ok(FoldedView {
            step,
            headline: headline(&groups),
            groups,
        })
    }
}

/// Reads a log from end to end, some entries at a time.
pub struct LogReader {
    search: Arc<dyn LogSearch>,
    /// None at the end.
    next: Option<LogQuery>,
}

impl LogReader {
    /// The next entries; none at the end.
    ///
    /// # Errors
    /// [`AppError::Unavailable`] where the log store fails; the same entries may be asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<LogEntry>>, AppError> {
        let Some(query) = &mut self.next else {
            return Ok(None);
        };
        let page = self
            .search
            .page(query)
            .await
            .map_err(|error| AppError::Unavailable(error.to_string()))?;
        match page.next {
            Some(next) => query.after = Some(next),
            None => self.next = None,
        }
        Ok(Some(page.entries))
    }
}
