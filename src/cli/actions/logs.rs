//! `edgewise actions logs`.

use clap::Args;
use serde_json::Value;

use super::log_filter::LogFilter;
use crate::app::view::{FoldedView, LogView, Page};
use crate::cli::client::{Server, segment};
use crate::cli::exit::{Exit, Failure};
use crate::cli::follow;
use crate::cli::output::{Output, line};
use crate::cli::show;

/// Which entries, and how.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// The action's id
    id: String,
    #[command(flatten)]
    filter: LogFilter,
    /// Go on with what is logged from now on, to the end of the action
    #[arg(long, short, conflicts_with_all = ["newest", "limit", "fold"])]
    follow: bool,
    /// Newest entry first
    #[arg(long, conflicts_with = "fold")]
    newest: bool,
    /// At most so many entries
    #[arg(long, value_name = "N", conflicts_with = "fold")]
    limit: Option<u64>,
    /// Group what the hosts wrote in --step by sameness, and show how the others differ
    #[arg(long, requires = "step", conflicts_with_all = ["level", "target", "outcome", "search", "from", "until"])]
    fold: bool,
    /// With --fold: pass over white space at ends of lines, times, or both
    #[arg(long, value_name = "WHAT", value_parser = ["space", "times"], value_delimiter = ',', requires = "fold")]
    ignore: Vec<String>,
}

/// Prints the log. With `-o json` each entry is an object on a line of its own.
pub async fn run(server: &Server, args: &LogsArgs, output: Output) -> Result<Exit, Failure> {
    if args.fold {
        return folded(server, args, output).await;
    }
    if args.follow {
        return follow::log(server, &args.id, &args.filter, output).await;
    }
    let path = format!("/api/v1/actions/{}/logs", segment(&args.id));
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut after: Option<String> = None;
    while left > 0 {
        let mut query = args.filter.query();
        query.push(("limit", left.min(2000).to_string()));
        if args.newest {
            query.push(("order", "newest".to_owned()));
        }
        query.extend(after.clone().map(|after| ("after", after)));
        let raw = server.get(&path, &query).await?;
        let page: Page<Value> = show::read(&raw, "log entries")?;
        for item in &page.items {
            if output.is_json() {
                line(&item.to_string())?;
            } else {
                line(&show::log_line(&show::read::<LogView>(item, "a log entry")?))?;
            }
        }
        left = left.saturating_sub(page.items.len() as u64);
        // A page that leads to itself would never end.
        if page.next.is_none() || page.next == after {
            break;
        }
        after = page.next;
    }
    Ok(Exit::Done)
}

async fn folded(server: &Server, args: &LogsArgs, output: Output) -> Result<Exit, Failure> {
    let path = format!("/api/v1/actions/{}/logs/folded", segment(&args.id));
    let mut query = args.filter.query();
    if !args.ignore.is_empty() {
        query.push(("ignore", args.ignore.join(",")));
    }
    let raw = server.get(&path, &query).await?;
    let view: FoldedView = show::read(&raw, "folded output")?;
    output.print(&raw, || show::folded(&view))?;
    Ok(Exit::Done)
}
