//! `edgewise actions logs`.

use clap::Args;
use serde_json::Value;

use crate::app::view::{LogView, Page};
use crate::cli::client::{Server, segment};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Output, line};
use crate::cli::show;

/// Which entries.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// The action's id
    id: String,
    /// How closely to look: `basic` is the story, `detail` is every line of output
    #[arg(long, value_parser = ["basic", "detail"])]
    level: Option<String>,
    /// Of this target
    #[arg(long)]
    target: Option<String>,
    /// Of this step
    #[arg(long)]
    step: Option<String>,
    /// Holding all of these words
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
}

/// Prints page after page. With `-o json` each entry is an object on a line of its own.
pub async fn run(server: &Server, args: &LogsArgs, output: Output) -> Result<Exit, Failure> {
    let path = format!("/api/v1/actions/{}/logs", segment(&args.id));
    let mut after: Option<String> = None;
    loop {
        let filters = [
            ("level", &args.level),
            ("target", &args.target),
            ("step", &args.step),
            ("q", &args.search),
            ("after", &after),
        ];
        let query: Vec<(&str, String)> = filters
            .into_iter()
            .filter_map(|(name, value)| value.clone().map(|value| (name, value)))
            .collect();
        let raw = server.get(&path, &query).await?;
        let page: Page<Value> = show::read(&raw, "log entries")?;
        for item in &page.items {
            if output.is_json() {
                line(&item.to_string())?;
            } else {
                line(&show::log_line(&show::read::<LogView>(item, "a log entry")?))?;
            }
        }
        // A page that leads to itself would never end.
        if page.next.is_none() || page.next == after {
            return Ok(Exit::Done);
        }
        after = page.next;
    }
}
