//! `edgewise actions list`.

use clap::Args;
use serde_json::{Value, json};

use crate::app::view::{ActionSummary, Page};
use crate::cli::client::Server;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Output, note};
use crate::cli::show;

/// Which actions.
#[derive(Debug, Clone, Default, Args)]
pub struct ListArgs {
    /// Of this space
    #[arg(long)]
    space: Option<String>,
    /// Of this project
    #[arg(long)]
    project: Option<String>,
    /// In this status (COMPLETED, FAILED ...)
    #[arg(long)]
    status: Option<String>,
    /// By this actor, or on behalf of this user
    #[arg(long)]
    user: Option<String>,
    /// Created at this moment (RFC 3339) or later
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// The server hands out at most so many a page.
const PAGE: usize = 200;

/// Reads pages until there are enough.
pub async fn run(server: &Server, args: &ListArgs, output: Output) -> Result<Exit, Failure> {
    let limit = if args.limit == 0 { 50 } else { args.limit };
    let mut items: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", (limit - items.len()).min(PAGE).to_string())];
        let filters = [
            ("space", &args.space),
            ("project", &args.project),
            ("status", &args.status),
            ("user", &args.user),
            ("since", &args.since),
            ("cursor", &cursor),
        ];
        for (name, value) in filters {
            if let Some(value) = value {
                query.push((name, value.clone()));
            }
        }
        let raw = server.get("/api/v1/actions", &query).await?;
        let page: Page<Value> = show::read(&raw, "a list of actions")?;
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() || items.len() >= limit {
            break;
        }
    }
    items.truncate(limit);
    let summaries: Vec<ActionSummary> = show::read(&Value::Array(items.clone()), "a list of actions")?;
    output.print(&json!({"items": items, "next": cursor}), || {
        show::actions(&summaries)
    })?;
    if cursor.is_some() && !output.is_json() {
        note("there are more: --limit");
    }
    Ok(Exit::Done)
}
